"""The life of a fit: progress, callback, interruption, failure, growth, use before fit."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.contract.zoo import interactions

import tastemaker as tm
from tastemaker.errors import ArgumentTypeError, DataError, NotFittedError, UnsupportedError


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.recommend(0),
        lambda m: m.score(0, 0),
        lambda m: m.rank(0, 0),
        lambda m: m.n_users_,
        lambda m: next(m.recommend_batches()),
    ],
)
def test_use_before_fit(unfitted, call):
    with pytest.raises(NotFittedError, match=r"is not fitted yet. Call \w+\(...\).fit\(data\) first"):
        call(unfitted)


def test_fit_returns_self_and_forgets_the_earlier_fit(unfitted, X):
    other = interactions(seed=5, n_users=12, n_items=9)
    want = type(unfitted)(**unfitted.get_params()).fit(other).recommend(n=3)
    assert unfitted.fit(X) is unfitted
    got = unfitted.fit(other).recommend(n=3)
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])


@pytest.mark.parametrize("matrix", [sp.csr_array((4, 3)), sp.csr_array((0, 3)), sp.csr_array((4, 0))])
def test_an_empty_matrix_is_refused(unfitted, matrix):
    with pytest.raises(DataError, match="at least one interaction"):
        unfitted.fit(matrix)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(unfitted, X, value):
    X.data[7] = value
    with pytest.raises(DataError, match=r"`data` must hold finite values, got -?(nan|inf) at entry 7"):
        unfitted.fit(X)


def broken(X, **parts):
    bad = sp.csr_array((X.data.copy(), X.indices.copy(), X.indptr.copy()), shape=X.shape)
    for name, (at, value) in parts.items():
        getattr(bad, name)[at] = value
    return bad


def test_a_hand_broken_matrix_is_refused(unfitted, X):
    for bad, message in (
        (broken(X, indptr=(3, 10_000)), "indptr"),
        (broken(X, indptr=(5, 0)), "indptr"),
        (broken(X, indices=(2, 30)), r"column indices in \[0, 30\), got 30"),
        (broken(X, indices=(2, -1)), "got -1"),
    ):
        with pytest.raises(DataError, match=message):
            unfitted.fit(bad)


def test_any_sparse_form_of_the_same_data_gives_the_same_model(unfitted, X):
    want = unfitted.fit(X).recommend(n=6)
    coo = X.tocoo()
    order = np.random.default_rng(0).permutation(coo.nnz)
    shuffled = sp.coo_array((coo.data[order], tuple(c[order] for c in coo.coords)), shape=X.shape)
    halves = sp.coo_array(
        (np.concatenate([coo.data, coo.data]) / 2, tuple(np.concatenate([c, c]) for c in coo.coords)),
        shape=X.shape,
    )
    wide = sp.csr_array((X.data, X.indices.astype(np.int64), X.indptr.astype(np.int64)), shape=X.shape)
    for form in (
        sp.csr_matrix(X),
        X.tocsc(),
        shuffled,
        halves,
        wide,
        X.astype(np.float64),
        X.astype(np.int16),
    ):
        got = unfitted.fit(form).recommend(n=6)
        np.testing.assert_array_equal(got[0], want[0])
        np.testing.assert_array_equal(got[1], want[1])


@pytest.mark.parametrize("data", [None, [[1, 0]], np.eye(3), "events.csv"])
def test_what_is_no_data_is_refused(unfitted, data):
    with pytest.raises(
        ArgumentTypeError, match="`data` must be a Dataset or a users x items scipy sparse matrix"
    ):
        unfitted.fit(data)


def test_one_user_and_one_item(unfitted):
    if isinstance(unfitted, tm.SVD):
        unfitted.set_params(factors=1)
    ids, _ = unfitted.fit(sp.csr_array([[2.0]])).recommend(n=2)
    assert (ids == -1).all()


def test_a_failed_fit_leaves_the_model_as_it_was(model, X):
    before = model.recommend(n=3)[0]
    X.data[0] = np.nan
    with pytest.raises(DataError):
        model.fit(X)
    np.testing.assert_array_equal(model.recommend(n=3)[0], before)


def test_the_callback_is_told_each_epoch_and_can_stop(X):
    states = []

    def watch(state):
        states.append((state.epoch, state.epochs, state.loss))
        if state.epoch == 2:
            state.stop()

    model = tm.ALS(factors=4, epochs=9, compute_loss=True, rng=0).fit(X, callback=watch)
    assert [s[:2] for s in states] == [(1, 9), (2, 9)]
    assert states[1][2] < states[0][2]
    assert [h["epoch"] for h in model.history_] == [1, 2]
    same = tm.ALS(factors=4, epochs=2, rng=0).fit(X)
    np.testing.assert_array_equal(model.item_factors_, same.item_factors_)


def test_an_interrupted_fit_keeps_the_last_complete_epoch(X):
    def interrupt(state):
        if state.epoch == 2:
            raise KeyboardInterrupt

    model = tm.ALS(factors=4, epochs=9, rng=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, callback=interrupt)
    same = tm.ALS(factors=4, epochs=2, rng=0).fit(X)
    np.testing.assert_array_equal(model.recommend(n=4)[0], same.recommend(n=4)[0])


def test_arguments_of_fit_are_checked(unfitted, X):
    with pytest.raises(ArgumentTypeError, match="`progress` must be True, False or None"):
        unfitted.fit(X, progress="yes")
    with pytest.raises(ArgumentTypeError, match="`callback` must be callable"):
        unfitted.fit(X, callback=3)


def test_partial_fit_grows_with_the_dataset(unfitted):
    start = tm.Dataset.from_tuples([(f"u{u}", i) for u in range(9) for i in range(6) if (u * i + u) % 3])
    if "partial_fit" not in unfitted.abilities:
        with pytest.raises(UnsupportedError, match="cannot do partial_fit"):
            unfitted.partial_fit(start)
        return
    grown = start.extend([("new", 1), ("new", 77), ("u1", 77)])
    model = unfitted.fit(start).partial_fit(grown)
    assert (model.n_users_, model.n_items_) == (start.n_users + 1, start.n_items + 1)
    assert len(model.recommend("new", n=3)) == 3
    with pytest.raises(DataError, match=r"must keep the \d+ users"):
        model.partial_fit(start)
