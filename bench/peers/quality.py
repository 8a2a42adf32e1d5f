"""How good is a result: NDCG of the lists by our own evaluation, and the training objective."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._validation import csr_parts

_z = 1.96  # half-width of a 95 % interval, in standard errors


@dataclass(frozen=True)
class Estimate:
    """A mean over users with the half-width of its 95 % interval."""

    value: float
    half_width: float

    @classmethod
    def of(cls, per_user: np.ndarray) -> Estimate:
        """Estimate the mean of a figure per user."""
        return cls(float(per_user.mean()), float(_z * per_user.std(ddof=1) / np.sqrt(len(per_user))))


def ndcg(lists: np.ndarray, test: sp.csr_matrix, n: int = 10) -> np.ndarray:
    """Return NDCG@n of every user who has test items."""
    judged = np.flatnonzero(np.diff(test.indptr))
    truth = sp.csr_array(test[judged])
    truth.sort_indices()
    ids = np.ascontiguousarray(lists[judged, :n], dtype=np.int32)
    candidates = np.full(len(ids), test.shape[1], np.int32)  # NDCG does not depend on them
    values = _core.rank_users(ids, csr_parts(truth), candidates, np.array([n], np.int32), 1)
    return np.asarray(values[_core.ranking_metric_names().index("ndcg"), 0])


def als_objective(
    train: sp.csr_matrix, user: np.ndarray, item: np.ndarray, alpha: float, reg: float
) -> float:
    """Return the implicit-feedback objective per interaction, summed in float64.

    sum over observed of alpha x (1 - s)^2, plus sum over all others of s^2, plus reg (|U|^2 + |V|^2).
    """
    grams = [side.astype(np.float64).T @ side.astype(np.float64) for side in (user, item)]
    total = float((grams[0] * grams[1]).sum())  # s^2 of every pair
    for start in range(0, train.shape[0], 4096):
        block = train[start : start + 4096]
        rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)) + start
        for part in np.array_split(np.arange(block.nnz), block.nnz // 200_000 + 1):
            s = np.einsum("pf,pf->p", user[rows[part]], item[block.indices[part]]).astype(np.float64)
            total += float((alpha * block.data[part] * (1 - s) ** 2 - s**2).sum())
    return (total + reg * float(np.trace(grams[0]) + np.trace(grams[1]))) / train.nnz
