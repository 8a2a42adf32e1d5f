"""From embeddings and biases to vectors whose product is the score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def with_ones(representations: Array) -> Array:
    """Return [p, b_i, 1] of each item."""
    items: Array = np.hstack([representations, np.ones((len(representations), 1), np.float32)])
    return items


def standardized(users: Array, items: Array) -> Array:
    """Return users whose scores of the items have mean 0 and deviation 1; zeros where all scores are equal."""
    mean = items.mean(axis=0, dtype=np.float64)
    spread = np.cov(items.T, bias=True)
    deviations = np.sqrt(np.maximum(((users @ spread) * users).sum(axis=1), 0))
    moved = users.astype(np.float64)
    moved[:, -1] -= users @ mean
    moved[deviations <= 1e-6 * np.abs(users).max(axis=1, initial=0)] = 0
    standard: Array = (moved / np.where(deviations > 0, deviations, 1)[:, None]).astype(np.float32)
    return standard


def queries_of(representations: Array, known: np.ndarray) -> Array:
    """Return [q, 1, b_u] for each user; zeros, which prefer nothing, for those of whom nothing is known."""
    ones = np.ones((len(representations), 1), np.float32)
    queries = np.hstack([representations[:, :-1], ones, representations[:, -1:]])
    queries[~known] = 0
    return queries
