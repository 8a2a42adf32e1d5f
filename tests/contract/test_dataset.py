"""Every model on a Dataset: ids in, frames of the kind that came in out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.contract.zoo import rows_of

import tastemaker as tm
from tastemaker.errors import DataWarning, UnknownIdError, UnsupportedError

FRAMES = {
    "pandas": (pd.DataFrame, pd.DataFrame),
    "polars": (pl.DataFrame, pl.DataFrame),
    "pyarrow": (pa.Table, pa.table),
}


def to_dict(frame):
    return frame.to_pydict() if isinstance(frame, pa.Table) else {c: list(frame[c]) for c in frame.columns}


@pytest.fixture
def rows(X):
    return rows_of(X)


@pytest.fixture
def dataset(rows):
    users, items, weights = zip(*rows, strict=True)
    frame = pd.DataFrame({"user_id": users, "movieId": items, "count": weights})
    return tm.Dataset.from_frame(frame, user="user_id", item="movieId", weight="count")


@pytest.mark.parametrize("kind", FRAMES)
def test_the_kind_of_frame_that_came_in_goes_out(rows, kind):
    made, make = FRAMES[kind]
    users, items, weights = map(list, zip(*rows, strict=True))
    frame = make({"user_id": users, "movieId": items, "count": weights})
    dataset = tm.Dataset.from_frame(frame, user="user_id", item="movieId", weight="count")
    answer = tm.ALS(factors=4, epochs=2, rng=0).fit(dataset).recommend(["u3", "u0"], n=3)
    assert isinstance(answer, made)
    columns = to_dict(answer)
    assert list(columns) == ["user_id", "movieId", "rank", "score"]
    assert columns["user_id"] == ["u3"] * 3 + ["u0"] * 3
    assert columns["rank"] == [1, 2, 3] * 2


def test_frames_hold_what_the_arrays_hold(unfitted, dataset):
    model = unfitted.fit(dataset)
    ids, scores = model.recommend(["u7"], n=4, output="arrays")
    frame = model.recommend("u7", n=4)
    found = ids[0] >= 0
    assert frame["movieId"].tolist() == dataset.items.take(ids[0][found]).tolist()
    np.testing.assert_array_equal(frame["score"], scores[0][found])
    item = frame["movieId"][0]
    assert model.score("u7", item) == scores[0, 0]
    assert model.rank("u7", item) == 1


def test_tuples_give_some_frame(unfitted, rows):
    answer = unfitted.fit(tm.Dataset.from_tuples(rows)).recommend("u1", n=2)
    assert list(answer.columns) == ["user", "item", "rank", "score"]


def test_batches_are_frames(dataset):
    model = tm.Popular().fit(dataset)
    batches = list(model.recommend_batches(n=2, batch_size=16))
    assert [len(batch) for batch in batches] == [32, 32, 16]
    pd.testing.assert_frame_equal(pd.concat(batches, ignore_index=True), model.recommend(n=2))


def test_unknown_ids_are_named(unfitted, dataset):
    model = unfitted.fit(dataset)
    with pytest.raises(UnknownIdError, match="nobody"):
        model.recommend(["u1", "nobody"])
    with pytest.raises(UnknownIdError, match="Did you mean 101"):
        model.score("u1", "101")
    with pytest.warns(DataWarning, match=r"`deny`: 1 of 2 items were not seen"):
        model.recommend("u1", deny=[101, 999])


def test_new_users_come_in_many_forms(unfitted, dataset):
    model = unfitted.fit(dataset)
    if "fold_in" not in model.abilities:
        with pytest.raises(UnsupportedError):
            model.recommend(interactions=[101])
        return
    nameless = model.recommend(interactions=[101, 102, 105], n=3)
    assert list(nameless.columns) == ["movieId", "rank", "score"]
    weighted = model.recommend(interactions={101: 2.0, 102: 1.0}, n=3)
    assert list(weighted.columns) == ["movieId", "rank", "score"]
    named = model.recommend(interactions={"new": [101, 102, 105], "other": {103: 1.0}}, n=3)
    assert set(named["user_id"]) == {"new", "other"}
    first = named[named["user_id"] == "new"]
    assert first["movieId"].tolist() == nameless["movieId"].tolist()
    as_dataset = tm.Dataset.from_tuples([("new", 105), ("new", 101), ("new", 102)])
    pd.testing.assert_frame_equal(model.recommend(interactions=as_dataset, n=3), first, check_dtype=False)
    with pytest.warns(DataWarning, match="1 of 2 interactions are with items not seen"):
        model.recommend(interactions=[101, 99999], n=3)


def test_neighbours_and_explanations_are_frames(unfitted, dataset):
    model = unfitted.fit(dataset)
    if "similar_items" in model.abilities:
        frame = model.similar_items([101, 103], n=2)
        assert list(frame.columns) == ["movieId", "similar_movieId", "rank", "score"]
    if "similar_users" in model.abilities:
        frame = model.similar_users("u4", n=2)
        assert list(frame.columns) == ["user_id", "similar_user_id", "rank", "score"]
    if "explain" in model.abilities:
        frame = model.explain("u4", 101)
        what = "feature" if isinstance(model, tm.LightFM) else "movieId"
        assert list(frame.columns) == [what, "contribution"]
