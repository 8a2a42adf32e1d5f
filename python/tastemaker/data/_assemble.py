"""Rows by id -> the fields of a Dataset: maps of ids, indices, weights, the matrix."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tastemaker.data._feature_build import FeatureInput, build_features
from tastemaker.data._merge import Rows, WeightPolicy, decay, merge
from tastemaker.data._raw import RawRows
from tastemaker.data.features import FeatureOptions
from tastemaker.data.idmap import IdMap
from tastemaker.errors import DataError

if TYPE_CHECKING:
    from tastemaker.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Origin:
    """How a Dataset came to be: what `extend` must know and `describe` tells.

    rows is None where the Dataset was not made from rows; newest is the time to which weights have decayed.
    """

    policy: WeightPolicy = field(default_factory=WeightPolicy)
    features: FeatureOptions = field(default_factory=FeatureOptions)
    weighted: bool = True
    newest: float | None = None
    rows: int | None = None
    duplicates: int = 0
    zeros: int = 0
    notes: tuple[str, ...] = ()

    def derived(self) -> Origin:
        """Return the origin of a part of the Dataset, whose rows nobody has counted."""
        return replace(self, rows=None, duplicates=0, zeros=0)


def build(name: str, raw: RawRows, policy: WeightPolicy, features: FeatureInput) -> dict[str, Any]:
    """Return the fields of the Dataset of raw rows; name is the argument they came in."""
    if not len(raw):
        raise DataError(f"`{name}` must have at least one interaction, got none.")
    users = IdMap.from_values(raw.users, name="user")
    items = IdMap.from_values(raw.items, name="item")
    newest = None if raw.times is None else float(raw.times.max())
    merged = merge(decay(_indexed(raw, users, items), policy, newest), (len(users), len(items)), policy)
    origin = Origin(
        policy=policy,
        features=features.options,
        weighted=raw.weights is not None or merged.duplicates > 0 or policy.half_life is not None,
        newest=newest,
        rows=len(raw),
        duplicates=merged.duplicates,
        zeros=merged.zeros,
        notes=raw.notes,
    )
    return {
        "matrix": merged.matrix,
        "times": merged.times,
        "users": users,
        "items": items,
        "columns": raw.columns,
        "frame": raw.frame,
        "origin": origin,
        **build_features(features, users, items, raw.columns),
    }


def extend(data: Dataset, raw: RawRows, user_features: Any, item_features: Any) -> dict[str, Any]:
    """Return the fields that change when raw rows and features are added to data."""
    fields = _with_rows(data, raw) if len(raw) else {"users": data.users, "items": data.items}
    given = FeatureInput(user_features, item_features, data.origin.features)
    old = (data.user_features, data.item_features)
    return fields | build_features(given, fields["users"], fields["items"], data.columns, old)


def _with_rows(data: Dataset, raw: RawRows) -> dict[str, Any]:
    if (data.times is None) != (raw.times is None):
        old, new = ("without", "with") if data.times is None else ("with", "without")
        raise DataError(
            f"`rows` must have times if and only if the Dataset has: it is {old}, they are {new}."
        )
    data.users.check_kind("`user`", raw.users)
    data.items.check_kind("`item`", raw.items)
    users, items = data.users.extended(raw.users), data.items.extended(raw.items)
    policy, newest = data.origin.policy, data.origin.newest
    if raw.times is not None:
        newest = max(float(raw.times.max()), -np.inf if newest is None else newest)
    rows = _concatenated(_aged(data, newest), decay(_indexed(raw, users, items), policy, newest))
    merged = merge(rows, (len(users), len(items)), policy)
    before = data.origin
    origin = replace(
        before,
        weighted=before.weighted or raw.weights is not None or merged.duplicates > 0,
        newest=newest,
        rows=None if before.rows is None else before.rows + len(raw),
        duplicates=before.duplicates + merged.duplicates,
        zeros=before.zeros + merged.zeros,
    )
    return {
        "matrix": merged.matrix,
        "times": merged.times,
        "users": users,
        "items": items,
        "origin": origin,
    }


def _indexed(raw: RawRows, users: IdMap, items: IdMap) -> Rows:
    weights = np.ones(len(raw)) if raw.weights is None else raw.weights
    return Rows(users.find(raw.users), items.find(raw.items), weights, raw.times)


def _aged(data: Dataset, newest: float | None) -> Rows:
    """Return the pairs of data as rows, their weights decayed on to newest."""
    matrix, origin = data.matrix, data.origin
    users = np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))
    weights = matrix.data.astype(np.float64)
    half_life = origin.policy.half_life
    if half_life is not None and newest is not None and origin.newest is not None:
        # Exponential decay has no memory: what has decayed to the old newest time decays on as one weight.
        weights *= np.exp2((origin.newest - newest) / half_life)
    return Rows(users, matrix.indices.astype(np.int32), weights, data.times)


def _concatenated(old: Rows, new: Rows) -> Rows:
    times = None if old.times is None or new.times is None else np.concatenate([old.times, new.times])
    return Rows(
        np.concatenate([old.users, new.users]),
        np.concatenate([old.items, new.items]),
        np.concatenate([old.weights, new.weights]),
        times,
    )
