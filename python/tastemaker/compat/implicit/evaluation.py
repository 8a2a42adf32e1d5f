"""Splits and ranking metrics as implicit defines them; `tastemaker.evaluate` has the textbook's, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_coo, check_float, check_int, friendly
from tastemaker.compat.implicit._arguments import max_size, sparse, thread_count
from tastemaker.compat.implicit.utils import check_random_state
from tastemaker.errors import DataError
from tastemaker.models._training import progress_bar

__all__ = [
    "AUC_at_k",
    "leave_k_out_split",
    "mean_average_precision_at_k",
    "ndcg_at_k",
    "precision_at_k",
    "ranking_metrics_at_k",
    "train_test_split",
]

Parts: TypeAlias = tuple[sp.csr_matrix, sp.csr_matrix]

_batch_size = 1000


@friendly
def train_test_split(ratings: Any, train_percentage: float = 0.8, random_state: Any = None) -> Parts:
    """Put each interaction into train with a probability, else into test; dislikes are left out of test.

    Parameters
    ----------
    ratings : sparse matrix
    train_percentage : float, default 0.8
        The probability, within [0, 1].
    random_state : int, RandomState, Generator or None
        A seed gives the split that it gives in implicit.

    Returns
    -------
    (train, test) : csr_matrix, of the shape and dtype of ratings
    """
    share = check_float("train_percentage", train_percentage, low=0, high=1)
    sparse("ratings", ratings)
    entries = as_coo("ratings", ratings)
    chosen = check_random_state(random_state).random(len(entries.data)) < share
    return _part(entries, chosen), _part(entries, ~chosen & (entries.data > 0))


@friendly
def leave_k_out_split(
    ratings: Any, K: int = 1, train_only_size: float = 0.0, random_state: Any = None
) -> Parts:
    """Put K interactions of each user with more than K + 1 of them into test, all others into train.

    Parameters
    ----------
    ratings : sparse matrix
        Users x items.
    K : int, default 1
    train_only_size : float, default 0.0
        Share of the users, within [0, 1), who stay in train.
    random_state : int, RandomState, Generator or None

    Returns
    -------
    (train, test) : csr_matrix, of the shape and dtype of ratings
    """
    K = check_int("K", K, low=1)
    share = check_float("train_only_size", train_only_size, low=0, high=1)
    sparse("ratings", ratings)
    entries = as_coo("ratings", ratings)
    rng = check_random_state(random_state)
    users, counts = np.unique(entries.row, return_counts=True)
    eligible = counts > K + 1
    if share > 0:
        eligible[rng.choice(len(users), size=max(1, int(len(users) * share)), replace=False)] = False
    # Within each user in random order, the first K are the test part.
    order = np.lexsort((rng.random(len(entries.row)), entries.row))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = (place < K) & np.isin(entries.row, users[eligible])
    return _part(entries, ~chosen), _part(entries, chosen)


def precision_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> float:
    """Return the hits of all users together, divided by the sum of ``min(K, test items)``.

    Parameters
    ----------
    model, train_user_items, test_user_items, K, show_progress, num_threads
        As in ``ranking_metrics_at_k``.
    """
    return _metrics(model, train_user_items, test_user_items, K, show_progress, num_threads)["precision"]


def mean_average_precision_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> float:
    """Return the mean over users of the precisions at their hits, summed and divided by ``min(K, test items)``."""
    return _metrics(model, train_user_items, test_user_items, K, show_progress, num_threads)["map"]


def ndcg_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> float:
    """Return the mean over users of their discounted gain, divided by that of the best list."""
    return _metrics(model, train_user_items, test_user_items, K, show_progress, num_threads)["ndcg"]


def AUC_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> float:
    """Return the mean over users of the area under the ROC curve, when items beyond the list are in random order."""
    return _metrics(model, train_user_items, test_user_items, K, show_progress, num_threads)["auc"]


def ranking_metrics_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> dict[str, float]:
    """Return ``{"precision", "map", "ndcg", "auc"}`` of a model's lists of K items; see the functions of these names.

    Parameters
    ----------
    model : RecommenderBase
        Anything with implicit's ``recommend``.
    train_user_items : sparse matrix
        Users x items: what each user had in training, which is left out of the lists.
    test_user_items : sparse matrix
        Users x items: what each user's list should hold. Users without entries are left out.
    K : int, default 10
    show_progress : bool, default True
    num_threads : int, default 1
        Checked and not used, as in implicit: the model has its own.
    """
    return _metrics(model, train_user_items, test_user_items, K, show_progress, num_threads)


def _part(entries: Any, chosen: np.ndarray) -> sp.csr_matrix:
    """Return some entries of a COO matrix."""
    places = entries.row[chosen], entries.col[chosen]
    return sp.csr_matrix((entries.data[chosen], places), shape=entries.shape, dtype=entries.dtype)


def _metrics(
    model: Any, train: Any, test: Any, K: int, show_progress: bool, num_threads: int
) -> dict[str, float]:
    K = check_int("K", K, low=1, high=max_size)
    thread_count(num_threads)
    test = sparse("test_user_items", test)
    train = sp.csr_matrix(sparse("train_user_items", train, test.shape))
    if test.nnz == 0:
        raise DataError("`test_user_items` must hold at least one interaction, got none.")
    deepest = min(K, test.shape[1])
    per_user = [
        _of_users(ids, truth, deepest) for ids, truth in _lists(model, train, test, deepest, show_progress)
    ]
    hits, precision, ndcg, auc, relevant = np.concatenate(per_user, axis=1)
    possible = np.minimum(K, relevant)
    return {
        "precision": float(hits.sum() / possible.sum()),
        "map": float((precision / possible).mean()),
        "ndcg": float(ndcg.mean()),
        "auc": float(auc.mean()),
    }


def _lists(
    model: Any, train: sp.csr_matrix, test: sp.csr_array, K: int, show_progress: bool
) -> Iterator[tuple[np.ndarray, sp.csr_array]]:
    """Yield (recommended ids, test rows) of the users with test items, batch by batch."""
    users = np.flatnonzero(np.diff(test.indptr))
    with progress_bar("users", len(users), "user", bool(show_progress)) as advance:
        for start in range(0, len(users), _batch_size):
            batch = users[start : start + _batch_size]
            ids, _ = model.recommend(batch, train[batch], N=K)
            yield ids, test[batch]
            advance(steps=len(batch))


def _of_users(ids: np.ndarray, truth: sp.csr_array, K: int) -> np.ndarray:
    """Return (hits, sum of precisions at hits, NDCG, AUC, relevant items) of each user, by column."""
    items = truth.shape[1]
    relevant = np.diff(truth.indptr)
    rows = np.repeat(np.arange(len(relevant)), relevant)
    pairs = np.arange(len(ids))[:, None] * np.int64(items) + ids
    hit = (ids >= 0) & np.isin(pairs, rows * np.int64(items) + truth.indices)
    width = ids.shape[1]  # less than K where a model has fewer items to choose from
    found = hit.cumsum(axis=1)
    precisions = (hit * found / np.arange(1, width + 1)).sum(axis=1)
    gain = 1 / np.log2(np.arange(2, K + 2))
    ideal = gain.cumsum()[np.minimum(K, relevant) - 1]
    # The area: each irrelevant item of the list lies below the hits before it; those beyond the list, on average,
    # below all of its hits and half of the relevant items that it lacks.
    missed = (ids >= 0) & ~hit
    beyond = items - relevant - missed.sum(axis=1)
    below = (missed * found).sum(axis=1) + (found[:, -1] + relevant) / 2 * beyond
    pairs_in_all = relevant * (items - relevant)
    auc = np.divide(below, pairs_in_all, out=np.ones(len(below)), where=pairs_in_all > 0)
    return np.stack([found[:, -1], precisions, hit @ gain[:width] / ideal, auc, relevant])
