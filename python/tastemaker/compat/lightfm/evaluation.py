"""Metrics of rankings, one number per user."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker._validation import check_bool, check_int, friendly

__all__ = ["auc_score", "precision_at_k", "recall_at_k", "reciprocal_rank"]

Scores = npt.NDArray[Any]


@friendly
def precision_at_k(
    model: Any,
    test_interactions: Any,
    train_interactions: Any = None,
    k: int = 10,
    user_features: Any = None,
    item_features: Any = None,
    preserve_rows: bool = False,
    num_threads: int = 1,
    check_intersections: bool = True,
) -> Scores:
    """Return the share of the first k places that hold a test item.

    Parameters
    ----------
    model : LightFM
    test_interactions : sparse matrix
        Users x items; every stored entry counts.
    train_interactions : sparse matrix, optional
        Left out of the ranking.
    k : int, default 10
    user_features, item_features : sparse matrix, optional
    preserve_rows : bool, default False
        One number for every user; False: only for those with test items.
    num_threads : int, default 1
    check_intersections : bool, default True
        Refuse an entry that is in both matrices.

    Returns
    -------
    ndarray, (users,)
    """
    k = check_int("k", k, low=1)
    ranks = model.predict_rank(
        test_interactions, train_interactions, item_features, user_features, num_threads, check_intersections
    )
    return _kept(_hits(ranks, k) / k, ranks, preserve_rows)


@friendly
def recall_at_k(
    model: Any,
    test_interactions: Any,
    train_interactions: Any = None,
    k: int = 10,
    user_features: Any = None,
    item_features: Any = None,
    preserve_rows: bool = False,
    num_threads: int = 1,
    check_intersections: bool = True,
) -> Scores:
    """Return the share of the test items that are among the first k; 0 without any.

    Parameters
    ----------
    model, test_interactions, train_interactions, k, user_features, item_features, preserve_rows, num_threads
        As in ``precision_at_k``.
    check_intersections : bool, default True
    """
    k = check_int("k", k, low=1)
    ranks = model.predict_rank(
        test_interactions, train_interactions, item_features, user_features, num_threads, check_intersections
    )
    return _kept(_hits(ranks, k) / np.maximum(np.diff(ranks.indptr), 1), ranks, preserve_rows)


@friendly
def auc_score(
    model: Any,
    test_interactions: Any,
    train_interactions: Any = None,
    user_features: Any = None,
    item_features: Any = None,
    preserve_rows: bool = False,
    num_threads: int = 1,
    check_intersections: bool = True,
) -> Scores:
    """Return the chance that a test item stands before an item that the user has not; 0.5 without test items.

    Parameters
    ----------
    model, test_interactions, train_interactions, user_features, item_features, preserve_rows, num_threads
        As in ``precision_at_k``.
    check_intersections : bool, default True
    """
    ranks = model.predict_rank(
        test_interactions, train_interactions, item_features, user_features, num_threads, check_intersections
    )
    counts = np.diff(ranks.indptr).astype(np.int64)
    known = (
        counts if train_interactions is None else counts + sp.csr_matrix(train_interactions).getnnz(axis=1)
    )
    others = ranks.shape[1] - known
    before = _others_before(ranks, counts, apart=train_interactions is None or check_intersections)
    auc = np.where((counts > 0) & (others > 0), 1 - before / np.maximum(counts * others, 1), 0.5)
    return _kept(auc.astype(np.float32), ranks, preserve_rows)


@friendly
def reciprocal_rank(
    model: Any,
    test_interactions: Any,
    train_interactions: Any = None,
    user_features: Any = None,
    item_features: Any = None,
    preserve_rows: bool = False,
    num_threads: int = 1,
    check_intersections: bool = True,
) -> Scores:
    """Return 1 / place of the first test item; 0 without any.

    Parameters
    ----------
    model, test_interactions, train_interactions, user_features, item_features, preserve_rows, num_threads
        As in ``precision_at_k``.
    check_intersections : bool, default True
    """
    ranks = model.predict_rank(
        test_interactions, train_interactions, item_features, user_features, num_threads, check_intersections
    )
    ranks.data = 1 / (ranks.data + 1)
    return _kept(ranks.max(axis=1).toarray().ravel(), ranks, preserve_rows)


def _others_before(ranks: sp.csr_matrix, counts: Scores, *, apart: bool) -> Scores:
    """Return how many items other than test items stand before a user's test items, in sum.

    ``apart``: no test item was left out of the ranking, so that each is behind the better ones.
    """
    if apart:
        sums = np.concatenate([[0.0], np.cumsum(ranks.data, dtype=np.float64)])
        before: Scores = sums[ranks.indptr[1:]] - sums[ranks.indptr[:-1]] - counts * (counts - 1) / 2
        return before
    users = np.repeat(np.arange(ranks.shape[0]), counts)
    # Ranks ascending within each user; one key sorts many times faster than two.
    starts = users * (ranks.shape[1] + 1)
    ordered = np.sort(starts + ranks.data.astype(np.int64)) - starts
    others = np.maximum(ordered - (np.arange(len(ordered)) - ranks.indptr[users]), 0)
    return np.bincount(users, weights=others, minlength=len(counts))


def _hits(ranks: sp.csr_matrix, k: int) -> Scores:
    users = np.repeat(np.arange(ranks.shape[0]), np.diff(ranks.indptr))
    return np.bincount(users[ranks.data < k], minlength=ranks.shape[0])


def _kept(scores: Scores, ranks: sp.csr_matrix, preserve_rows: bool) -> Scores:
    return scores if check_bool("preserve_rows", preserve_rows) else scores[np.diff(ranks.indptr) > 0]
