"""One small table of interactions in the frames of every library, and the Dataset that it must give."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

columns = {
    "user_id": ["u2", "u1", "u2"],
    "movieId": [30, 10, 20],
    "plays": [2.0, 0.5, 3.0],
    "timestamp": [86400, 0, 43200],
}
matrix = [[0.5, 0, 0], [0, 3, 2]]

frames = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "polars lazy": pl.LazyFrame,
    "duckdb": lambda c: duckdb.from_arrow(pa.table(c)),
}


def frame(kind, table=columns):
    return frames[kind](dict(table))


def check(data):
    np.testing.assert_array_equal(data.matrix.toarray(), matrix)
    assert data.matrix.dtype == np.float32
    assert data.matrix.has_canonical_format
    assert data.users.ids.tolist() == ["u1", "u2"]
    assert data.items.ids.tolist() == [10, 20, 30]
    np.testing.assert_array_equal(data.times, [0, 43200, 86400])
    assert (data.n_users, data.n_items, data.nnz) == (2, 3, 3)
