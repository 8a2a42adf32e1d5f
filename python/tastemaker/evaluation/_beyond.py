"""Beyond accuracy: how novel, how varied and how popular what is recommended is, per user."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

# Lists whose vectors are summed at once: a row can be as dense as there are training users.
_block_lists = 512


class Catalogue:
    """What the training part says about the items.

    Parameters
    ----------
    train : csr_array (training users x items)
    """

    def __init__(self, train: sp.csr_array) -> None:
        self._train = train
        n_users, n_items = train.shape
        self.popularity = np.bincount(train.indices, minlength=n_items).astype(np.float64)
        # An item that nobody has counts as one that a single user has: its information would be infinite.
        self._information = -np.log2(np.maximum(self.popularity, 1) / n_users)
        interactions = self.popularity.sum()
        self._usual = (self.popularity**2).sum() / interactions if interactions else 1.0

    def novelty(self, ids: np.ndarray, known: sp.csr_array) -> np.ndarray:
        """Return the mean of -log2(share of training users who have the item) over each list."""
        return _mean_over_lists(self._information, ids)

    def popularity_lift(self, ids: np.ndarray, known: sp.csr_array) -> np.ndarray:
        """Return the mean popularity of each list over that of the user's history."""
        sizes = np.diff(known.indptr)
        pattern = sp.csr_array((np.ones(known.nnz), known.indices, known.indptr), known.shape)
        history = (pattern @ self.popularity) / np.maximum(sizes, 1)
        # Without a history, or with one of items that training lacks: the mean over all interactions.
        return _mean_over_lists(self.popularity, ids) / np.where(history > 0, history, self._usual)

    def diversity(self, ids: np.ndarray, known: sp.csr_array) -> np.ndarray:
        """Return 1 less the mean cosine of the training columns of each list's pairs of items."""
        vectors = self._unit_columns()
        own = np.asarray((vectors.multiply(vectors)).sum(axis=1)).ravel()
        sums = np.concatenate(
            [
                _squared_norms(_lists(ids[at : at + _block_lists], len(own)) @ vectors)
                for at in range(0, len(ids), _block_lists)
            ]
        )
        sizes = (ids >= 0).sum(axis=1)
        # The squared norm of a sum of vectors holds each pair's product twice, and each vector's with itself.
        twice_pairs = sums - _lists(ids, len(own)) @ own
        has_pairs = sizes > 1
        return np.where(has_pairs, 1 - twice_pairs / np.maximum(sizes * (sizes - 1), 1), 0.0)

    def _unit_columns(self) -> sp.csr_array:
        columns = sp.csr_array(self._train.T.astype(np.float64))
        norms = np.sqrt(_squared_norms(columns))
        columns.data /= np.repeat(norms, np.diff(columns.indptr))
        return columns


beyond_metrics: dict[str, Callable[[Catalogue, np.ndarray, sp.csr_array], np.ndarray]] = {
    "novelty": Catalogue.novelty,
    "diversity": Catalogue.diversity,
    "popularity_lift": Catalogue.popularity_lift,
}


def auc_of_ranks(ranks: np.ndarray, truth: sp.csr_array, candidates: np.ndarray) -> np.ndarray:
    """Return each user's area under the ROC curve from the places of the relevant items.

    Parameters
    ----------
    ranks : ndarray of int64, one per stored entry of truth
        Place, from 1, among the user's candidates.
    truth : csr_array (users x items), at least one entry per row
    candidates : ndarray of int64 (users,)
        Number of items ranked, the relevant ones included.
    """
    relevant = np.diff(truth.indptr).astype(np.float64)
    others = candidates - relevant
    # Wilcoxon: the places beyond 1, 2, ..., relevant count the other items put before relevant ones.
    wrong = np.add.reduceat(ranks, truth.indptr[:-1]) - relevant * (relevant + 1) / 2
    return np.where(others > 0, 1 - wrong / np.maximum(relevant * others, 1), 1.0)


def _lists(ids: np.ndarray, n_items: int) -> sp.csr_array:
    present = ids >= 0
    indptr = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    return sp.csr_array((np.ones(indptr[-1]), ids[present], indptr), (len(ids), n_items))


def _mean_over_lists(values: np.ndarray, ids: np.ndarray) -> np.ndarray:
    present = ids >= 0
    mean: np.ndarray = np.where(present, values[ids], 0.0).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    return mean


def _squared_norms(rows: sp.csr_array) -> np.ndarray:
    return np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
