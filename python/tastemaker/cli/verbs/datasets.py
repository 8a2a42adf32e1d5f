"""``tastemaker datasets``: the public data sets, listed or written as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tastemaker._table import Table
from tastemaker.cli._events import event_table
from tastemaker.cli._output import Answer, emit
from tastemaker.cli._sets import find, load
from tastemaker.cli._sinks import write_rows
from tastemaker.cli._verb import Session, option, verb
from tastemaker.datasets import CatalogueEntry, DataBundle, PublishedSplit, catalogue


@verb("datasets")
@click.argument("name", required=False)
@option("--titles", type=click.Path(path_type=Path), help="Also write the items' titles to this file.")
@option("--timed", is_flag=True, help="Of MovieLens, only the events whose time is known.")
@option("--offline", is_flag=True, help="Do not use the network.")
def command(session: Session, name: str | None, titles: Path | None, timed: bool, offline: bool) -> None:
    """List the public data sets; with NAME and -o write that one as a file of events.

    A set is looked for in the folder that TASTEMAKER_DATA names, then in the user's cache, then on the network.
    The sets keep their owners' terms.
    """
    if name is None:
        if titles is not None:
            raise click.UsageError("--titles needs the NAME of a data set.")
        _list(session)
        return
    entry = find(name)
    if session.output is None and titles is None:
        _show(session, entry)
    else:
        wanted = {"timed": True} if timed else {}
        _write(session, load(entry, download=not offline, **wanted), titles)


def _list(session: Session) -> None:
    entries = list(catalogue().values())
    table = Table(
        {
            "name": [entry.name for entry in entries],
            "users": [entry.users for entry in entries],
            "items": [entry.items for entry in entries],
            "interactions": [entry.interactions for entry in entries],
            "from": [entry.place() for entry in entries],
        },
        caption="tastemaker datasets NAME shows the licence; with -o events.csv it writes the set.",
    )
    emit(session, Answer({"datasets": [_facts(entry) for entry in entries]}, table))


def _show(session: Session, entry: CatalogueEntry) -> None:
    facts = _facts(entry)
    about = ("licence", "from")
    table = Table({key: [value] for key, value in facts.items() if key not in about})
    emit(session, Answer(facts, table, below=tuple(f"{key}: {facts[key]}" for key in about)))


def _facts(entry: CatalogueEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "users": entry.users,
        "items": entry.items,
        "interactions": entry.interactions,
        "licence": entry.licence,
        "from": entry.place(),
    }


def _write(session: Session, loaded: DataBundle | PublishedSplit, titles: Path | None) -> None:
    session.note(loaded.source)
    session.note(f"Licence: {loaded.licence}")
    if session.output is not None:
        write_rows(session.output, event_table(loaded.dataset))
        session.note(f"Wrote {session.output}.")
    if titles is not None:
        if not loaded.titles:
            raise click.UsageError("This set has no titles; leave --titles out.")
        write_rows(titles, Table({"item": list(loaded.titles), "title": list(loaded.titles.values())}))
        session.note(f"Wrote {titles}.")
