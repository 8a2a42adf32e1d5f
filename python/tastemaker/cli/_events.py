"""Interactions as rows of a file of events."""

from __future__ import annotations

import numpy as np

from tastemaker._table import Table
from tastemaker.data import Dataset


def used_columns(data: Dataset) -> dict[str, str]:
    """Return the column of each role that the data has."""
    absent = {"weight": not data.origin.weighted, "time": data.times is None}
    return {role: name for role, name in data.columns.items() if not absent.get(role)}


def event_table(data: Dataset) -> Table:
    """Return one row per interaction, under the user's own names of columns; times are unix seconds."""
    names = used_columns(data)
    rows = np.repeat(np.arange(data.n_users, dtype=np.int32), np.diff(data.matrix.indptr))
    columns = {
        names["user"]: data.users.take(rows),
        names["item"]: data.items.take(data.matrix.indices),
    }
    if "weight" in names:
        columns[names["weight"]] = data.matrix.data
    if data.times is not None:
        columns[names["time"]] = _whole_where_exact(data.times)
    return Table(columns)


def _whole_where_exact(seconds: np.ndarray) -> np.ndarray:
    whole = np.abs(seconds).max(initial=0) < 2**53 and (seconds == np.floor(seconds)).all()
    return seconds.astype(np.int64) if whole else seconds
