"""Beyond accuracy: how novel, varied and popular what is recommended is, and how much of the catalogue it covers."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._validation import csr_parts


class Catalogue:
    """What the training part says about the items.

    Parameters
    ----------
    train : csr_array (training users x items)

    Attributes
    ----------
    popularity : ndarray of float64 (items,)
        Number of training users who have the item.
    """

    def __init__(self, train: sp.csr_array) -> None:
        self._vectors = csr_parts(sp.csr_array(train.T))
        n_users, n_items = train.shape
        self.popularity = np.bincount(train.indices, minlength=n_items).astype(np.float64)
        # An item that nobody has counts as one that a single user has: its information would be infinite.
        self._information = -np.log2(np.maximum(self.popularity, 1) / n_users)
        interactions = self.popularity.sum()
        self._usual = (self.popularity**2).sum() / interactions if interactions else 1.0

    def novelty(self, ids: np.ndarray) -> np.ndarray:
        """Return the mean of -log2(share of training users who have the item) over each list."""
        return _mean_over_lists(self._information, ids)

    def popularity_lift(self, ids: np.ndarray, taste: np.ndarray) -> np.ndarray:
        """Return the mean popularity of each list over that of the user's history."""
        # Without a history, or with one of items that training lacks: the mean over all interactions.
        return _mean_over_lists(self.popularity, ids) / np.where(taste > 0, taste, self._usual)

    def diversity(self, ids: np.ndarray, cutoffs: np.ndarray, threads: int) -> np.ndarray:
        """Return 1 less the mean cosine of the training columns of each list's pairs: cutoffs x users."""
        return _core.list_diversity(ids, self._vectors, cutoffs, threads)

    def coverage(self, ids: np.ndarray) -> np.ndarray:
        """Return the share of items that any list holds, as values per user of which it is the mean.

        Coverage is no mean over users, and a bootstrap of it is biased: samples of users with repetition hold fewer
        distinct lists. The values are therefore those of the jackknife: with s(u) the number of items that user u
        alone is recommended, which the coverage of the other users lacks, user u has

            coverage + (n - 1) * (s(u) - mean s) / items.

        The standard error of their mean is the jackknife's of the coverage: for what n other such users would cover
        it is too large rather than too small (B. Efron, C. Stein, "The jackknife estimate of variance", Annals of
        Statistics 1981), by up to two times where nearly all items are covered.
        """
        present, n_items = ids >= 0, len(self.popularity)
        holders = np.bincount(ids[present], minlength=n_items)
        alone = ((holders[ids] == 1) & present).sum(axis=1)
        covered = np.count_nonzero(holders)
        values: np.ndarray = (covered + (len(ids) - 1) * (alone - alone.mean())) / n_items
        return values


def auc_of_ranks(ranks: np.ndarray, truth: sp.csr_array, candidates: np.ndarray) -> np.ndarray:
    """Return each user's area under the ROC curve from the places of the relevant items.

    Parameters
    ----------
    ranks : ndarray of float64, one per stored entry of truth
        Place, from 1, among the user's candidates; the mean place where scores are tied.
    truth : csr_array (users x items), at least one entry per row
    candidates : ndarray of int32 (users,)
        Number of items ranked, the relevant ones included.
    """
    relevant = np.diff(truth.indptr).astype(np.float64)
    others = candidates - relevant
    # Wilcoxon: the places beyond 1, 2, ..., relevant count the other items put before relevant ones.
    wrong = np.add.reduceat(ranks, truth.indptr[:-1]) - relevant * (relevant + 1) / 2
    return np.where(others > 0, 1 - wrong / np.maximum(relevant * others, 1), 1.0)


def _mean_over_lists(values: np.ndarray, ids: np.ndarray) -> np.ndarray:
    present = ids >= 0
    mean: np.ndarray = np.where(present, values[ids], 0.0).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    return mean
