"""Figures per segment of users or of relevant items."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import roc_auc_score
from tests.reference import ranking as twin

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError

metrics = ["recall@5", "auc", "coverage@5", "diversity@5"]


@pytest.fixture(scope="module")
def split():
    """By time, so that some users and items are cold."""
    split = tm.splits.by_time(tm.datasets.make_movies(rng=0).dataset)
    assert len(split.cold_users)
    assert len(split.cold_items)
    return split


@pytest.fixture(scope="module")
def result(split):
    return tm.compare({"popular": tm.Popular(), "knn": tm.KNN()}, split, metrics)


def rows_of(segments, model, metric):
    return {row.segment: row for row in segments.rows if (row.model, row.metric) == (model, metric)}


def activity_of(split, result):
    return np.diff(split.train.matrix.indptr)[split.train.users.lookup(result["knn"].users)]


def test_activity_divides_users_into_ranges_of_about_equal_size(split, result):
    activity = activity_of(split, result)
    rows = rows_of(result.segments("activity", bins=3), "knn", "recall@5")
    assert sum(row.n_users for row in rows.values()) == result.n_users
    values = result["knn"].per_user["recall@5"]
    for name, row in rows.items():
        low, high = (int(end) for end in name.split(" to ")) if "to" in name else (int(name),) * 2
        inside = (activity >= low) & (activity <= high)
        assert row.n_users == inside.sum()
        assert row.interval.value == pytest.approx(values[inside].mean(), rel=1e-12)
        assert row.interval.low <= row.interval.value <= row.interval.high


def test_cold_and_warm_users(split, result):
    cold = activity_of(split, result) == 0
    segments = result.segments("users")
    for model in ("popular", "knn"):
        for metric in ("recall@5", "auc", "diversity@5"):
            values = result[model].per_user[metric]
            rows = rows_of(segments, model, metric)
            assert {name: row.n_users for name, row in rows.items()} == {
                "cold": cold.sum(),
                "warm": (~cold).sum(),
            }
            assert rows["cold"].interval.value == pytest.approx(values[cold].mean(), rel=1e-12)
            assert rows["warm"].interval.value == pytest.approx(values[~cold].mean(), rel=1e-12)


def test_coverage_is_that_of_the_segments_own_lists(split, result):
    model, users = tm.KNN().fit(split.train), result["knn"].users
    for name, row in rows_of(result.segments("users"), "knn", "coverage@5").items():
        own = users[(activity_of(split, result) == 0) == (name == "cold")]
        rows = split.train.users.lookup(own)
        ids = model._topn(rows, None, 5, exclude=split.train.matrix[rows], threads=1)[0]
        lists = [[i for i in row if i >= 0] for row in ids.tolist()]
        assert row.interval.value == pytest.approx(twin.coverage(lists, split.train.n_items, 5))


@pytest.mark.parametrize("by", ["popularity", "items"])
def test_items_divide_what_is_relevant(split, result, by):
    popularity = np.bincount(split.train.matrix.indices, minlength=split.train.n_items)
    seen = split.train.matrix.toarray() != 0
    order = np.argsort(-popularity, kind="stable")
    segments = result.segments(by, bins=3)
    for name, row in rows_of(segments, "popular", "recall@5").items():
        ends = {"cold": (0, 0), "warm": (1, np.inf)}.get(name) or [float(end) for end in name.split(" to ")]
        inside = (popularity >= ends[0]) & (popularity <= ends[1])
        recalls, areas = [], []
        for user, liked in enumerate((split.test.matrix.toarray() > 0) & inside):
            if liked.any():
                ids = [i for i in order if not seen[user, i]]
                recalls.append(twin.recall(ids, set(np.flatnonzero(liked)), 5))
                areas.append(roc_auc_score(liked[ids], popularity[ids]))
        assert row.n_users == len(recalls)
        assert row.interval.value == pytest.approx(np.mean(recalls), abs=1e-12)
        area = rows_of(segments, "popular", "auc")[name].interval.value
        assert area == pytest.approx(np.mean(areas), abs=1e-9)


def test_labels_of_your_own(result):
    labels = np.where(np.arange(result.n_users) % 3 == 0, "third", "others")
    for given in (labels, labels.astype(object), labels.tolist()):
        rows = rows_of(result["knn"].segments(given), "knn", "recall@5")
        values = result["knn"].per_user["recall@5"]
        assert list(rows) == ["others", "third"]
        assert rows["third"].interval.value == pytest.approx(values[::3].mean(), rel=1e-12)


def test_one_segment_of_all_is_the_whole(result):
    everybody = result.segments(np.zeros(result.n_users, dtype=int))
    for model in result:
        for metric in metrics:
            assert rows_of(everybody, model, metric)["0"].interval == pytest.approx(
                result[model][metric], abs=0.03
            )
            assert rows_of(everybody, model, metric)["0"].interval.value == result[model][metric].value


def test_equal_values_stay_together():
    even = tm.splits.Split(
        train=tm.Dataset.from_sparse(sp.csr_array(np.eye(4) + np.eye(4, k=1))),
        test=tm.Dataset.from_sparse(sp.csr_array(np.eye(4, k=2) + np.eye(4, k=-1))),
        name="even",
    )
    rows = tm.evaluate(tm.Popular(), even, "recall@2").segments("activity", bins=10).rows
    assert [(row.segment, row.n_users) for row in rows] == [("1", 1), ("2", 3)]


def test_the_same_call_gives_the_same_bits_at_any_thread_count(result, threads):
    once = result.segments("activity", threads=1).to_dict()
    assert result.segments("activity", threads=threads).to_dict() == once
    assert result.segments("activity", rng=1).to_dict()["low"] != once["low"]


def test_tables_of_segments(result):
    lines = repr(result.segments("users")).splitlines()
    assert lines[0].split() == ["segment", "model", "users", *metrics]
    assert [line.split()[:2] for line in lines[2:6]] == [
        ["cold", "popular"],
        ["cold", "knn"],
        ["warm", "popular"],
        ["warm", "knn"],
    ]
    assert lines[6] == "Cold users have no history."
    assert lines[7].startswith(
        "± is half the width of the 95 % bootstrap interval over users (1,000 samples)"
    )
    alone = result["knn"].segments("users")
    assert "model" not in repr(alone).split()
    assert "<td" in alone._repr_html_()
    assert alone.to_markdown().startswith("| segment |")
    assert json.loads(alone.to_json())["segment"] == ["cold"] * 4 + ["warm"] * 4
    assert list(alone.to_frame("pandas")["users"]) == alone.to_dict()["users"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"by": "active"}, ArgumentError, "`by` must be one of .*Did you mean 'activity'"),
        ({"by": ["a", "b"]}, ArgumentError, r"a label for each of the 133 test users.* shape \(2,\)"),
        ({"by": 3}, ArgumentError, r"got an array of shape \(\)"),
        ({"bins": 1}, ArgumentError, "`bins`"),
        ({"bins": 2.5}, ArgumentTypeError, "`bins`"),
        ({"threads": 0}, ArgumentError, "`threads`"),
        ({"rng": "seed"}, ArgumentTypeError, "`rng`"),
    ],
)
def test_wrong_arguments(result, arguments, error, message):
    with pytest.raises(error, match=message):
        result.segments(**arguments)
