"""``tastemaker similar``: neighbours of items or users."""

from __future__ import annotations

from pathlib import Path

import click

from tastemaker.cli._answers import answer_of
from tastemaker.cli._ids import ids_of, items_of, read_titles, users_of
from tastemaker.cli._output import emit
from tastemaker.cli._verb import Session, option, verb
from tastemaker.persistence import inspect, load


@verb("similar")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("ids", nargs=-1, required=True)
@option("-n", "n", type=click.IntRange(min=1), default=10, show_default=True, help="Neighbours per id.")
@option(
    "--of", type=click.Choice(["items", "users"]), default="items", show_default=True, help="What IDS are."
)
@option("--items", type=click.Path(path_type=Path), help="File of item ids and titles.")
def command(session: Session, model: Path, ids: tuple[str, ...], n: int, of: str, items: Path | None) -> None:
    """Find the items (or users) that the model in the file MODEL finds most like those of IDS."""
    fitted = load(model)
    if of == "users":
        frame = fitted.similar_users(ids_of(ids, users_of(fitted), "user"), n)
    else:
        titles = read_titles(items, inspect(model)["columns"]["item"])
        frame = fitted.similar_items(ids_of(ids, items_of(fitted), "item"), n, titles=titles)
    emit(session, answer_of("similar", frame))
