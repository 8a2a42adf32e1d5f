"""Properties of the neighbour search: what must not change the result, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import knn as twin
from tests.unit.test_knn import SIMILARITIES, dense

import tastemaker as tm
from tastemaker import _core
from tastemaker._validation import csr_parts


@st.composite
def matrices(draw, *, signed=False, integers=True):
    """Weights of users x items with empty rows and columns, full ones, ties, and any density."""
    users = draw(st.integers(1, 30))
    items = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.integers(-3 if signed else 1, 4, (users, items)).astype(np.float32)
    if not integers:
        X *= rng.uniform(0.1, 1, X.shape).astype(np.float32)
    X *= rng.random(X.shape) < draw(st.sampled_from([0.03, 0.2, 0.6, 1.0]))
    X[rng.integers(users), rng.integers(items)] = 1
    return sp.csr_array(X)


def search(X, neighbors=6, *, pattern=False, **options):
    indptr, indices, values, things = csr_parts(X)
    parts = (indptr, indices, None if pattern else values, things)
    return _core.knn_neighbours(parts, neighbors, **({"score": "cosine"} | options))


def assert_identical(got, want):
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


@given(X=matrices(signed=True, integers=False), neighbors=st.integers(1, 45))
@pytest.mark.parametrize("score", ["cosine", "pearson", "jaccard", "product"])
def test_neither_threads_nor_bookkeeping_change_a_bit(score, X, neighbors, simd_level):
    want = search(X, neighbors, score=score, shrinkage=0.5)
    for threads in (1, 3, 7):
        for mode in ("auto", "dense", "list"):
            got = search(X, neighbors, score=score, shrinkage=0.5, threads=threads, mode=mode)
            assert_identical(got, want)


@given(X=matrices(integers=False), pattern=st.booleans())
@pytest.mark.parametrize("score", ["cosine", "pearson", "jaccard", "product"])
def test_simd_levels_agree(score, X, pattern):
    """What is not counted differs by the rounding of fused multiply-adds.

    Pearson divides what centring leaves of a sum by as little as the shrinkage: rounding of the sum counts fully.
    """
    largest = float(X.multiply(X).sum(axis=0).max())
    slack = 4 * float(np.finfo(np.float32).eps) * largest / 0.5 if score == "pearson" else 0.0
    before = _core.simd_level()
    results = []
    for level in _core.available_simd_levels():
        _core.set_simd_level(level)
        results.append(search(X, 10**6, score=score, pattern=pattern or score == "jaccard", shrinkage=0.5))
    _core.set_simd_level(before)
    for indptr, indices, scores in results[1:]:
        np.testing.assert_array_equal(indptr, results[0][0])
        np.testing.assert_array_equal(indices, results[0][1])
        if score == "jaccard" or (pattern and score == "product"):
            np.testing.assert_array_equal(scores, results[0][2])
        else:
            np.testing.assert_allclose(scores, results[0][2], rtol=1e-6, atol=1e-6 + slack)


@given(X=matrices(), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_the_order_of_users_does_not_matter(similarity, X, seed):
    """Integer weights sum exactly in any order; weighted ones to rounding."""
    shuffled = sp.csr_array(X[np.random.default_rng(seed).permutation(X.shape[0])])
    want, got = (tm.KNN(similarity=similarity, neighbors=10**6).fit(m).similarity_ for m in (X, shuffled))
    if similarity in ("cosine", "jaccard"):
        assert_identical((got.indptr, got.indices, got.data), (want.indptr, want.indices, want.data))
    else:
        np.testing.assert_allclose(got.toarray(), want.toarray(), rtol=2e-5, atol=2e-6)


@given(X=matrices(integers=False), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_the_order_of_items_only_permutes_the_result(similarity, X, seed):
    order = np.random.default_rng(seed).permutation(X.shape[1])
    want, got = (
        tm.KNN(similarity=similarity, neighbors=10**6).fit(m).similarity_.toarray()
        for m in (X, sp.csr_array(X[:, order]))
    )
    slack = _cancelled(X)[np.ix_(order, order)] if similarity == "pearson" else 0.0
    expected = want[np.ix_(order, order)]
    assert (np.abs(got - expected) <= 2e-6 + 2e-5 * np.abs(expected) + slack).all()


def _cancelled(X) -> np.ndarray:
    """Return what rounding can leave where a column's mean takes most of it away, for each pair of columns."""
    squares = X.multiply(X).sum(axis=0, dtype=np.float64)
    rest = squares - X.sum(axis=0, dtype=np.float64) ** 2 / X.shape[0]
    grown = np.sqrt(squares / np.maximum(rest, 1e-12 * squares + 1e-300))
    return 4 * np.finfo(np.float32).eps * np.outer(grown, grown)


@given(X=matrices(signed=True), neighbors=st.integers(1, 45), mode=st.sampled_from(["dense", "list"]))
@pytest.mark.parametrize("similarity", ["cosine", "pearson", "jaccard"])
def test_lists_equal_the_twin(similarity, X, neighbors, mode):
    kind = {"score": similarity, "pattern": similarity == "jaccard", "mode": mode}
    indptr, indices, scores = search(X, neighbors, **kind)
    got = dense(sp.csr_array((scores, indices, indptr), shape=(X.shape[1],) * 2))
    every = twin.similarity(X.toarray(), similarity)
    assert (np.isfinite(got).sum(axis=1) == np.minimum(neighbors, np.isfinite(every).sum(axis=1))).all()
    kept = np.isfinite(got)
    np.testing.assert_allclose(got[kept], every[kept], rtol=2e-5, atol=2e-6)
    for i in range(len(got)):
        left = every[i, ~kept[i] & np.isfinite(every[i])]
        if left.size:  # what was left out is no better than what was kept, up to rounding
            assert left.max() <= got[i, kept[i]].min() + 2e-6
