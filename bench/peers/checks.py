"""Is a result right? Asked once per task and peer, before anything is timed, on a sample of rows in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from bench.peers.weights import weighted

# float32 sums of up to some 10^4 terms: eps * terms, with room; a wrong neighbour or item is off by far more.
_tolerance = 1e-3
_rows = 200


@dataclass(frozen=True)
class Check:
    """Whether a result agrees with the reference, and how closely (largest relative deviation)."""

    right: bool
    text: str


def sample(rows: int, seed: int = 0) -> np.ndarray:
    """Return the rows that are looked at."""
    return np.sort(np.random.default_rng(seed).choice(rows, min(rows, _rows), replace=False))


def check_similarity(train: sp.csr_matrix, similarity: str, neighbors: int, got: sp.csr_matrix) -> Check:
    """Compare each sampled item's largest similarities to other items with those of the formula.

    Values are compared, not ids: among ties any neighbour is right. A missing neighbour counts as zero.
    """
    W = weighted(train, similarity, np.float64)
    items = sample(W.shape[0])
    expected = (W[items] @ W.T).toarray()
    actual = got[items].toarray().astype(np.float64)
    here = np.arange(len(items))
    expected[here, items] = actual[here, items] = 0
    # The values that the peer gives must be the formula's at the same places, and the largest there are.
    given = actual != 0
    wrong = _deviation(actual[given], expected[given])
    kept = _largest(actual, neighbors)
    return _verdict(max(wrong, _deviation(kept, _largest(expected, neighbors))), "similarities")


def same_similarities(ours: sp.csr_matrix, theirs: sp.csr_matrix, neighbors: int) -> Check:
    """Compare all rows of two similarity matrices by their values in descending order, the item itself aside."""
    deviation = 0.0
    for start in range(0, ours.shape[0], 2048):
        rows = np.arange(start, min(start + 2048, ours.shape[0]))
        sides = []
        for matrix in (ours, theirs):
            dense = matrix[rows].toarray().astype(np.float64)
            dense[np.arange(len(rows)), rows] = 0
            sides.append(_largest(dense, neighbors))
        deviation = max(deviation, _deviation(*sides))
    return _verdict(deviation, "similarities")


def check_lists(scores: np.ndarray, lists: np.ndarray, seen: sp.csr_matrix | None) -> Check:
    """Check lists (rows x n, -1: none) against reference scores (rows x items): right values, nothing twice or seen."""
    n = lists.shape[1]
    scores = scores.astype(np.float64)
    if seen is not None:
        scores[seen.nonzero()] = -np.inf
    filled = lists >= 0
    listed = np.where(filled, np.take_along_axis(scores, np.maximum(lists, 0), 1), 0)
    if np.isneginf(listed).any():
        return Check(False, "lists hold items that were seen")
    if any(len(np.unique(row[row >= 0])) < (row >= 0).sum() for row in lists):
        return Check(False, "lists hold an item twice")
    best = -np.sort(-scores, axis=1)[:, :n]
    return _verdict(_deviation(listed, np.where(np.isneginf(best), 0, best)), "scores of the lists")


def _largest(dense: np.ndarray, k: int) -> np.ndarray:
    """Return the k largest values of each row, descending."""
    k = min(k, dense.shape[1])
    return -np.sort(np.partition(-dense, k - 1, axis=1)[:, :k], axis=1)


def _deviation(actual: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest deviation relative to the scale of what is expected."""
    if actual.size == 0:
        return 0.0
    scale = np.abs(expected).max() or 1.0
    return float(np.abs(actual - expected).max() / scale)


def _verdict(deviation: float, what: str) -> Check:
    right = bool(deviation <= _tolerance)  # False for NaN
    distance = "equal" if deviation == 0 else f"{'within' if right else 'off by'} {deviation:.0e}"
    return Check(right, f"{what} {distance}")
