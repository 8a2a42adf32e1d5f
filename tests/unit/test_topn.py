"""Top-N, scores and ranks of the core against their numpy twins; edge cases and bad input."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import topn as twin

from tastemaker.retrieval import DenseScorer, SparseScorer

# Around the panel widths of all levels: 12, 24 and 48 items.
SIZES = [1, 2, 11, 12, 13, 23, 24, 25, 47, 48, 49, 95, 97, 150]


def small_ints(rng, *shape):
    """Floats so small and whole that every sum is exact: equality can be asked for, and ties abound."""
    return rng.integers(-2, 3, shape).astype(np.float32)


def sparse_ints(rng, rows, cols, density):
    return sp.csr_array(small_ints(rng, rows, cols) * (rng.random((rows, cols)) < density))


def assert_equal(got, want):
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])
    assert got[0].dtype == np.int32
    assert got[1].dtype == np.float32


@pytest.mark.usefixtures("simd_level")
@pytest.mark.parametrize("n_items", SIZES)
def test_dense_equals_the_twin(rng, n_items, threads):
    items, queries = small_ints(rng, n_items, 5), small_ints(rng, 21, 5)
    exclude = sparse_ints(rng, 21, n_items, 0.4)
    allowed = (rng.random(n_items) < 0.7).astype(np.uint8)
    scores = twin.dense_scores(queries, items)
    for n in (1, 3, n_items, n_items + 4):
        for drop, mask in ((None, None), (exclude, None), (None, allowed), (exclude, allowed)):
            got = DenseScorer(items).topn(queries, n, exclude=drop, allowed=mask, threads=threads)
            assert_equal(got, twin.topn(twin.keep(scores, drop, mask), n))


@pytest.mark.usefixtures("simd_level")
@pytest.mark.parametrize("density", [0.01, 0.3])  # few touched items are listed, many are scanned for
@pytest.mark.parametrize("n_items", [*SIZES, 700])
def test_sparse_equals_the_twin(rng, n_items, density, threads):
    table, queries = sparse_ints(rng, 30, n_items, density), sparse_ints(rng, 21, 30, 0.3)
    exclude = sparse_ints(rng, 21, n_items, 0.4)
    allowed = (rng.random(n_items) < 0.7).astype(np.uint8)
    scores = twin.sparse_scores(queries, table)
    for n in (1, 3, n_items, n_items + 4):
        for drop, mask in ((None, None), (exclude, None), (None, allowed), (exclude, allowed)):
            got = SparseScorer(table).topn(queries, n, exclude=drop, allowed=mask, threads=threads)
            assert_equal(got, twin.topn(twin.keep(scores, drop, mask), n))


@pytest.mark.usefixtures("simd_level")
@pytest.mark.parametrize("factors", [1, 2, 7, 8, 15, 16, 17, 63, 64, 70])
def test_any_number_of_factors(rng, factors):
    items, queries = small_ints(rng, 101, factors), small_ints(rng, 9, factors)
    assert_equal(DenseScorer(items).topn(queries, 12), twin.topn(twin.dense_scores(queries, items), 12))


@pytest.mark.usefixtures("simd_level")
def test_long_lists_and_many_items(rng):
    items, queries = small_ints(rng, 5000, 6), small_ints(rng, 40, 6)
    scores = twin.dense_scores(queries, items)
    for n in (100, 1000, 5000):
        assert_equal(DenseScorer(items).topn(queries, n), twin.topn(scores, n))


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("n_queries", [1, 2, 9])
def test_few_queries_share_the_items_among_threads(rng, threads, n_queries):
    items, queries = small_ints(rng, 100_000, 64), small_ints(rng, n_queries, 64)
    want = DenseScorer(items).topn(queries, 50, threads=1)
    assert_equal(DenseScorer(items).topn(queries, 50, threads=threads), want)
    assert_equal(want, twin.topn(twin.dense_scores(queries, items), 50))


def test_all_items_tied_come_by_index():
    ids, _ = DenseScorer(np.ones((1000, 3), np.float32)).topn(np.ones((2, 3), np.float32), 60)
    np.testing.assert_array_equal(ids, [np.arange(60)] * 2)


def test_the_sign_of_zero_breaks_no_tie():
    items = np.array([[-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], np.float32)
    ids, scores = DenseScorer(items).topn(np.array([[0.0, 1.0]], np.float32), 3)
    np.testing.assert_array_equal(ids, [[0, 1, 2]])
    assert not np.signbit(scores).any()


def test_a_query_of_zeros_gets_nothing(rng):
    queries = small_ints(rng, 3, 4)
    queries[1] = 0
    ids, scores = DenseScorer(np.ones((30, 4), np.float32)).topn(queries, 5)
    assert (ids[1] == -1).all()
    assert np.isnan(scores[1]).all()
    assert (ids[[0, 2]] >= 0).all()


@pytest.mark.parametrize("exclude_all", [True, False])
def test_nothing_left_is_padding(rng, exclude_all):
    items, queries = small_ints(rng, 40, 4), np.ones((3, 4), np.float32)
    everything = sp.csr_array(np.ones((3, 40), np.float32)) if exclude_all else None
    allowed = None if exclude_all else np.zeros(40, np.uint8)
    for scorer, asked in (
        (DenseScorer(items), queries),
        (SparseScorer(sp.csr_array(items.T + 5)), sp.csr_array(queries)),
    ):
        ids, scores = scorer.topn(asked, 6, exclude=everything, allowed=allowed)
        assert (ids == -1).all()
        assert np.isnan(scores).all()


@pytest.mark.usefixtures("simd_level")
def test_infinite_scores_are_ordered_and_nan_never_enters():
    huge = np.float32(3e38)
    # Item 1 overflows to inf - inf = NaN where the CPU rounds products (baseline), to inf where it fuses.
    items = np.array([[huge, huge], [huge, -huge], [-huge, -huge], [1, 0]], np.float32)
    scorer, query = DenseScorer(items), np.full((1, 2), huge)
    each = scorer.score(query, [0] * 4, range(4))
    np.testing.assert_array_equal(each[[0, 2, 3]], np.array([np.inf, -np.inf, huge], np.float32))
    ids, scores = scorer.topn(query, 4)
    assert_equal((ids, scores), twin.topn(each[None], 4))
    np.testing.assert_array_equal(
        scorer.rank(query, [0] * 4, range(4)), [1, 4, 3, 2] if np.isnan(each[1]) else [1, 2, 4, 3]
    )


def test_negative_zero_and_cancelled_sums_are_candidates():
    table = sp.csr_array(np.array([[2, -3, 1e-30, 0], [-2, 1, 0, 0]], np.float32))
    scorer = SparseScorer(table)
    ids, scores = scorer.topn(sp.csr_array(np.array([[1, 1], [-1e-30, 0]], np.float32)), 4)
    np.testing.assert_array_equal(
        ids, [[2, 0, 1, -1], [1, 2, 0, -1]]
    )  # -1e-60 underflows to 0, yet was touched
    np.testing.assert_array_equal(scores[0, :3], np.array([1e-30, 0, -2], np.float32))


@pytest.mark.usefixtures("simd_level")
def test_scores_and_ranks_agree_with_the_lists(rng, threads):
    items, queries = rng.standard_normal((333, 19), np.float32), rng.standard_normal((50, 19), np.float32)
    table = sp.random_array((60, 333), density=0.3, rng=rng, dtype=np.float32, format="csr")
    rows = sp.random_array((50, 60), density=0.2, rng=rng, dtype=np.float32, format="csr")
    exclude = sp.random_array((50, 333), density=0.2, rng=rng, dtype=np.float32, format="csr")
    for matrix in (table, rows, exclude):
        matrix.sort_indices()
    for scorer, asked in ((DenseScorer(items), queries), (SparseScorer(table), rows)):
        ids, scores = scorer.topn(asked, 333, exclude=exclude, threads=threads)
        at, place = np.nonzero(ids >= 0)
        shuffled = rng.permutation(len(at))
        at, place = at[shuffled], place[shuffled]
        found = ids[at, place]
        np.testing.assert_array_equal(scorer.score(asked, at, found, threads=threads), scores[at, place])
        ranks = scorer.rank(asked, at, found, exclude=exclude, threads=threads)
        np.testing.assert_array_equal(ranks, place + 1)


@pytest.mark.usefixtures("simd_level")
@pytest.mark.parametrize("pairs", [20, 3])
def test_ranks_among_very_many_items_equal_the_twin(rng, pairs):
    items, queries = rng.standard_normal((9000, 3), np.float32), rng.standard_normal((2, 3), np.float32)
    at, found = np.repeat([1, 0], pairs), rng.integers(0, 9000, 2 * pairs)
    exclude = sp.csr_array((rng.random((2, 9000)) < 0.1).astype(np.float32))
    scores = DenseScorer(items).score_all(queries)
    ranks = DenseScorer(items).rank(queries, at, found, exclude=exclude)
    np.testing.assert_array_equal(ranks, twin.rank(scores, at, found, exclude))


@pytest.mark.usefixtures("simd_level")
@pytest.mark.parametrize("excluded", [False, True])
@pytest.mark.parametrize("every", [1, 5])  # many items of a query are counted otherwise than few
def test_ranks_of_pairs_equal_the_twin(rng, excluded, every):
    items, queries = small_ints(rng, 60, 3), small_ints(rng, 11, 3)
    table, rows = sparse_ints(rng, 20, 60, 0.2), sparse_ints(rng, 11, 20, 0.3)
    exclude = sparse_ints(rng, 11, 60, 0.4) if excluded else None
    at, found = (a[:, ::every].ravel() for a in np.indices((11, 60)))
    dense = queries.astype(np.float64) @ items.T
    ranks = DenseScorer(items).rank(queries, at, found, exclude=exclude)
    np.testing.assert_array_equal(ranks, twin.rank(dense, at, found, exclude))
    shared = DenseScorer(items).mean_rank(queries, at, found, exclude=exclude)
    np.testing.assert_array_equal(shared, twin.mean_rank(dense, at, found, exclude))
    last = DenseScorer(items).last_rank(queries, at, found, exclude=exclude)
    np.testing.assert_array_equal(last, twin.last_rank(dense, at, found, exclude))
    ranks = SparseScorer(table).rank(rows, at, found, exclude=exclude)
    np.testing.assert_array_equal(ranks, twin.rank(twin.sparse_scores(rows, table), at, found, exclude))
    shared = SparseScorer(table).mean_rank(rows, at, found, exclude=exclude)
    np.testing.assert_array_equal(shared, twin.mean_rank(twin.sparse_scores(rows, table), at, found, exclude))
    last = SparseScorer(table).last_rank(rows, at, found, exclude=exclude)
    np.testing.assert_array_equal(last, twin.last_rank(twin.sparse_scores(rows, table), at, found, exclude))
    np.testing.assert_array_equal(
        SparseScorer(table).score(rows, at, found), np.nan_to_num(twin.sparse_scores(rows, table))[at, found]
    )


def test_no_queries_and_no_pairs():
    dense, sparse = (
        DenseScorer(np.ones((4, 2), np.float32)),
        SparseScorer(sp.csr_array((3, 4), dtype=np.float32)),
    )
    for scorer, none in (
        (dense, np.empty((0, 2), np.float32)),
        (sparse, sp.csr_array((0, 3), dtype=np.float32)),
    ):
        assert scorer.topn(none, 3)[0].shape == (0, 3)
        assert scorer.score(none, [], []).shape == (0,)
        assert scorer.rank(none, [], []).shape == (0,)


def test_a_pickled_scorer_holds_no_packed_copy_and_works(rng):
    items = small_ints(rng, 200, 8)
    scorer = DenseScorer(items)
    want = scorer.topn(items[:5], 7)
    data = pickle.dumps(scorer)
    assert len(data) < items.nbytes + 1000
    assert_equal(pickle.loads(data).topn(items[:5], 7), want)
    table = sparse_ints(rng, 30, 40, 0.3)
    sparse = SparseScorer(table)
    want = sparse.topn(table.T.tocsr()[:, :30], 7)
    assert_equal(pickle.loads(pickle.dumps(sparse)).topn(table.T.tocsr()[:, :30], 7), want)


def test_one_scorer_serves_many_threads(rng):
    items, queries = small_ints(rng, 3000, 16), small_ints(rng, 64, 16)
    scorer = DenseScorer(items)
    want = twin.topn(twin.dense_scores(queries, items), 20)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: scorer.topn(queries, 20, threads=2), range(16)):
            assert_equal(got, want)


def test_the_caller_may_change_its_arrays_afterwards(rng):
    items = small_ints(rng, 50, 4)
    scorer, queries = DenseScorer(items), items[:3].copy()
    want = scorer.topn(queries, 5)
    items[:] = 0
    assert_equal(scorer.topn(queries, 5), want)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d, s: d.topn(np.ones((2, 3), np.float32), 2), "same number of factors"),
        (lambda d, s: d.topn(np.full((2, 4), np.nan, np.float32), 2), "queries must be finite"),
        (lambda d, s: d.topn(np.ones((2, 4), np.float32), 0), "n must be at least 1"),
        (lambda d, s: d.topn(np.ones((2, 4), np.float32), 1, exclude=sp.csr_array((1, 9))), "row per query"),
        (
            lambda d, s: d.topn(np.ones((2, 4), np.float32), 1, exclude=sp.csr_array((2, 8))),
            "column per item",
        ),
        (lambda d, s: d.topn(np.ones((2, 4), np.float32), 1, allowed=np.ones(8, np.uint8)), "wrong length"),
        (lambda d, s: d.score(np.ones((2, 4), np.float32), [2], [0]), "pair lies outside"),
        (lambda d, s: d.score(np.ones((2, 4), np.float32), [0], [-1]), "pair lies outside"),
        (lambda d, s: d.rank(np.ones((2, 4), np.float32), [0], [9]), "pair lies outside"),
        (lambda d, s: d.rank(np.ones((2, 4), np.float32), [0, 1], [0]), "wrong length"),
        (lambda d, s: s.topn(sp.csr_array((2, 4)), 2), "column per row of the table"),
        (lambda d, s: s.rank(sp.csr_array((2, 5)), [0], [9]), "pair lies outside"),
        (lambda d, s: s.score(sp.csr_array((2, 5)), [-1], [0]), "pair lies outside"),
        (
            lambda d, s: DenseScorer(np.full((2, 2), np.inf)).topn(np.ones((1, 2)), 1),
            "vectors must be finite",
        ),
    ],
)
def test_what_could_read_out_of_bounds_is_refused(call, message):
    dense, sparse = DenseScorer(np.ones((9, 4), np.float32)), SparseScorer(sp.csr_array((5, 9)))
    with pytest.raises(ValueError, match=message):
        call(dense, sparse)
