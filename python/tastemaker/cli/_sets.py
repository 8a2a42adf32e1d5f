"""Public data sets by name."""

from __future__ import annotations

import difflib

import click

from tastemaker.datasets import CatalogueEntry, DataBundle, PublishedSplit, catalogue
from tastemaker.errors import ArgumentTypeError, DataError


def find(name: str) -> CatalogueEntry:
    """Return the set of that name; neither it nor a file of that name is there: the data are at fault."""
    entries = catalogue()
    if name not in entries:
        near = difflib.get_close_matches(name, entries, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(entries)}."
        raise DataError(f"There is no file and no data set {name!r}. {hint}")
    return entries[name]


def load(entry: CatalogueEntry, **options: bool) -> DataBundle | PublishedSplit:
    """Return the loaded set; options that its loader lacks are wrong usage."""
    try:
        return entry.load(**options)
    except ArgumentTypeError as error:
        raise click.UsageError(f"--timed is for MovieLens, not for {entry.name}.") from error
