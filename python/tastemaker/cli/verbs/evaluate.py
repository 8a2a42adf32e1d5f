"""``tastemaker evaluate``: a model file against events that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tastemaker.cli import _data
from tastemaker.cli._evaluation import Measures, align, measure_options
from tastemaker.cli._output import Answer, emit, records
from tastemaker.cli._verb import Session, verb
from tastemaker.evaluation import evaluate
from tastemaker.persistence import inspect, load


@verb("evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@_data.data_options
@measure_options
def command(session: Session, model: Path, source: _data.DataChoice, measures: Measures) -> None:
    """Measure the model in the file MODEL on the events DATA, which it must not have been trained on.

    Users and items that the model does not know are left out and counted. Columns of DATA are those of the training
    data where it has them.
    """
    fitted = load(model)
    events = source.as_trained(inspect(model)["columns"]).read(session)
    aligned = align(events.dataset, fitted)
    for note in aligned.notes():
        session.note(note)
    result = evaluate(fitted, aligned.split, **measures.arguments(session))
    segments = measures.segments_of(result, session)
    facts: dict[str, Any] = {
        "model": str(model),
        "test": source.data,
        "users": result.n_users,
        "unknown_users": aligned.unknown_users,
        "unknown_items": aligned.unknown_items,
        "left_out": aligned.left_out,
        "already_seen": aligned.seen,
        "results": records(result.to_table()),
    }
    if segments is not None:
        facts["segments"] = records(segments.to_table())
    emit(session, Answer(facts, result, more=() if segments is None else (segments,)))
