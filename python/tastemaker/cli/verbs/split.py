"""``tastemaker split``: events into files of training and test."""

from __future__ import annotations

from typing import Any

import click

from tastemaker.cli import _data, _split
from tastemaker.cli._config import ConfiguredVerb, config_options
from tastemaker.cli._events import event_table
from tastemaker.cli._models import all_parameters
from tastemaker.cli._output import Answer, as_json, make_folder
from tastemaker.cli._sinks import write_rows
from tastemaker.cli._verb import Session, option, verb


@verb("split", cls=ConfiguredVerb)
@_data.data_options
@_split.split_options
@option(
    "--format",
    "suffix",
    type=click.Choice(["csv", "tsv", "jsonl", "parquet"]),
    default="csv",
    show_default=True,
    help="Format of the files.",
)
@config_options(all_parameters)
def command(session: Session, source: _data.DataChoice, parts: _split.SplitChoice, suffix: str) -> None:
    """Part the events DATA into files of training and test in the folder of -o.

    Writes train and test; --split users also history, what is known of the users held out.
    """
    if session.output is None:
        raise click.UsageError("split writes files: name a folder with -o.")
    split = parts.make(source.read(session).dataset, session)
    make_folder(session.output)
    written = {}
    for part, data in (("train", split.train), ("history", split.history), ("test", split.test)):
        if data is not None:
            path = session.output / f"{part}.{suffix}"
            write_rows(path, event_table(data))
            written[part] = str(path)
    facts: dict[str, Any] = {
        "split": split.name,
        "files": written,
        "parts": split.to_dict(),
        "cold_users": len(split.cold_users),
        "cold_items": len(split.cold_items),
        "cold_interactions": split.n_cold,
    }
    click.echo(as_json(facts) if session.as_json else Answer(facts, split).text())
    session.note(f"Wrote {', '.join(written.values())}.")
