"""``tastemaker compare``: several models on the same users, one table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tastemaker import __version__
from tastemaker._table import Tabular
from tastemaker._validation import check_choice
from tastemaker.cli import _data, _split
from tastemaker.cli._candidates import Candidate, candidates
from tastemaker.cli._config import ConfiguredVerb, config_options, models_of
from tastemaker.cli._errors import writing
from tastemaker.cli._evaluation import Measures, measure_options
from tastemaker.cli._ids import read_titles
from tastemaker.cli._models import all_parameters, model_options
from tastemaker.cli._output import Answer, as_json, make_folder, records, write_answer, write_text
from tastemaker.cli._samples import sample_lists
from tastemaker.cli._sinks import write_rows
from tastemaker.cli._verb import Session, option, verb
from tastemaker.cli.verbs.train import summary
from tastemaker.evaluation import Comparison, Segments, compare
from tastemaker.models import Recommender
from tastemaker.splits import Split


@verb("compare", cls=ConfiguredVerb)
@_data.data_options
@option(
    "--models",
    help="Names separated by commas; LABEL=NAME for a second one of a kind, whose parameters are then "
    "set by --set models.LABEL.PARAMETER=VALUE. Default: popular,knn,als.",
)
@option("--items", type=click.Path(path_type=Path), help="File of item ids and titles, for the samples.")
@option(
    "--baseline", metavar="LABEL", help="The model that the others are compared with. Default: the first one."
)
@_split.split_options
@measure_options
@model_options
@config_options(all_parameters)
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    source: _data.DataChoice,
    models: str | None,
    items: Path | None,
    baseline: str | None,
    parts: _split.SplitChoice,
    measures: Measures,
    parameters: dict[str, Any],
) -> None:
    """Train several models on a part of the events DATA and measure them on the rest.

    Differences to the baseline are paired: each test user counts with both models. With -o RUN/, that folder gets the
    table (table.csv, .md, .html, .json), the command that repeats it
    (command.txt), each model (LABEL.safetensors) and lists of some test users (samples.csv). A parameter given as an
    option goes to every model that has it.
    """
    chosen = candidates(models, models_of(ctx), parameters, session.seed)
    for label in models_of(ctx).keys() - {candidate.label for candidate in chosen}:
        session.note(f"models.{label} is set, but {label} is not among --models.")
    if baseline is not None:  # before the work, which would be lost
        check_choice("--baseline", baseline, [candidate.label for candidate in chosen])
    events = source.read(session)
    titles = read_titles(items, events.dataset.columns["item"]) or events.titles
    split = parts.make(events.dataset, session)
    if session.output is not None:
        make_folder(session.output)
    fitted = {candidate.label: _fit(session, candidate, split) for candidate in chosen}
    comparison = compare(fitted, split, baseline=baseline, **measures.arguments(session))
    segments = measures.segments_of(comparison, session)
    answer = Answer(
        _facts(session, source, split, fitted, comparison, segments),
        comparison,
        above=(f"{split.name}:",),
        more=_further(comparison, segments),
    )
    click.echo(as_json(answer.facts) if session.as_json else answer.text())
    if session.output is not None:
        _write(session, session.output, answer, fitted)
        write_rows(session.output / "samples.csv", sample_lists(fitted, split, titles))
        session.note(f"Wrote {session.output}/ with the table, the command, the models and samples.csv.")


def _fit(session: Session, candidate: Candidate, split: Split) -> Recommender:
    model = candidate.model.fit(split.train, progress=session.progress)
    session.note(f"{candidate.label}: {summary(model)}")
    return model


def _further(comparison: Comparison, segments: Segments | None) -> tuple[Tabular, ...]:
    differences = (comparison.differences(),) if len(comparison) > 1 else ()
    return differences if segments is None else (*differences, segments)


def _facts(
    session: Session,
    source: _data.DataChoice,
    split: Split,
    fitted: Mapping[str, Recommender],
    comparison: Comparison,
    segments: Segments | None,
) -> dict[str, Any]:
    parts = {} if segments is None else {"segments": records(segments.to_table())}
    return {
        "data": source.data,
        "split": split.name,
        "users": comparison.n_users,
        "seed": session.seed,
        "models": {label: model.to_config() for label, model in fitted.items()},
        "results": records(comparison.to_table()),
        "differences": records(comparison.differences().to_table()),
        **parts,
    }


def _write(session: Session, folder: Path, answer: Answer, fitted: Mapping[str, Recommender]) -> None:
    for suffix in ("csv", "md", "html", "json"):
        write_answer(folder / f"table.{suffix}", answer)
    write_text(folder / "command.txt", f"# tastemaker {__version__}, seed {session.seed}\n{session.command}")
    for label, model in fitted.items():
        path = folder / f"{label}.safetensors"
        with writing(path):
            model.save(path, notes=_notes(session, answer.facts, label))


def _notes(session: Session, facts: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return what the model's file should say of how it was measured."""
    metrics = {
        row["metric"]: {end: row[end] for end in ("value", "low", "high")}
        for row in facts["results"]
        if row["model"] == label
    }
    return {"command": session.command, "data": facts["data"], "split": facts["split"], "metrics": metrics}
