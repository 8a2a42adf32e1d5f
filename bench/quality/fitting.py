"""From a row and its parameters to a fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.quality.cases import Case, Row
from bench.quality.protocols import Measure

import tastemaker as tm

Members = Mapping[str, tm.Recommender]
Found = Mapping[str, Mapping[str, Any]]  # row, mode: what tuned.json holds of a case


def params_of(row: Row, found: Found, mode: str) -> dict[str, Any]:
    """Return the parameters that the search found for a row."""
    return dict(found.get(row.like or row.name, {}).get(mode, {}).get("params", {}))


def members_of(case: Case, row: Row, found: Found, mode: str, measure: Measure) -> dict[str, tm.Recommender]:
    """Return the fitted members of a blend; nothing for any other row."""
    rows = {other.name: other for other in case.rows}
    return {name: fitted(rows[name], params_of(rows[name], found, mode), measure, {}) for name in row.blends}


def fitted(row: Row, params: Mapping[str, Any], measure: Measure, members: Members) -> tm.Recommender:
    """Return the row's model with these parameters, fitted on the training part."""
    if members and not params:  # the blend finds its weights itself, on a part of train
        return tm.Blend(members, rng=0).fit(measure.train)
    if members:
        first = next(iter(members))
        return tm.Blend(members, weights={first: 1.0, **params}).fit(measure.train)
    return row.make(**row.fixed, **params).fit(row.weigh(measure.train))
