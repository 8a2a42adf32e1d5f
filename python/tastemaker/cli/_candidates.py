"""The models of a comparison: which, under what names, with which parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from tastemaker.cli._models import flag, make_model, parameters_of
from tastemaker.models import Recommender

default = "popular,knn,als"


@dataclass(frozen=True)
class Candidate:
    """A model to compare, under its label."""

    label: str
    model: Recommender


def candidates(
    listed: str | None,
    sections: Mapping[str, Mapping[str, Any]],
    shared: Mapping[str, Any],
    seed: int,
) -> list[Candidate]:
    """Return the unfitted models.

    Parameters
    ----------
    listed : str or None
        Of ``--models``: names, or LABEL=NAME, with commas between. None takes the sections, or the default.
    sections : mapping
        Of ``[models.LABEL]``: ``name`` (the label where absent) and parameters.
    shared : mapping
        Parameters for every model that has them.
    """
    chosen = _pairs(listed or ",".join(sections) or default, sections)
    _refuse_strays(shared, [name for _, name in chosen])
    made = []
    for label, name in chosen:
        own = {key: value for key, value in sections.get(label, {}).items() if key != "name"}
        fitting = {key: value for key, value in shared.items() if key in parameters_of(name)}
        made.append(Candidate(label, make_model(name, fitting | own, seed)))
    return made


def _pairs(listed: str, sections: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    pairs: dict[str, str] = {}
    for text in filter(None, (part.strip() for part in listed.split(","))):
        label, equals, name = text.partition("=")
        if not re.fullmatch(r"[\w.-]*\w[\w.-]*", label):
            raise click.UsageError(f"--models: {label!r} must be letters, digits, '.', '_' and '-'.")
        if label in pairs:
            raise click.UsageError(f"--models names {label} twice; write LABEL={label} for the second.")
        pairs[label] = name if equals else sections.get(label, {}).get("name", label)
    return list(pairs.items())


def _refuse_strays(shared: Iterable[str], names: list[str]) -> None:
    known = {parameter for name in names for parameter in parameters_of(name)}
    for parameter in shared:
        if parameter not in known:
            flags = ", ".join(flag(name) for name in sorted(known))
            raise click.UsageError(f"None of {', '.join(names)} has {flag(parameter)}. They have: {flags}.")
