"""A verb's result: text for people, JSON for programs, files by their suffix."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from tastemaker._modelfile import replacing
from tastemaker._table import Table, Tabular
from tastemaker.cli._errors import writing
from tastemaker.cli._sinks import row_formats, write_rows
from tastemaker.cli._verb import Session


@dataclass(frozen=True)
class Answer:
    """What a verb found.

    Attributes
    ----------
    facts : mapping
        The whole of it, for JSON.
    table : Tabular
        What people read.
    more : tuple of Tabular
        Further tables under it; files of rows leave them out.
    above, below : tuple of str
        Lines of text around the tables.
    """

    facts: Mapping[str, Any]
    table: Tabular
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    more: tuple[Tabular, ...] = ()

    def text(self) -> str:
        """Return the answer as lines for a terminal."""
        tables = "\n\n".join(table.to_text() for table in (self.table, *self.more))
        return "\n".join([*self.above, tables, *self.below])

    def markdown(self) -> str:
        """Return the answer as Markdown."""
        tables = (table.to_markdown() for table in (self.table, *self.more))
        return "\n\n".join([*self.above, *tables, *self.below])

    def html(self) -> str:
        """Return the answer's tables as a page that stands alone."""
        return page("".join(table._repr_html_() for table in (self.table, *self.more)))


def emit(session: Session, answer: Answer) -> None:
    """Print an answer, or write it to the file of ``-o`` in the form that its suffix names."""
    path = session.output
    if path is None:
        click.echo(as_json(answer.facts) if session.as_json else answer.text())
        return
    if session.as_json:
        write_text(path, as_json(answer.facts))
    else:
        write_answer(path, answer)
    session.note(f"Wrote {path}.")


def write_answer(path: Path, answer: Answer) -> None:
    """Write an answer to a file: JSON, Markdown, HTML, rows (CSV, TSV, JSONL, Parquet), or text."""
    forms: dict[str, Callable[[], str]] = {
        ".json": lambda: as_json(answer.facts),
        ".md": answer.markdown,
        ".html": answer.html,
    }
    suffix = path.suffix.lower()
    if suffix in row_formats:
        write_rows(path, answer.table.to_table())
    else:
        write_text(path, forms.get(suffix, answer.text)())


def write_text(path: Path, text: str) -> None:
    """Write a file of text, complete or not at all."""
    with writing(path), replacing(path) as temporary:
        temporary.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def make_folder(path: Path) -> None:
    """Make a folder for results unless it is there."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def check_place(path: Path) -> None:
    """Raise, before long work is done for it, where a file cannot be written."""
    with writing(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def as_json(value: Any) -> str:
    """Return value as JSON text; what is not finite is null."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False, default=str)


def plain(value: Any) -> Any:
    """Return value without numpy's types and without what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def records(table: Table) -> list[dict[str, Any]]:
    """Return the rows of a table as dicts."""
    columns = table.to_dict()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def page(body: str) -> str:
    """Return an HTML page without anything that it would have to fetch."""
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;margin:2rem;color-scheme:light dark}"
        "table{border-collapse:collapse}th,td{padding:.3rem .8rem;border-bottom:1px solid #8888}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>tastemaker</title>'
        f"<style>{style}</style></head><body>{body}</body></html>"
    )
