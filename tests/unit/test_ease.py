"""EASE against its formula; memory, singular matrices, wrong parameters."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import ease as twin

import tastemaker as tm
from tastemaker import _core
from tastemaker._validation import csr_parts
from tastemaker.errors import ArgumentError, ArgumentTypeError, ModelFitError, NotEnoughMemoryError
from tastemaker.models import ease


def matrix(rng, users=80, items=60):
    counts = rng.poisson(1.5 / np.arange(1, items + 1) ** 0.5, (users, items))
    return sp.csr_array(counts.astype(np.float32))


@pytest.mark.parametrize("items", [1, 2, 60, 700])  # 700: several tiles are mirrored
@pytest.mark.parametrize("reg", [1.0, 300])
def test_equals_the_formula(rng, items, reg):
    X = matrix(rng, items=items)
    model = tm.EASE(reg=reg).fit(X)
    want = twin.weights(X.toarray(), reg)
    # The inverse loses some eps times the condition number, here below 1e4 (weights are of order 1).
    np.testing.assert_allclose(model.weights_, want, atol=1e-4)
    scores = model.score(*np.indices(X.shape).reshape(2, -1)).reshape(X.shape)
    np.testing.assert_allclose(scores, X @ want, atol=1e-3)
    assert not model.weights_.diagonal().any()


def test_it_is_the_best_such_matrix(rng):
    X = matrix(rng, items=12).toarray().astype(np.float64)
    B = tm.EASE(reg=3.0).fit(sp.csr_array(X)).weights_.astype(np.float64)

    def cost(B):
        return np.square(X - X @ B).sum() + 3.0 * np.square(B).sum()

    for _ in range(20):
        step = rng.normal(0, 1e-2, B.shape)
        np.fill_diagonal(step, 0)
        assert cost(B + step) > cost(B)


def test_the_gram_matrix_at_any_number_of_threads(rng, threads):
    X = matrix(rng, items=101)
    dense = X.toarray()
    G = np.full((101, 101), 7, np.float32)
    _core.ease_gram(_core.SparseMatrix(csr_parts(X)), G, threads)
    # Sums of small whole numbers are exact.
    np.testing.assert_array_equal(np.triu(G), np.triu(dense.T @ dense))
    assert (G[np.tril_indices(101, -1)] == 7).all()


def test_the_gram_matrix_refuses_what_does_not_fit(rng):
    X = _core.SparseMatrix(csr_parts(matrix(rng, users=5, items=4)))
    for side, threads in ((5, 1), (4, 0)):
        with pytest.raises(ValueError, match="must be"):
            _core.ease_gram(X, np.empty((side, side), np.float32), threads)


def test_explanations_are_exact_and_name_the_weights(rng):
    X = matrix(rng)
    model = tm.EASE(reg=5).fit(X)
    ids, contributions = model.explain(3, 11)
    history = X[[3]]
    want = dict(zip(history.indices, history.data * model.weights_[history.indices, 11], strict=True))
    assert dict(zip(ids, contributions, strict=True)) == want
    assert contributions.sum() == pytest.approx(model.score(3, 11), abs=1e-5)


def test_similar_items_are_those_that_an_item_recommends(rng):
    model = tm.EASE(reg=5).fit(matrix(rng))
    ids, scores = model.similar_items(4, n=3)
    weights = np.delete(model.weights_[4], 4)
    np.testing.assert_array_equal(scores, np.sort(weights)[::-1][:3])
    np.testing.assert_array_equal(model.weights_[4, ids], scores)


def test_too_little_memory_is_found_before_any_is_taken(rng, monkeypatch):
    monkeypatch.setattr(ease, "available_memory", lambda: 3 * 2**30)
    X = sp.csr_array((np.ones(2, np.float32), ([0, 1], [0, 39_999])), shape=(2, 40_000))
    with pytest.raises(
        NotEnoughMemoryError, match=r"needs 6.0 GiB for its 40000 x 40000 weights, and 3.0 GiB are available"
    ):
        tm.EASE().fit(X)
    with pytest.raises(MemoryError):
        tm.EASE().fit(X)


def test_unknown_memory_refuses_nothing(rng, monkeypatch):
    monkeypatch.setattr(ease, "available_memory", lambda: None)
    assert tm.EASE().fit(matrix(rng)).weights_.shape == (60, 60)


def test_what_float32_cannot_invert_is_refused():
    twins = sp.csr_array(np.full((50, 2), 1000, np.float32))
    with pytest.raises(ModelFitError, match=r"cannot invert X'X.*reg=0\.001. Raise `reg`"):
        tm.EASE(reg=0.001).fit(twins)


@pytest.mark.parametrize(
    ("reg", "error"),
    [(0, ArgumentError), (-1.0, ArgumentError), ("1", ArgumentTypeError), (None, ArgumentTypeError)],
)
def test_wrong_parameters(rng, reg, error):
    with pytest.raises(error, match="`reg` must be"):
        tm.EASE(reg=reg).fit(matrix(rng))
