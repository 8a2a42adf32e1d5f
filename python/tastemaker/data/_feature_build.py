"""From entries of features to the FeatureTable of a side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import warn
from tastemaker.data._feature_entries import Entries, read_features
from tastemaker.data._idarrays import unique_ids
from tastemaker.data._merge import Rows, WeightPolicy, merge
from tastemaker.data.features import FeatureOptions, FeatureTable
from tastemaker.data.idmap import IdMap
from tastemaker.errors import DataError, DataWarning

_last = WeightPolicy(on_duplicate="last")


@dataclass(frozen=True, slots=True)
class FeatureInput:
    """What a caller passes about the features of both sides."""

    users: Any = None
    items: Any = None
    options: FeatureOptions = FeatureOptions()  # noqa: RUF009 - frozen


def build_features(
    given: FeatureInput,
    users: IdMap,
    items: IdMap,
    columns: dict[str, str],
    old: tuple[FeatureTable | None, FeatureTable | None] = (None, None),
) -> dict[str, Any]:
    """Return the fields user_features and item_features; old are the tables so far, which grow."""
    seen: set[str] = set()
    fields: dict[str, Any] = {}
    sides = (("user", given.users, users, old[0]), ("item", given.items, items, old[1]))
    for role, table, ids, before in sides:
        grown = None if before is None else before.grown(len(ids))
        if table is not None:
            entries = read_features(role, table, columns[role], given.options.separators)
            seen |= set(entries.columns)
            grown = _with_entries(role, entries, ids, grown, given.options)
        fields[f"{role}_features"] = grown
    _check_separators(given.options, seen, old)
    return fields


def _with_entries(
    role: str, entries: Entries, ids: IdMap, old: FeatureTable | None, options: FeatureOptions
) -> FeatureTable:
    """Return the table with entries; an id among them loses the features that it had."""
    label = f"`{role}_features`"
    ids.check_kind(label, entries.ids)
    index = ids.find(entries.ids)
    _report_unknown(label, role, entries.ids[index < 0], entries.ids.size)
    if len(set(entries.names)) < len(entries.names):
        again = next(name for name in entries.names if entries.names.count(name) > 1)
        raise DataError(f"{label} must name each feature once, but two columns give {again!r}. Rename one.")
    if old is None:
        empty: sp.csr_array = sp.csr_array(np.empty((len(ids), 0), dtype=np.float32))
        old = FeatureTable(empty, (), options.indicators, options.normalize)
    column = {name: at for at, name in enumerate(old.names)}
    codes = np.array([column.setdefault(name, len(column)) for name in entries.names], dtype=np.int32)
    known = index[entries.rows] >= 0
    kept = old.metadata.tocoo()
    stays = ~np.isin(kept.coords[0], index)
    rows = Rows(
        users=np.concatenate([kept.coords[0][stays], index[entries.rows[known]]]),
        items=np.concatenate([kept.coords[1][stays], codes[entries.codes[known]]]),
        weights=np.concatenate([kept.data[stays], entries.values[known]]),
        times=None,
    )
    metadata = merge(rows, (len(ids), len(column)), _last).matrix
    return replace(old, metadata=metadata, names=tuple(column))


def _report_unknown(label: str, role: str, unknown: np.ndarray, size: int) -> None:
    if not unknown.size:
        return
    distinct = unique_ids(unknown)
    first = ", ".join(map(repr, distinct[:3].tolist())) + (", ..." if distinct.size > 3 else "")
    if unknown.size == size:
        raise DataError(
            f"{label} must describe {role}s of the interactions, but none of its {size} ids occurs there: "
            f"{first}."
        )
    warn(
        f"{label} has {distinct.size} ids without interactions, which are left out: {first}.",
        DataWarning,
    )


def _check_separators(
    options: FeatureOptions, seen: set[str], old: tuple[FeatureTable | None, FeatureTable | None]
) -> None:
    unused = [column for column in options.separators if column not in seen]
    if unused and old == (None, None):
        columns = ", ".join(map(repr, sorted(seen))) or "no frame was given"
        raise DataError(
            f"`separators` must name columns of user_features or item_features ({columns}), got {unused[0]!r}."
        )
