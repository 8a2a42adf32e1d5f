"""The lists of test users, and what the metrics of each list are computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Lists:
    """What a model gave each test user, and what is known of the user.

    Attributes
    ----------
    ids : ndarray of int32 (users x n)
        Recommended items, best first, -1 after the end of a list.
    truth : csr_array (users x items)
        A stored entry is a relevant item; each user has at least one.
    ranks : ndarray of float64, one per stored entry of truth, or None
        Place of the item, from 1, among the user's candidates; the mean place where scores are tied. None where no
        metric takes it.
    candidates : ndarray of int32 (users,)
        Number of items that could be recommended, the relevant ones included.
    activity : ndarray of int64 (users,)
        Number of items in the user's history.
    taste : ndarray of float64 (users,)
        Mean popularity of the items in the history; 0 without one.
    """

    ids: np.ndarray
    truth: sp.csr_array
    ranks: np.ndarray | None
    candidates: np.ndarray
    activity: np.ndarray
    taste: np.ndarray

    def take(self, users: np.ndarray) -> Lists:
        """Return the lists of some users."""
        entries = np.zeros(len(self.ids), dtype=bool)
        entries[users] = True
        of_entries = np.repeat(entries, np.diff(self.truth.indptr))
        return Lists(
            self.ids[users],
            self.truth[users],
            None if self.ranks is None else self.ranks[of_entries],
            self.candidates[users],
            self.activity[users],
            self.taste[users],
        )

    def with_relevant(self, entries: np.ndarray) -> Lists:
        """Return the lists of the users who have one of some relevant items, which alone count as relevant.

        Parameters
        ----------
        entries : ndarray of bool, one per stored entry of truth
        """
        truth = self.truth.copy()
        truth.data = entries.astype(np.float32)
        truth.eliminate_zeros()
        ranks = None if self.ranks is None else self.ranks[entries]
        return replace(self, truth=truth, ranks=ranks).take(np.flatnonzero(np.diff(truth.indptr)))
