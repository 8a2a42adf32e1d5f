"""``tastemaker explain``: what in a user's history speaks for an item."""

from __future__ import annotations

from pathlib import Path

import click

from tastemaker._table import Table
from tastemaker.cli._answers import table_of
from tastemaker.cli._ids import ids_of, items_of, read_titles, users_of
from tastemaker.cli._output import Answer, emit, records
from tastemaker.cli._verb import Session, option, verb
from tastemaker.persistence import inspect, load


@verb("explain")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("user")
@click.argument("item")
@option(
    "-n", "n", type=click.IntRange(min=1), default=10, show_default=True, help="Items of the history to show."
)
@option("--items", type=click.Path(path_type=Path), help="File of item ids and titles.")
def command(session: Session, model: Path, user: str, item: str, n: int, items: Path | None) -> None:
    """Say what each item of USER's history adds to the score of ITEM in the model in the file MODEL."""
    fitted = load(model)
    titles = read_titles(items, inspect(model)["columns"]["item"])
    (who,) = ids_of([user], users_of(fitted), "user")
    (what,) = ids_of([item], items_of(fitted), "item")
    whole = table_of(fitted.explain(who, what, titles=titles))
    score = fitted.score(who, what)
    shown = Table({name: whole[name][:n] for name in whole})
    named = "" if titles is None or titles.get(what) is None else f" ({titles[what]})"
    facts = {"user": who, "item": what, "score": score, "history": len(whole), "because": records(shown)}
    above = f"Item {what}{named} scores {score:.4g} for user {who}, because of:"
    rest = len(whole) - len(shown)
    emit(session, Answer(facts, shown, above=(above,), below=(f"and {rest:,} more items",) if rest else ()))
