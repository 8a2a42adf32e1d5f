"""What holds for every split of any data: nothing is lost, doubled or changed, and seeds are obeyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st

from tastemaker import Dataset, splits
from tastemaker.splits import Split

Splitter = Callable[[Dataset, int], Split]

splitters: dict[str, Splitter] = {
    "random": lambda data, seed: splits.random(data, 0.3, rng=seed),
    "leave_last": lambda data, seed: splits.leave_last(data, 1 + seed % 3, min_history=seed % 2),
    "by_time": lambda data, seed: splits.by_time(data, 0.3),
    "k_fold": lambda data, seed: next(splits.k_fold(data, 3, rng=seed)),
    "users": lambda data, seed: splits.users(data, n_users=1, holdout=0.4, rng=seed),
}


@st.composite
def timed(draw: st.DrawFn) -> Dataset:
    """Small data with empty rows and columns, negative weights and equal times."""
    n_users, n_items = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dense = rng.integers(-3, 4, size=(n_users, n_items)) * (
        rng.random((n_users, n_items)) < draw(st.floats(0.2, 1))
    )
    data = Dataset.from_sparse(sp.csr_array(dense.astype(np.float32)))
    times = rng.integers(0, draw(st.sampled_from([2, 5, 10**9])), size=data.nnz)
    return data.with_interactions(data.matrix, times.astype(np.float64))


def made(name: str, data: Dataset, seed: int) -> Split:
    """Return the split, or give the example up where the data is too small for it."""
    lengths = np.diff(data.matrix.indptr)
    assume(data.nnz >= 3 and data.n_users >= 2 and (lengths >= 4).any())
    if name == "by_time":
        assert data.times is not None
        assume(len(np.unique(data.times)) > 1)
    return splitters[name](data, seed)


def entries(data: Dataset) -> dict[tuple[int, int], tuple[float, float]]:
    """Return (user id, item id) -> (weight, time)."""
    coo = data.matrix.tocoo()
    assert data.times is not None
    keys = zip(data.users.take(coo.row).tolist(), data.items.take(coo.col).tolist(), strict=True)
    return dict(zip(keys, zip(coo.data.tolist(), data.times.tolist(), strict=True), strict=True))


@pytest.mark.parametrize("name", splitters)
@given(data=timed(), seed=st.integers(0, 1000))
def test_parts_are_disjoint_and_make_up_the_whole(name: str, data: Dataset, seed: int) -> None:
    split = made(name, data, seed)
    parts = [entries(part) for part in (split.train, split.test, split.history) if part is not None]
    assert all(parts[:2])
    assert sum(map(len, parts)) == data.nnz
    together: dict[Any, Any] = {}
    for part in parts:
        together |= part
    assert together == entries(data)


@pytest.mark.parametrize("name", splitters)
@given(data=timed(), seed=st.integers(0, 1000))
def test_seeds_are_obeyed_and_data_is_left_alone(name: str, data: Dataset, seed: int) -> None:
    before = entries(data)
    first, second = made(name, data, seed), made(name, data, seed)
    assert entries(first.test) == entries(second.test)
    assert list(first.test.users) == list(second.test.users)
    assert entries(data) == before


@pytest.mark.parametrize("name", splitters)
@given(data=timed(), seed=st.integers(0, 1000))
def test_the_cold_report_is_what_counting_gives(name: str, data: Dataset, seed: int) -> None:
    split = made(name, data, seed)
    known, trained, asked = (set(entries(part)) for part in (split.known, split.train, split.test))
    known_users, trained_items = {user for user, _ in known}, {item for _, item in trained}
    assert split.cold_users.tolist() == sorted({user for user, _ in asked} - known_users)
    assert split.cold_items.tolist() == sorted({item for _, item in asked} - trained_items)
    assert split.n_cold == sum(item not in trained_items for _, item in asked)


@given(data=timed(), n=st.integers(1, 4), min_history=st.integers(0, 3))
def test_leave_last_takes_n_of_whoever_keeps_enough(data: Dataset, n: int, min_history: int) -> None:
    lengths = np.diff(data.matrix.indptr)
    assume((lengths >= n + min_history).any())
    split = splits.leave_last(data, n, min_history=min_history)
    np.testing.assert_array_equal(
        np.diff(split.test.matrix.indptr), np.where(lengths >= n + min_history, n, 0)
    )
    train, test = entries(split.train), entries(split.test)
    for (user, item), (_, time) in test.items():
        # Nothing later stays in train; at equal times, what is stored later went first.
        assert all((t, i) < (time, item) for (u, i), (_, t) in train.items() if u == user)


@given(data=timed(), size=st.floats(0.05, 0.95))
def test_by_time_lets_nothing_of_the_future_into_train(data: Dataset, size: float) -> None:
    assert data.times is not None
    assume(len(np.unique(data.times)) > 1)
    split = splits.by_time(data, size)
    assert split.train.times is not None
    assert split.test.times is not None
    assert split.train.times.max() < split.test.times.min()


@given(data=timed(), size=st.floats(0.05, 0.95), seed=st.integers(0, 1000))
def test_random_has_the_size_asked_for(data: Dataset, size: float, seed: int) -> None:
    assume(data.nnz >= 2)
    wanted = min(max(round(size * data.nnz), 1), data.nnz - 1)
    assert splits.random(data, size, rng=seed).test.nnz == wanted


@given(data=timed(), k=st.integers(2, 6), seed=st.integers(0, 1000))
def test_folds_ask_for_everything_once_and_evenly(data: Dataset, k: int, seed: int) -> None:
    assume(data.nnz >= k)
    folds = list(splits.k_fold(data, k, rng=seed))
    sizes = [fold.test.nnz for fold in folds]
    assert len(folds) == k
    assert max(sizes) - min(sizes) <= 1
    asked = [pair for fold in folds for pair in entries(fold.test)]
    assert sorted(asked) == sorted(entries(data))


@given(data=timed(), holdout=st.floats(0.01, 0.99), seed=st.integers(0, 1000))
def test_held_out_users_have_a_history_and_something_to_find(
    data: Dataset, holdout: float, seed: int
) -> None:
    eligible = int((np.diff(data.matrix.indptr) >= 2).sum())
    assume(eligible >= 1 and data.n_users >= 2)
    split = splits.users(data, n_users=min(eligible, data.n_users - 1), holdout=holdout, rng=seed)
    assert split.history is not None
    assert (np.diff(split.history.matrix.indptr) >= 1).all()
    assert (np.diff(split.test.matrix.indptr) >= 1).all()
    assert set(split.train.users).isdisjoint(split.test.users)
