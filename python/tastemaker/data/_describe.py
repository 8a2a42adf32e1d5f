"""What is in a Dataset, before anything is trained on it."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from tastemaker._table import Table, Tabular
from tastemaker.data.features import FeatureTable

if TYPE_CHECKING:
    from tastemaker.data.dataset import Dataset

few = 5  # interactions below which a user or an item is too thin to learn or to test much from

_epoch = datetime(1970, 1, 1, tzinfo=UTC)
_day = 86_400.0


class Description(Tabular):
    """The answer of `Dataset.describe`: prints as text and HTML, converts to one row of a frame.

    Attributes
    ----------
    facts : dict
        Property -> value.
    notes : list of str
        What was guessed or done on the way, each with the argument that overrides it.
    """

    def __init__(self, facts: dict[str, Any], lines: dict[str, str], notes: list[str]) -> None:
        self.facts = facts
        self.notes = notes
        self._lines = lines

    def to_table(self) -> Table:
        """Return the facts as one row, so that descriptions of several data sets stack."""
        return Table({name: [value] for name, value in self.facts.items()})

    def _display(self) -> Table:
        return Table({"property": list(self._lines), "value": list(self._lines.values())})

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *(f"- {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return super()._repr_html_() + (f"<ul>{notes}</ul>" if notes else "")


def describe(data: Dataset) -> Description:
    """Return the description of data."""
    facts = _sizes(data) | _weights(data) | _times(data) | _sides(data)
    facts["memory_bytes"] = _memory(data)
    facts["als_bytes"] = _als_memory(data)
    return Description(facts, _lines(facts), [*data.origin.notes, *_notes(data)])


def _sizes(data: Dataset) -> dict[str, Any]:
    return {
        "users": data.n_users,
        "items": data.n_items,
        "interactions": data.nnz,
        "density": data.nnz / max(data.n_users * data.n_items, 1),
        "rows": data.origin.rows,
        "duplicate_rows": data.origin.duplicates,
        "zero_pairs": data.origin.zeros,
    }


def _weights(data: Dataset) -> dict[str, Any]:
    values = data.matrix.data
    known = values.size > 0
    return {
        "weight_min": float(values.min()) if known else None,
        "weight_median": float(np.median(values)) if known else None,
        "weight_max": float(values.max()) if known else None,
        "negative_weights": int((values < 0).sum()),
    }


def _times(data: Dataset) -> dict[str, Any]:
    if data.times is None or not data.times.size:
        return {"time_first": None, "time_last": None}
    return {"time_first": float(data.times.min()), "time_last": float(data.times.max())}


def _sides(data: Dataset) -> dict[str, Any]:
    per_user = np.diff(data.matrix.indptr)
    per_item = np.bincount(data.matrix.indices, minlength=data.n_items)
    return {
        "users_with_few": int((per_user < few).sum()),
        "users_with_none": int((per_user == 0).sum()),
        "items_with_few": int((per_item < few).sum()),
        "items_with_none": int((per_item == 0).sum()),
        "user_features": 0 if data.user_features is None else len(data.user_features.names),
        "item_features": 0 if data.item_features is None else len(data.item_features.names),
    }


def _memory(data: Dataset) -> int:
    """Return what the data takes, ids of str and what finds them included."""
    tables = [table.metadata for table in (data.user_features, data.item_features) if table is not None]
    size = sum(_csr_bytes(matrix) for matrix in [data.matrix, *tables])
    size += 0 if data.times is None else data.times.nbytes
    return size + data.users.nbytes + data.items.nbytes


def _als_memory(data: Dataset) -> int:
    """Return what fitting ``ALS(factors=64)`` takes beyond the data at its peak; bench/scale.py measures it.

    That is the interactions by item, factors of this epoch and of the last, and what the process needs for a first fit.
    """
    weighted = not bool((data.matrix.data == 1).all())
    by_item = data.nnz * (8 if weighted else 4) + 8 * data.n_items
    return by_item + 2 * (data.n_users + data.n_items) * 64 * 4 + 16_000_000


def _csr_bytes(matrix: sp.csr_array) -> int:
    return int(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)


def _lines(facts: dict[str, Any]) -> dict[str, str]:
    lines = {
        "users": f"{facts['users']:,}",
        "items": f"{facts['items']:,}",
        "interactions": f"{facts['interactions']:,}",
        "density": f"{facts['density']:.3%}",
    }
    if facts["rows"] is not None:
        lines["rows read"] = f"{facts['rows']:,}"
        lines["rows that repeat a pair"] = f"{facts['duplicate_rows']:,}"
        if facts["zero_pairs"]:
            lines["pairs of weight 0, left out"] = f"{facts['zero_pairs']:,}"
    if facts["weight_min"] is not None:
        low, middle, high = (f"{facts[f'weight_{name}']:.4g}" for name in ("min", "median", "max"))
        lines["weights"] = f"{low} to {high}, median {middle}" if low != high else f"all {low}"
        if facts["negative_weights"]:
            lines["negative weights"] = f"{facts['negative_weights']:,}"
    lines["times"] = _span(facts["time_first"], facts["time_last"])
    for side in ("users", "items"):
        count = facts[f"{side}_with_few"]
        lines[f"{side} with fewer than {few}"] = f"{count:,} ({count / max(facts[side], 1):.1%})"
        if facts[f"{side}_with_none"]:
            lines[f"{side} without any"] = f"{facts[f'{side}_with_none']:,}"
    for side in ("user", "item"):
        if facts[f"{side}_features"]:
            lines[f"{side} features"] = f"{facts[f'{side}_features']:,}"
    lines["memory"] = f"{facts['memory_bytes'] / 1e6:,.1f} MB"
    lines["to fit ALS, 64 factors"] = f"{facts['als_bytes'] / 1e6:,.1f} MB more"
    return lines


def _span(first: float | None, last: float | None) -> str:
    if first is None or last is None:
        return "none"
    return f"{_date(first)} to {_date(last)} ({(last - first) / _day:,.0f} days)"


def _date(seconds: float) -> str:
    try:
        return str((_epoch + timedelta(seconds=seconds)).date())
    except OverflowError:
        return f"{seconds:.3g} s"  # beyond the years that a calendar knows


def _notes(data: Dataset) -> list[str]:
    origin = data.origin
    did = {"sum": "their weights were added", "max": "the largest weight counts", "last": "the last counts"}
    notes = []
    if origin.duplicates:
        policy = origin.policy.on_duplicate
        notes.append(
            f"{origin.duplicates:,} rows repeat a pair: {did[policy]}; override with on_duplicate= (now {policy!r})."
        )
    if origin.policy.half_life is not None:
        notes.append(f"Weights halve every {origin.policy.half_life / _day:g} days before the newest event.")
    if origin.policy.cap is not None:
        notes.append(f"A pair's weight is at most {origin.policy.cap:g} (cap=).")
    for role, table in (("user", data.user_features), ("item", data.item_features)):
        notes += [] if table is None else _feature_notes(role, table)
    return notes


def _feature_notes(role: str, table: FeatureTable) -> list[str]:
    bare = int((np.diff(table.metadata.indptr) == 0).sum())
    if not bare:
        return []
    left = "their indicator alone" if table.indicators else "an empty row"
    return [f"{bare:,} {role}s have no features and keep {left}."]
