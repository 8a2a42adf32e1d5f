"""`titles=`: a dict or a frame puts names beside the ids of every answer."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError
from tastemaker.retrieval import DenseScorer

ROWS = [(1, 10), (1, 20), (2, 20), (2, 30), (3, 10), (3, 30)]
TITLES = {10: "Heat", 20: "Ronin", 30: "Thief"}


class _Flat(tm.Recommender):
    """Scores items by their number: the last item is the best for everybody."""

    abilities: ClassVar[frozenset[str]] = frozenset({"explain", "similar_items"})

    def _fit(self, X, run):
        self.vectors_ = np.stack([np.ones(X.shape[1]), np.arange(X.shape[1])], axis=1).astype(np.float32)

    def _scorer(self):
        return DenseScorer(self.vectors_)

    def _queries(self, rows):
        return np.ones((self.n_users_ if rows is None else len(rows), 2), np.float32)

    def _item_vectors(self):
        return self.vectors_

    def _explain(self, history, item):
        return np.ones(history.nnz, np.float32)


def model(kind=pd.DataFrame, columns=("user", "item")):
    frame = pd.DataFrame(ROWS, columns=list(columns))
    made = {pd.DataFrame: lambda f: f, pl.DataFrame: pl.from_pandas, pa.Table: pa.Table.from_pandas}[kind](
        frame
    )
    return _Flat().fit(tm.Dataset.from_frame(made, user=columns[0], item=columns[1]))


def titles_in(answer):
    column = answer["title"]
    return column.to_pylist() if isinstance(answer, pa.Table) else list(column)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.Table])
def test_recommendations_carry_titles_after_the_items(kind):
    answer = model(kind).recommend([1, 2], n=1, titles=TITLES)
    assert isinstance(answer, kind)
    names = answer.column_names if kind is pa.Table else list(answer.columns)
    assert names == ["user", "item", "title", "rank", "score"]
    assert titles_in(answer) == ["Thief", "Heat"]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"item": list(TITLES), "title": list(TITLES.values())}),
        pl.DataFrame({"movieId": list(TITLES), "title": list(TITLES.values()), "genres": ["a", "b", "c"]}),
        pa.table({"id": list(TITLES), "Name": list(TITLES.values())}),
        pl.DataFrame({"id": list(TITLES), "what": list(TITLES.values())}),
    ],
    ids=["as in the data", "obvious", "id and name", "the only other"],
)
def test_columns_of_a_frame_are_recognised(frame):
    assert titles_in(model().recommend(1, n=1, titles=frame)) == ["Thief"]


def test_an_item_without_a_title_has_none():
    assert titles_in(model(pl.DataFrame).recommend([1, 2], n=1, titles={10: "Heat"})) == [None, "Heat"]


def test_neighbours_and_explanations_carry_titles_too():
    fitted = model()
    similar = fitted.similar_items(10, n=2, titles=TITLES)
    assert list(similar.columns) == ["item", "similar_item", "title", "rank", "score"]
    assert list(similar["title"]) == [TITLES[item] for item in similar["similar_item"]]
    why = fitted.explain(1, 30, titles=TITLES)
    assert list(why.columns) == ["item", "title", "contribution"]
    assert list(why["title"]) == ["Heat", "Ronin"]


def test_every_batch_carries_titles():
    batches = list(
        model().recommend_batches(
            n=1, batch_size=2, titles=pd.DataFrame(TITLES.items()).set_axis(["item", "title"], axis=1)
        )
    )
    assert [titles_in(batch) for batch in batches] == [["Thief", "Heat"], ["Ronin"]]


def test_a_column_of_items_that_is_called_title_stays():
    answer = model(columns=("user", "title")).recommend(1, n=1, titles=TITLES)
    assert list(answer["title"]) == [30]
    assert list(answer["item_title"]) == ["Thief"]


def test_titles_of_arrays_are_refused():
    with pytest.raises(ArgumentError, match="`titles` must go with answers in frames"):
        model().recommend(1, output="arrays", titles=TITLES)


def test_titles_of_another_kind_are_refused():
    with pytest.raises(ArgumentTypeError, match="`titles` must be a dict item id -> title or a frame"):
        model().recommend(1, titles=["Heat", "Ronin"])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": [1], "title": ["x"]}), "`titles` must have a column of ids named 'item'"),
        (pd.DataFrame({"item": [1], "a": ["x"], "b": ["y"]}), "`titles` must have a column named 'title'"),
        (pd.DataFrame({"item": [1]}), "`titles` must have a column named 'title'"),
    ],
)
def test_frames_without_the_columns_are_refused(frame, message):
    with pytest.raises(DataError, match=message):
        model().recommend(1, titles=frame)
