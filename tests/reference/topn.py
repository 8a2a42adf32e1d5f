"""Naive twins of the top-N kernels, from their definitions; import nothing of ours.

A matrix of scores holds NaN where an item is no candidate of a query.
"""

import numpy as np
import scipy.sparse as sp


def dense_scores(queries, items):
    """Scores in float64 of all items; a row of zeros has no candidates."""
    scores = queries.astype(np.float64) @ items.astype(np.float64).T
    scores[~queries.any(axis=1)] = np.nan
    return scores


def sparse_scores(queries, table):
    """Sums in float64; items that no stored entry touches are no candidates."""
    scores = (queries.astype(np.float64) @ table.astype(np.float64)).toarray()
    touched = _pattern(queries) @ _pattern(table)
    scores[touched.toarray() == 0] = np.nan
    return scores


def _pattern(matrix):
    return sp.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)


def keep(scores, exclude=None, allowed=None):
    """Scores with NaN for what is excluded or not allowed."""
    scores = scores.copy()
    if exclude is not None:
        for row in range(len(scores)):
            scores[row, exclude.indices[exclude.indptr[row] : exclude.indptr[row + 1]]] = np.nan
    if allowed is not None:
        scores[:, allowed == 0] = np.nan
    return scores


def topn(scores, n):
    """Best n of each row: score descending, then index ascending; padded with -1 and NaN."""
    ids = np.full((len(scores), n), -1, dtype=np.int32)
    best = np.full((len(scores), n), np.nan, dtype=np.float32)
    for row, values in enumerate(scores):
        order = sorted(np.flatnonzero(~np.isnan(values)), key=lambda i: (-values[i], i))[:n]
        ids[row, : len(order)] = order
        best[row, : len(order)] = values[order]
    return ids, best


def rank(scores, rows, items, exclude=None):
    """Place of each pair's item among the candidates that are not excluded; items without a score come last."""
    ranks = []
    for row, item in zip(rows, items, strict=True):
        hidden = (
            set() if exclude is None else set(exclude.indices[exclude.indptr[row] : exclude.indptr[row + 1]])
        )
        values = np.where(np.isnan(scores[row]), -np.inf, scores[row])
        others = [j for j in range(len(values)) if j not in hidden or j == item]
        ranks.append(1 + sorted(others, key=lambda j: (-values[j], j)).index(item))
    return np.array(ranks, dtype=np.int64)


def mean_rank(scores, rows, items, exclude=None):
    """The same, where items of equal score share the mean of their places."""
    return _rank_among_equals(scores, rows, items, exclude, 0.5)


def last_rank(scores, rows, items, exclude=None):
    """The same, where each of the items of equal score gets the last of their places."""
    return _rank_among_equals(scores, rows, items, exclude, 1)


def _rank_among_equals(scores, rows, items, exclude, each):
    ranks = []
    for row, item in zip(rows, items, strict=True):
        hidden = set() if exclude is None else set(exclude[[row]].indices)
        values = np.where(np.isnan(scores[row]), -np.inf, scores[row])
        others = [j for j in range(len(values)) if j not in hidden and j != item]
        before = [1 if values[j] > values[item] else each for j in others if values[j] >= values[item]]
        ranks.append(1 + sum(before))
    return np.array(ranks)
