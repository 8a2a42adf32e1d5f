"""Properties of top-N retrieval on arbitrary small problems."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import topn as twin

from tastemaker import _core
from tastemaker.retrieval import DenseScorer, SparseScorer


@dataclass
class Problem:
    scorer: DenseScorer | SparseScorer
    queries: np.ndarray | sp.csr_array
    scores: np.ndarray  # float64, NaN for no candidate
    magnitude: np.ndarray  # sum of the absolute terms of each score
    n: int
    exclude: sp.csr_array | None
    allowed: np.ndarray | None

    def topn(self, threads=1, rows=slice(None)):
        exclude = None if self.exclude is None else self.exclude[rows]
        return self.scorer.topn(
            self.queries[rows], self.n, exclude=exclude, allowed=self.allowed, threads=threads
        )


@st.composite
def problems(draw, kind=None, whole=None):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = kind or draw(st.sampled_from(["dense", "sparse"]))
    whole = draw(st.booleans()) if whole is None else whole
    n_queries, n_items, inner = draw(st.integers(1, 40)), draw(st.integers(1, 200)), draw(st.integers(1, 70))

    def values(*shape):
        return (
            rng.integers(-2, 3, shape).astype(np.float32) if whole else rng.standard_normal(shape, np.float32)
        )

    def sparse(rows, cols):
        return sp.csr_array(
            values(rows, cols) * (rng.random((rows, cols)) < draw(st.sampled_from([0.02, 0.3, 1])))
        )

    if kind == "dense":
        items, queries = values(n_items, inner), values(n_queries, inner)
        scorer, scores = DenseScorer(items), twin.dense_scores(queries, items)
        magnitude = np.abs(queries) @ np.abs(items).T
    else:
        table, queries = sparse(inner, n_items), sparse(n_queries, inner)
        scorer, scores = SparseScorer(table), twin.sparse_scores(queries, table)
        magnitude = (abs(queries) @ abs(table)).toarray()
    exclude = sparse(n_queries, n_items) if draw(st.booleans()) else None
    allowed = (rng.random(n_items) < rng.random()).astype(np.uint8) if draw(st.booleans()) else None
    return Problem(scorer, queries, scores, magnitude, draw(st.integers(1, n_items + 3)), exclude, allowed)


def assert_same(got, want):
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])


@given(problems(whole=True))
def test_exact_arithmetic_gives_exactly_the_twin(problem):
    want = twin.topn(twin.keep(problem.scores, problem.exclude, problem.allowed), problem.n)
    assert_same(problem.topn(), want)


@given(problems(), st.integers(0, 2**32 - 1))
def test_neither_threads_nor_the_batch_change_a_bit(problem, seed):
    want = problem.topn(threads=1)
    for threads in (3, 7):
        assert_same(problem.topn(threads=threads), want)
    rows = np.random.default_rng(seed).permutation(problem.queries.shape[0])
    assert_same(problem.topn(rows=rows), (want[0][rows], want[1][rows]))
    one = np.array([rows[0]])
    assert_same(problem.topn(rows=one), (want[0][one], want[1][one]))


@given(problems(whole=False))
def test_every_level_orders_what_rounding_cannot_confuse(problem):
    """A dot product of f terms errs by at most (f + 1) eps times the sum of their magnitudes, at every level."""
    terms = problem.queries.shape[1] + 1
    bound = np.nan_to_num(problem.magnitude).max(initial=0) * terms * 2.0**-24
    kept = twin.keep(problem.scores, problem.exclude, problem.allowed)
    want_ids, want = twin.topn(kept, problem.n)
    before = _core.simd_level()
    try:
        for level in _core.available_simd_levels():
            _core.set_simd_level(level)
            problem.scorer._core = None
            ids, scores = problem.topn()
            np.testing.assert_array_equal(ids >= 0, want_ids >= 0)
            # Two lists that are sorted with errors up to the bound differ by at most the bound, place by place.
            np.testing.assert_allclose(scores, want, rtol=1e-6, atol=bound)
            for row in range(len(ids)):
                values = kept[row][~np.isnan(kept[row])]
                gaps = np.abs(values[:, None] - values).astype(np.float64)
                np.fill_diagonal(gaps, np.inf)
                if len(values) == 0 or gaps.min() > 2 * bound:
                    np.testing.assert_array_equal(ids[row], want_ids[row])
    finally:
        _core.set_simd_level(before)


@given(problems(), st.integers(0, 2**32 - 1))
def test_scores_and_ranks_agree_with_the_lists(problem, seed):
    problem.allowed, problem.n = None, problem.scores.shape[1]
    ids, scores = problem.topn()
    at, place = np.nonzero(ids >= 0)
    order = np.random.default_rng(seed).permutation(len(at))
    at, place = at[order], place[order]
    np.testing.assert_array_equal(
        problem.scorer.score(problem.queries, at, ids[at, place]), scores[at, place]
    )
    ranks = problem.scorer.rank(problem.queries, at, ids[at, place], exclude=problem.exclude)
    np.testing.assert_array_equal(ranks, place + 1)


@given(problems(kind="dense", whole=True), st.integers(0, 2**32 - 1))
def test_renaming_the_items_renames_the_answers(problem, seed):
    """Where no two scores tie, the order of the items does not matter."""
    order = np.random.default_rng(seed).permutation(problem.scores.shape[1])
    renamed = DenseScorer(problem.scorer.items[order])
    exclude = None if problem.exclude is None else problem.exclude[:, order].sorted_indices()
    allowed = None if problem.allowed is None else problem.allowed[order]
    ids, scores = problem.topn()
    new_ids, new_scores = renamed.topn(problem.queries, problem.n, exclude=exclude, allowed=allowed)
    np.testing.assert_array_equal(new_scores, scores)
    for row in range(len(ids)):
        untied = [
            i
            for i, s in zip(ids[row], scores[row], strict=True)
            if i >= 0 and (problem.scores[row] == s).sum() == 1
        ]
        back = {int(order[i]) for i in new_ids[row] if i >= 0}
        assert back.issuperset(untied)
