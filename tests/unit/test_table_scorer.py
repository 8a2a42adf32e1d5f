"""Top-N, scores and ranks of sparse queries against a dense table, against the numpy twin."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import topn as twin

from tastemaker.retrieval import TableScorer

# Around the panel widths of all levels: 16, 32 and 64 items.
SIZES = [1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129, 700]


def small_ints(rng, *shape):
    """Floats so small and whole that every sum is exact: equality can be asked for, and ties abound."""
    return rng.integers(-2, 3, shape).astype(np.float32)


def sparse_ints(rng, rows, cols, density):
    return sp.csr_array(small_ints(rng, rows, cols) * (rng.random((rows, cols)) < density))


def twin_scores(queries, table):
    scores = queries.toarray() @ table
    scores[np.diff(queries.indptr) == 0] = np.nan
    return scores


@pytest.mark.usefixtures("simd_level")
@pytest.mark.parametrize("n_queries", [3, 90])  # few read the table in place, many use packed panels
@pytest.mark.parametrize("n_items", SIZES)
def test_equals_the_twin(rng, n_items, n_queries, threads):
    table, queries = small_ints(rng, 30, n_items), sparse_ints(rng, n_queries, 30, 0.3)
    exclude = sparse_ints(rng, n_queries, n_items, 0.4)
    allowed = (rng.random(n_items) < 0.7).astype(np.uint8)
    scores = twin_scores(queries, table)
    for n in (1, 3, n_items + 4):
        for drop, mask in ((None, None), (exclude, None), (None, allowed), (exclude, allowed)):
            got = TableScorer(table).topn(queries, n, exclude=drop, allowed=mask, threads=threads)
            want = twin.topn(twin.keep(scores, drop, mask), n)
            np.testing.assert_array_equal(got[0], want[0])
            np.testing.assert_array_equal(got[1], want[1])


@pytest.mark.usefixtures("simd_level")
@pytest.mark.parametrize("n_queries", [3, 90])
@pytest.mark.parametrize("n_items", [1, 33, 129])
def test_pairs_equal_the_twin(rng, n_items, n_queries, threads):
    table, queries = small_ints(rng, 30, n_items), sparse_ints(rng, n_queries, 30, 0.3)
    exclude = sparse_ints(rng, n_queries, n_items, 0.4)
    rows, items = rng.integers(0, n_queries, 400), rng.integers(0, n_items, 400)
    scorer = TableScorer(table)
    scores = queries.toarray() @ table
    np.testing.assert_array_equal(scorer.score(queries, rows, items, threads=threads), scores[rows, items])
    for drop in (None, exclude):
        got = scorer.rank(queries, rows, items, exclude=drop, threads=threads)
        np.testing.assert_array_equal(got, twin.rank(scores, rows, items, drop))
        shared = scorer.mean_rank(queries, rows, items, exclude=drop, threads=threads)
        np.testing.assert_array_equal(shared, twin.mean_rank(scores, rows, items, drop))
        last = scorer.last_rank(queries, rows, items, exclude=drop, threads=threads)
        np.testing.assert_array_equal(last, twin.last_rank(scores, rows, items, drop))


@pytest.mark.usefixtures("simd_level")
def test_a_score_has_the_same_bits_wherever_it_is_computed(rng, threads):
    table = rng.standard_normal((50, 201)).astype(np.float32)
    queries = sp.random_array((120, 50), density=0.3, rng=rng, dtype=np.float32).tocsr()
    scorer = TableScorer(table)
    ids, scores = scorer.topn(queries, 201, threads=threads)
    rows, places = np.nonzero(ids >= 0)
    np.testing.assert_array_equal(scorer.score(queries, rows, ids[rows, places]), scores[rows, places])
    np.testing.assert_array_equal(scorer.rank(queries, rows, ids[rows, places], threads=threads), places + 1)
    for row in (0, 77):
        np.testing.assert_array_equal(scorer.topn(queries[[row]], 201)[1][0], scores[row])


def test_a_score_that_is_not_a_number_enters_no_list():
    table = np.array([[np.inf, 1.0, 0.0], [-np.inf, 1.0, 0.0]], np.float32)
    query = sp.csr_array(np.ones((1, 2), np.float32))
    ids, _ = TableScorer(table).topn(query, 3)
    np.testing.assert_array_equal(ids, [[1, 2, -1]])
    assert np.isnan(TableScorer(table).score(query, [0], [0]))[0]
    np.testing.assert_array_equal(TableScorer(table).rank(query, [0, 0, 0], [0, 1, 2]), [3, 1, 2])


def test_a_pickle_answers_alike(rng):
    scorer, query = TableScorer(small_ints(rng, 4, 70)), sparse_ints(rng, 5, 4, 0.7)
    want = scorer.topn(query, 6)
    got = pickle.loads(pickle.dumps(scorer)).topn(query, 6)
    np.testing.assert_array_equal(got[0], want[0])


def test_what_does_not_fit_is_refused(rng):
    scorer = TableScorer(small_ints(rng, 4, 70))
    with pytest.raises(ValueError, match="a column per row of the table"):
        scorer.topn(sparse_ints(rng, 2, 5, 0.5), 3)
    with pytest.raises(ValueError, match="a row per query"):
        scorer.topn(sparse_ints(rng, 2, 4, 0.5), 3, exclude=sparse_ints(rng, 3, 70, 0.5))
    for call in (scorer.score, scorer.rank):
        with pytest.raises(ValueError, match="a pair lies outside"):
            call(sparse_ints(rng, 2, 4, 0.5), [0], [70])
        with pytest.raises(ValueError, match="a column per row of the table"):
            call(sparse_ints(rng, 2, 5, 0.5), [0], [0])
