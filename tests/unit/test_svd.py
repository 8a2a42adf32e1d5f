"""SVD against numpy's full decomposition, by each method."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import ArpackNoConvergence

import tastemaker as tm
from tastemaker import _core
from tastemaker._validation import csr_parts
from tastemaker.errors import ArgumentError, ArgumentTypeError, ModelFitError
from tastemaker.models import _spectral

METHODS = ["arpack", "randomized", "dense"]


def matrix(rng, users=90, items=70):
    """Counts with a popular head, so that singular values decay as those of real interactions do."""
    popularity = 1 / np.arange(1, items + 1) ** 0.7
    counts = rng.poisson(popularity * 2, (users, items)) * rng.integers(1, 4, (users, 1))
    return sp.csr_array(counts.astype(np.float32))


def low_rank(rng, users=60, items=50, rank=5):
    return sp.csr_array(
        (rng.integers(0, 3, (users, rank)) @ rng.integers(0, 3, (rank, items))).astype(np.float32)
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("wide", [False, True])
def test_equals_the_full_decomposition(rng, method, wide):
    X = matrix(rng)
    X = X.T.tocsr() if wide else X
    model = tm.SVD(factors=6, method=method, power_iterations=30, rng=0).fit(X)
    _, values, vectors = np.linalg.svd(X.toarray().astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(model.singular_values_, values[:6], rtol=1e-5)
    signs = np.sign(np.sum(model.item_factors_ * vectors[:6].T, axis=0))
    np.testing.assert_allclose(model.item_factors_ * signs, vectors[:6].T, atol=2e-4)
    np.testing.assert_array_equal(model.user_factors_, X @ model.item_factors_)
    loss = np.square(values[6:]).sum()
    assert model.history_[0]["loss"] == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_signs_and_bits_do_not_depend_on_chance(rng, method):
    X = matrix(rng)
    first, again, other = (
        tm.SVD(factors=5, method=method, power_iterations=30, rng=r).fit(X) for r in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.item_factors_, again.item_factors_)
    np.testing.assert_allclose(first.item_factors_, other.item_factors_, atol=2e-4)
    greatest = np.abs(first.item_factors_).argmax(axis=0)
    assert (first.item_factors_[greatest, np.arange(5)] > 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_beyond_the_rank_there_is_nothing(rng, method):
    X = low_rank(rng)
    model = tm.SVD(factors=12, method=method, rng=0).fit(X)
    assert (np.linalg.norm(model.item_factors_, axis=0) > 0.99).sum() == 5
    assert not model.item_factors_[:, 5:].any()
    np.testing.assert_allclose(model.user_factors_ @ model.item_factors_.T, X.toarray(), atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_one_huge_weight_does_not_hide_the_rest(rng, method):
    X = matrix(rng).tolil()
    X[3, 4] = 1e5
    X = X.tocsr()
    model = tm.SVD(factors=6, method=method, power_iterations=30, rng=0).fit(X)
    want = np.linalg.svd(X.toarray().astype(np.float64), compute_uv=False)
    np.testing.assert_allclose(model.singular_values_, want[:6], rtol=1e-5)


def test_few_power_iterations_still_give_a_basis(rng):
    X = matrix(rng)
    rough = tm.SVD(factors=20, method="randomized", power_iterations=2, rng=0).fit(X)
    np.testing.assert_allclose(rough.item_factors_.T @ rough.item_factors_, np.eye(20), atol=1e-5)
    fine = tm.SVD(factors=20, method="randomized", power_iterations=16, rng=0).fit(X)
    assert fine.history_[0]["loss"] < rough.history_[0]["loss"]


@pytest.mark.parametrize("method", ["randomized", "dense", "auto"])
@pytest.mark.parametrize("shape", [(7, 12), (12, 7), (1, 4), (4, 1)])
def test_as_many_factors_as_there_are(rng, method, shape):
    X = sp.csr_array(rng.integers(1, 5, shape).astype(np.float32))
    model = tm.SVD(factors=min(shape), method=method, rng=0).fit(X)
    np.testing.assert_allclose(model.user_factors_ @ model.item_factors_.T, X.toarray(), atol=1e-4)


@pytest.mark.parametrize("columns", [1, 3, 16, 31, 50])
def test_the_product_at_any_number_of_threads(rng, threads, columns):
    X, Y = matrix(rng), rng.integers(-9, 9, (70, columns)).astype(np.float64)
    # Sums of whole numbers are exact.
    np.testing.assert_array_equal(_core.SparseMatrix(csr_parts(X)).times(Y, threads), X @ Y)


def test_the_product_refuses_what_does_not_fit(rng):
    with pytest.raises(ValueError, match="a row of Y for each column of X"):
        _core.SparseMatrix(csr_parts(matrix(rng))).times(np.ones((69, 2)), 1)


def test_same_bits_at_any_number_of_threads(rng, threads):
    X = matrix(rng, users=500, items=400)
    first, again = (tm.SVD(factors=6, method="randomized", rng=0).fit(X, threads=t) for t in (2, threads))
    np.testing.assert_array_equal(first.item_factors_, again.item_factors_)


def test_too_many_factors(rng):
    X = matrix(rng, users=9, items=20)
    with pytest.raises(
        ArgumentError, match="`factors` of `SVD` must be <= 9, the lesser of 9 users and 20 items"
    ):
        tm.SVD(factors=10).fit(X)
    with pytest.raises(ArgumentError, match=r"must be < 9 for method='arpack', got 9. Use method='dense'"):
        tm.SVD(factors=9, method="arpack").fit(X)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"factors": 0}, ArgumentError, "`factors` must be an int >= 1, got 0"),
        ({"factors": 2.0}, ArgumentTypeError, "`factors` must be an int"),
        ({"method": "arpak"}, ArgumentError, "Did you mean 'arpack'"),
        ({"power_iterations": 1}, ArgumentError, "`power_iterations` must be an int >= 2"),
        ({"rng": "seed"}, ArgumentTypeError, "`rng` must be"),
    ],
)
def test_wrong_parameters(rng, params, error, message):
    with pytest.raises(error, match=message):
        tm.SVD(**params).fit(matrix(rng))


def test_auto_goes_by_the_size():
    assert tm.SVD(factors=8)._method((5000, 256)) == "dense"
    assert tm.SVD(factors=400)._method((5000, 1000)) == "dense"
    assert tm.SVD(factors=128)._method((5000, 1000)) == "randomized"
    assert tm.SVD(factors=8, method="arpack")._method((5000, 256)) == "arpack"


def test_arpack_that_does_not_converge_says_what_to_do(rng, monkeypatch):
    def fail(*_):
        raise ArpackNoConvergence("no", np.ones(3), np.ones((3, 3)))

    monkeypatch.setattr(_spectral, "arpack", fail)
    with pytest.raises(ModelFitError, match=r"ARPACK found 3 of 5 singular values. Lower `factors` or use"):
        tm.SVD(factors=5, method="arpack").fit(matrix(rng))


def test_folding_in_what_is_known_changes_nothing(rng):
    X = matrix(rng)
    model = tm.SVD(factors=7, rng=0).fit(X)
    np.testing.assert_array_equal(model.fold_in(X), model.user_factors_)
    known, folded = model.recommend(n=9), model.recommend(interactions=X, n=9)
    np.testing.assert_array_equal(known[0], folded[0])
    np.testing.assert_array_equal(known[1], folded[1])


def test_explanations_sum_to_the_score(rng):
    X = matrix(rng)
    model = tm.SVD(factors=7, rng=0).fit(X)
    ids, contributions = model.explain(3, 11)
    np.testing.assert_array_equal(np.sort(ids), np.sort(X[[3]].indices))
    assert contributions.sum() == pytest.approx(model.score(3, 11), rel=1e-4, abs=1e-5)
