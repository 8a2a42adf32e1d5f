"""Rows of interactions and features: tuples in memory, bytes of CSV and Parquet files."""

from __future__ import annotations

import functools
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tests.fuzz.choices import Choices, edited

import tastemaker as tm
from tastemaker.errors import TastemakerError

_POLICIES = ("sum", "last", "max", "error", "none")


def features(data: bytes) -> None:
    """Interactions and features of any kind are refused with one of our errors, or make sound tables."""
    choices = Choices(data)
    rows = [
        (choices.pick("abc"), choices.integer() % 5, *((choices.number(),) if choices.likely() else ()))
        for _ in range(1 + choices.below(6))
    ]
    try:
        dataset = tm.Dataset.from_tuples(
            rows,
            user_features=_features(choices, "abc"),
            item_features=_features(choices, range(5)),
            separators={choices.text(): choices.text()} if not choices.likely() else None,
            indicators=choices.likely(),
            normalize=not choices.likely(),
            on_duplicate=choices.pick(_POLICIES) if not choices.likely() else "sum",  # type: ignore[arg-type]
        )
    except TastemakerError:
        return
    _check(dataset)


def _features(choices: Choices, ids: Sequence[Any]) -> Any:
    kind = choices.below(4)
    if kind == 0:
        return None
    if kind == 1:
        return choices.thing()
    some = [choices.pick(ids) if choices.likely() else choices.thing() for _ in range(choices.below(5))]
    if kind == 2:
        return [(one, choices.thing()) for one in some]
    columns = {choices.text(): [choices.thing() for _ in some] for _ in range(choices.below(3))}
    try:
        return pd.DataFrame({"id": some, **columns})
    except (UnicodeEncodeError, ValueError):  # no frame can hold these
        return None


def csv_rows(data: bytes) -> None:
    """Bytes called .csv, .tsv or .csv.gz are refused with one of our errors, or make a sound data set."""
    choices = Choices(data)
    _read(choices, choices.pick((".csv", ".csv", ".tsv", ".csv.gz")), choices.rest())


def parquet_rows(data: bytes) -> None:
    """A damaged Parquet file is refused with one of our errors, or makes a sound data set."""
    choices = Choices(data)
    _read(choices, ".parquet", edited(_parquet(), choices))


def _read(choices: Choices, suffix: str, content: bytes) -> None:
    reader: Any = choices.pick(("polars", "pyarrow", "pandas"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows" + suffix)
        path.write_bytes(content)
        try:
            dataset = tm.Dataset.from_file(path, reader=reader)
        except TastemakerError:
            return
    _check(dataset)


@functools.cache
def _parquet() -> bytes:
    frame = pd.DataFrame(
        {"user": ["a", "b", "b"], "item": [1, 2, 1], "weight": [1.0, 2.0, 0.5], "time": [1, 2, 3]}
    )
    file = io.BytesIO()
    frame.to_parquet(file, index=False)
    return file.getvalue()


def _check(dataset: tm.Dataset) -> None:
    matrix = dataset.matrix
    assert matrix.shape == (len(dataset.users), len(dataset.items))
    assert matrix.has_canonical_format
    assert np.isfinite(matrix.data).all()
    repr(dataset)
    repr(dataset.describe())
    for table, n in ((dataset.user_features, dataset.n_users), (dataset.item_features, dataset.n_items)):
        if table is not None:
            assert table.matrix.shape == (n, table.n_indicators + len(table.names))
            assert np.isfinite(table.metadata.data).all()
