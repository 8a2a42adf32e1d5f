"""``tastemaker recommend``: a few users on the terminal, or all into a file in constant memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from tastemaker._table import Table
from tastemaker.cli._data import read_events
from tastemaker.cli._ids import id_texts, ids_of, item_ids, read_titles, users_of
from tastemaker.cli._lists import Batch, Lists
from tastemaker.cli._output import Answer, as_json, records
from tastemaker.cli._sinks import file_sink, stdout_sink
from tastemaker.cli._verb import Session, option, verb
from tastemaker.models._training import progress_bar
from tastemaker.persistence import inspect, load


@verb("recommend")
@click.argument("model", type=click.Path(path_type=Path))
@option(
    "--users", metavar="1,2|all|@FILE", help="Ids separated by commas, all, or a file with one id per line."
)
@option(
    "--interactions",
    type=click.Path(path_type=Path),
    help="Recommend to new users instead: a file of events of theirs.",
)
@option("-n", "n", type=click.IntRange(min=1), default=10, show_default=True, help="Items per user.")
@option("--items", type=click.Path(path_type=Path), help="File of item ids and titles.")
@option("--allow", metavar="1,2|@FILE", help="Recommend only these items.")
@option("--deny", metavar="1,2|@FILE", help="Never recommend these items.")
@option("--include-seen", is_flag=True, help="Also recommend what a user has had.")
@option(
    "--format",
    "form",
    type=click.Choice(["csv", "tsv", "jsonl"]),
    help="Stream rows of this form to the terminal instead of a table.",
)
@option("--batch-size", type=click.IntRange(min=1), default=8192, show_default=True, help="Users at once.")
def command(
    session: Session,
    model: Path,
    users: str | None,
    interactions: Path | None,
    form: str | None,
    n: int,
    items: Path | None,
    allow: str | None,
    deny: str | None,
    include_seen: bool,
    batch_size: int,
) -> None:
    """Recommend items to users by the model in the file MODEL.

    -o names a file (.parquet, or .csv, .tsv, .jsonl, each also .gz), which is written batch by batch in constant
    memory.
    """
    if (users is None) == (interactions is None):
        raise click.UsageError("Say to whom: either --users or --interactions.")
    fitted = load(model)
    columns = inspect(model)["columns"]
    lists = Lists(
        fitted,
        columns["user"],
        columns["item"],
        read_titles(items, columns["item"]),
        n,
        batch_size,
        {
            "exclude_seen": not include_seen,
            "allow": item_ids(allow, fitted, "--allow"),
            "deny": item_ids(deny, fitted, "--deny"),
        },
    )
    if interactions is not None:
        events = read_events(interactions, columns)
        _deliver(session, lists, lists.new(events), events.users.ids, form)
    else:
        assert users is not None
        everybody = users_of(fitted)
        asked = None if users == "all" else ids_of(id_texts(users, "--users"), everybody, "user")
        labels = everybody.ids if asked is None else everybody.take(everybody.lookup(asked, "users"))
        if asked is None and session.output is None and form is None:
            raise click.UsageError("--users all needs a file, such as -o recs.parquet, or --format csv.")
        _deliver(session, lists, lists.known(asked), labels, form)


def _deliver(
    session: Session, lists: Lists, batches: Iterator[Batch], users: np.ndarray, form: str | None
) -> None:
    """Send the lists to a file, to stdout row by row, or to stdout as one table."""
    if not len(users):
        raise click.UsageError("There is no user to recommend to.")
    watched = _watch(session, batches, len(users))
    schema = lists.schema(users)
    path = session.output
    if path is not None or form is not None:
        with stdout_sink(f".{form}", schema) if path is None else file_sink(path, schema) as sink:
            for batch in watched:
                sink.write(batch.rows)
        if path is not None:
            session.note(f"Wrote {path}.")
        return
    parts = [batch.rows for batch in watched]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in schema}
    table = Table(rows)
    click.echo(as_json({"recommendations": records(table)}) if session.as_json else Answer({}, table).text())


def _watch(session: Session, batches: Iterator[Batch], total: int) -> Iterator[Batch]:
    """Yield the batches; show progress, and in the end the speed and who got nothing."""
    start = time.perf_counter()
    unserved = 0
    with progress_bar("recommend", total, "user", session.progress) as advance:
        for batch in batches:
            yield batch
            unserved += batch.unserved
            advance(steps=batch.users)
    seconds = time.perf_counter() - start
    session.note(f"{total:,} users in {seconds:.2f} s ({total / seconds:,.0f} users/s).")
    if unserved:
        session.note(f"{unserved:,} users got no recommendations: no history, or nothing left to recommend.")
