"""Columns of text and of huge integers in every frame library, as arrays."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tastemaker.data import Dataset, _frames
from tastemaker.errors import DataError

texts = ["b", "a", None, "a", "é", "b"]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(texts, dtype="string"),
        pd.Series(texts, dtype="string[pyarrow]"),
        pl.Series("text", texts),
        pl.Series("text", texts[:2]).append(pl.Series("text", texts[2:])),
        pa.chunked_array([texts[:2], texts[2:]]),
    ],
    ids=["pandas", "pandas-arrow", "polars", "polars-chunks", "pyarrow"],
)
def test_text_is_as_it_was(series):
    array = _frames.series_array(nw.from_native(series, series_only=True))
    assert array.dtype == object
    assert array.tolist() == texts
    assert type(array[1]) is str


def test_equal_texts_are_one_object():
    rows = _frames.series_array(nw.from_native(pl.Series("text", ["long enough"] * 1000), series_only=True))
    assert len({id(text) for text in rows}) == 1


def test_text_without_rows():
    series = nw.from_native(pl.Series("text", [], dtype=pl.String), series_only=True)
    assert _frames.series_array(series).shape == (0,)


def test_text_without_pyarrow(monkeypatch):
    def to_arrow(self):
        raise ModuleNotFoundError("No module named 'pyarrow'")

    monkeypatch.setattr(nw.Series, "to_arrow", to_arrow)
    array = _frames.series_array(nw.from_native(pl.Series("text", texts), series_only=True))
    np.testing.assert_array_equal(array, np.array(texts, dtype=object))


def test_the_name_of_a_column_may_hold_anything():
    frame = pl.DataFrame({"\0user": ["a", "b"], "item\ud7ff": ["x", "x"]})
    data = Dataset.from_frame(frame, user="\0user", item="item\ud7ff")
    assert data.users.ids.tolist() == ["a", "b"]


def test_ids_beyond_64_bits_are_refused_and_weights_are_floats(tmp_path):
    (tmp_path / "rows.csv").write_text("user,item,weight\na,x,26666666666666666666\n")
    data = Dataset.from_file(tmp_path / "rows.csv")
    assert data.matrix.data[0] == np.float32(26666666666666666666)
    (tmp_path / "rows.csv").write_text("user,item\na,26666666666666666666\n")
    with pytest.raises(DataError, match=r"must fit int64, got 26666666666666666666\. Convert the ids to str"):
        Dataset.from_file(tmp_path / "rows.csv")
