"""Splits by example: sizes, ties, users held out, the report, and every error."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import scipy.sparse as sp

import tastemaker as tm
from tastemaker import splits
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError

rows = [
    ("ann", "a", 1, 10),
    ("ann", "b", 2, 30),
    ("ann", "c", 3, 20),
    ("bob", "a", 4, 5),
    ("bob", "d", 5, 5),
    ("cat", "b", 6, 40),
]


@pytest.fixture
def data() -> tm.Dataset:
    return tm.Dataset.from_tuples(rows)


@pytest.fixture
def movies() -> tm.Dataset:
    return tm.datasets.make_movies(rng=3, n_users=80, n_items=60).dataset


def triples(data: tm.Dataset) -> set[tuple[object, object, float]]:
    coo = data.matrix.tocoo()
    return set(
        zip(
            data.users.take(coo.row).tolist(),
            data.items.take(coo.col).tolist(),
            coo.data.tolist(),
            strict=True,
        )
    )


def test_leave_last_takes_the_latest_and_breaks_ties_by_place(data: tm.Dataset) -> None:
    split = splits.leave_last(data)
    assert triples(split.test) == {("ann", "b", 2.0), ("bob", "d", 5.0)}
    assert triples(split.train) == triples(data) - triples(split.test)
    assert split.name == "leave_last(n=1)"


def test_leave_last_keeps_times_with_their_interactions(data: tm.Dataset) -> None:
    split = splits.leave_last(data)
    assert split.test.times is not None
    assert split.train.times is not None
    assert split.test.times.tolist() == [30, 5]
    assert split.train.times.tolist() == [10, 20, 5, 40]


@pytest.mark.parametrize(("n", "min_history", "in_test"), [(1, 0, 3), (2, 0, 4), (2, 1, 2), (1, 2, 1)])
def test_leave_last_spares_users_with_too_little(
    data: tm.Dataset, n: int, min_history: int, in_test: int
) -> None:
    assert splits.leave_last(data, n, min_history=min_history).test.nnz == in_test


def test_leave_last_of_nobody_is_an_error(data: tm.Dataset) -> None:
    with pytest.raises(DataError, match=r"user with at least 5 interactions.*got at most 3"):
        splits.leave_last(data, 4)


@pytest.mark.parametrize("split", [splits.leave_last, splits.by_time])
def test_splits_by_time_need_times(split: object, data: tm.Dataset) -> None:
    untimed = data.with_interactions(data.matrix, None)
    with pytest.raises(DataError, match=r"must have times.*time= in Dataset.from_frame.*splits.random"):
        split(untimed)  # type: ignore[operator]


def test_by_time_cuts_at_a_share_and_keeps_equal_times_together(data: tm.Dataset) -> None:
    split = splits.by_time(
        data, 5
    )  # the fifth latest is one of bob's two at time 5: both would be everything
    assert split.train.nnz == 2
    assert split.test.nnz == 4
    assert splits.by_time(data, 0.34).test.nnz == 2


@pytest.mark.parametrize(
    "at",
    [
        20,
        20.0,
        np.datetime64("1970-01-01T00:00:20"),
        "1970-01-01T00:00:20",
        dt.datetime(1970, 1, 1, 0, 0, 20),
    ],
)
def test_by_time_takes_a_moment(data: tm.Dataset, at: object) -> None:
    split = splits.by_time(data, at=at)
    assert split.test.nnz == 3
    assert split.name == "by_time(1970-01-01T00:00:20)"


@pytest.mark.parametrize(("at", "side"), [(0, "after"), (1000, "before")])
def test_by_time_beyond_the_data_is_an_error(data: tm.Dataset, at: int, side: str) -> None:
    with pytest.raises(
        DataError, match=f"all are {side} it: they span 1970-01-01T00:00:05 to 1970-01-01T00:00:40"
    ):
        splits.by_time(data, at=at)


def test_by_time_of_one_moment_is_an_error(data: tm.Dataset) -> None:
    with pytest.raises(DataError, match="all times are equal"):
        splits.by_time(data.with_interactions(data.matrix, np.full(data.nnz, 7.0)))


def test_a_size_is_given_once(data: tm.Dataset) -> None:
    with pytest.raises(ArgumentError, match="`test_size` and `at`"):
        splits.by_time(data, 0.2, at=10)
    with pytest.raises(ArgumentError, match="`test_size` and `n_users`"):
        splits.users(data, 0.2, n_users=1)


@pytest.mark.parametrize(
    ("size", "error"),
    [
        (0, ArgumentError),
        (6, ArgumentError),
        (0.0, ArgumentError),
        (1.5, ArgumentError),
        (float("nan"), ArgumentError),
        ("0.2", ArgumentTypeError),
        (True, ArgumentTypeError),
    ],
)
def test_random_refuses_bad_sizes(data: tm.Dataset, size: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="`test_size` must be"):
        splits.random(data, size)  # type: ignore[arg-type]


def test_random_needs_two_interactions() -> None:
    with pytest.raises(DataError, match="at least 2 interactions"):
        splits.random(sp.csr_array(np.array([[1.0, 0.0]])))


def test_random_takes_a_matrix_and_a_count() -> None:
    matrix = sp.random_array((20, 10), density=0.5, rng=1, format="csr")
    split = splits.random(matrix, 7, rng=0)
    assert (split.test.nnz, split.train.nnz) == (7, 93)
    np.testing.assert_array_equal(
        (split.train.matrix + split.test.matrix).toarray(), matrix.toarray().astype("f4")
    )


def test_a_dense_array_is_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="sparse matrix"):
        splits.random(np.eye(3))


def test_peer_names_are_answered(data: tm.Dataset) -> None:
    with pytest.raises(ArgumentTypeError, match="`random_state` -> `rng`"):
        splits.random(data, random_state=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("k", [1, 7])
def test_k_fold_checks_k_at_once(data: tm.Dataset, k: int) -> None:
    with pytest.raises(ArgumentError, match="`k` must be an int >= 2 and <= 6"):
        splits.k_fold(data, k)


def test_k_fold_names_its_folds(data: tm.Dataset) -> None:
    assert [split.name for split in splits.k_fold(data, 2, rng=1)] == ["k_fold(1 of 2)", "k_fold(2 of 2)"]


def test_users_are_held_out_altogether(movies: tm.Dataset) -> None:
    split = splits.users(movies, n_users=10, holdout=0.3, rng=1)
    assert split.history is not None
    assert set(split.train.users).isdisjoint(split.test.users)
    assert list(split.history.users) == list(split.test.users)
    assert len(split.train.users) + len(split.test.users) == movies.n_users
    lengths = np.diff(split.test.matrix.indptr) + np.diff(split.history.matrix.indptr)
    np.testing.assert_array_equal(np.diff(split.test.matrix.indptr), np.rint(0.3 * lengths))
    assert split.known is split.history


def test_users_without_two_interactions_are_never_held_out(data: tm.Dataset) -> None:
    for seed in range(5):
        split = splits.users(data, n_users=2, rng=seed)
        assert list(split.test.users) == ["ann", "bob"]
        assert np.diff(split.test.matrix.indptr).tolist() == [1, 1]
    small = tm.Dataset.from_tuples([("ann", "a"), ("bob", "a"), ("bob", "b")])
    assert list(splits.users(small, n_users=1, rng=0).test.users) == ["bob"]
    with pytest.raises(DataError, match="2 users with 2 interactions or more to hold out, got 1"):
        splits.users(tm.Dataset.from_tuples([("a", "x"), ("b", "x"), ("c", "x"), ("c", "y")]), n_users=2)
    with pytest.raises(DataError, match="at least 2 users"):
        splits.users(tm.Dataset.from_tuples([("a", "x"), ("a", "y")]), n_users=1)


def test_features_of_held_out_users_go_along() -> None:
    bundle = tm.datasets.make_movies(rng=3, n_users=40, n_items=30)
    split = splits.users(bundle.dataset, n_users=5, rng=0)
    for part in (split.train, split.test, split.history):
        assert part is not None
        assert part.user_features is not None
        assert part.user_features.matrix.shape[0] == part.n_users


def test_the_report_counts_what_training_never_saw(data: tm.Dataset) -> None:
    split = splits.leave_last(data, min_history=0)
    assert split.cold_users.tolist() == ["cat"]
    assert split.cold_items.tolist() == ["b", "d"]
    assert split.n_cold == 3
    text = repr(split)
    assert text.endswith("leave_last(n=1); cold in test: 1 users, 2 items (3 interactions)")
    assert "<table>" in split._repr_html_()
    assert split.to_dict()["interactions"] == [3, 3]


def test_a_split_of_ones_own_is_checked(data: tm.Dataset) -> None:
    other = tm.Dataset.from_tuples([("ann", "a")])
    with pytest.raises(DataError, match="`test` of a Split must have the 4 items"):
        splits.Split(data, other)
    with pytest.raises(DataError, match="must have the 3 users of train, got 2"):
        splits.Split(data, data.take_users([0, 1]))
    with pytest.raises(DataError, match="must have the 3 users of history, got 2"):
        splits.Split(data, data.take_users([0, 1]), history=data)
