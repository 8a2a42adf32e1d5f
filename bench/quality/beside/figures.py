"""How well factors rank: the same evaluation for everybody's."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from bench.peers import quality
from bench.quality.beside.splits import Parts
from scipy.stats import rankdata, t

from tastemaker.retrieval import DenseScorer

_block = 512  # users whose scores for all candidates are held at once


def measure(user: np.ndarray, item: np.ndarray, parts: Parts, metrics: tuple[str, ...]) -> dict[str, float]:
    """Return the mean over test users of "auc" and "ndcg@k" of the scores ``user @ item.T``."""
    user, item = (np.ascontiguousarray(side, dtype=np.float32) for side in (user, item))
    test, seen = parts.test, sp.csr_array(parts.train)
    if parts.candidates is not None:
        item, test, seen = item[parts.candidates], test[:, parts.candidates], seen[:, parts.candidates]
    users = np.flatnonzero(np.diff(test.indptr))
    user, test, seen = user[users], sp.csr_matrix(test[users]), sp.csr_array(seen[users])
    figures = {}
    for metric in metrics:
        if metric == "auc":
            figures[metric] = float(_auc(user, item, test, seen).mean())
        else:
            k = int(metric.removeprefix("ndcg@"))
            lists, _ = DenseScorer(item).topn(user, k, exclude=seen)
            figures[metric] = float(quality.ndcg(lists, test, k).mean())
    return figures


def _auc(user: np.ndarray, item: np.ndarray, test: sp.csr_matrix, seen: sp.csr_array) -> np.ndarray:
    """Return each user's share of rightly ordered pairs of a test item and another; equal scores count one half."""
    found = np.empty(len(user))
    for start in range(0, len(user), _block):
        rows = slice(start, start + _block)
        scores = user[rows] @ item.T
        scores[seen[rows].nonzero()] = -np.inf  # below all others, so subtracted with the negatives
        right = test[rows].toarray() > 0
        ranks = (rankdata(scores, axis=1) * right).sum(axis=1)
        hits, passed = right.sum(axis=1), np.diff(seen[rows].indptr)
        others = scores.shape[1] - hits - passed
        found[rows] = (ranks - hits * (hits + 1) / 2 - hits * passed) / (hits * others)
    return found


def interval(values: list[float]) -> tuple[float, float]:
    """Return the mean over seeds and half the width of its 95 % interval, by Student's t."""
    n = len(values)
    spread = np.std(values, ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return float(np.mean(values)), float(t.ppf(0.975, n - 1) * spread)
