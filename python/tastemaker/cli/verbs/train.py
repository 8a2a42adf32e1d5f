"""``tastemaker train``: events into one model file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tastemaker.cli import _data
from tastemaker.cli._config import ConfiguredVerb, config_options
from tastemaker.cli._errors import writing
from tastemaker.cli._models import all_parameters, classes, make_model, model_options
from tastemaker.cli._output import as_json, check_place, plain
from tastemaker.cli._verb import Session, option, verb
from tastemaker.models import Recommender


@verb("train", cls=ConfiguredVerb)
@_data.data_options
@option("--model", type=click.Choice(list(classes)), required=True, help="What to train.")
@option("--no-log", is_flag=True, help="Do not append this run to runs.jsonl beside the model.")
@model_options
@config_options(all_parameters)
def command(
    session: Session, source: _data.DataChoice, model: str, no_log: bool, parameters: dict[str, Any]
) -> None:
    """Train a model on the events DATA and write it to the file of -o, customarily *.safetensors.

    All settings may stand in a TOML file: tastemaker train exp.toml -o model.safetensors. An existing file is
    replaced only by a complete one. Each run is appended to runs.jsonl in the folder of the model.
    """
    if session.output is None:
        raise click.UsageError("train writes a model: name its file with -o, such as -o model.safetensors.")
    check_place(session.output)
    unfitted = make_model(model, parameters, session.seed)
    data = source.read(session).dataset
    fitted = unfitted.fit(data, progress=session.progress)
    with writing(session.output):
        fitted.save(session.output, notes={"command": session.command, "data": source.data})
    facts = facts_of(fitted) | {"data": source.data, "interactions": data.nnz, "file": str(session.output)}
    if not no_log:
        _log(session, session.output.parent / "runs.jsonl", facts)
    click.echo(as_json(facts) if session.as_json else f"{session.output}: {summary(fitted)}")


def facts_of(model: Recommender) -> dict[str, Any]:
    """Return what there is to say of a fitted model."""
    losses = [epoch["loss"] for epoch in model.history_ if epoch["loss"] is not None]
    return {
        **model.to_config(),
        "users": model.n_users_,
        "items": model.n_items_,
        "epochs": len(model.history_),
        "seconds": model.fit_seconds_,
        "loss": losses[-1] if losses else None,
    }


def summary(model: Recommender) -> str:
    """Return the same as a line."""
    facts = facts_of(model)
    epochs = f"{facts['epochs']} epochs in " if facts["epochs"] > 1 else "in "
    loss = "" if facts["loss"] is None else f", loss {facts['loss']:.6g}"
    return (
        f"{model!r}, {facts['users']:,} users x {facts['items']:,} items, "
        f"{epochs}{facts['seconds']:.3g} s{loss}"
    )


def _log(session: Session, path: Path, facts: dict[str, Any]) -> None:
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps(plain({"time": moment, "command": session.command, **facts}), ensure_ascii=False)
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    session.note(f"Logged the run in {path}.")
