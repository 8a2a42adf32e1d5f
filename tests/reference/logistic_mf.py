"""Logistic matrix factorisation in plain float64: one side's step along its gradient, with the core's draws.

Johnson: Logistic Matrix Factorization for Implicit Feedback Data. NIPS 2014 workshop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from tests.reference.lightfm import Alias, draws, subkey


@dataclass
class Settings:
    learning_rate: float = 1.0
    reg: float = 0.6
    negatives_per_positive: int = 3
    max_negatives: int = 10**9


def half_epoch(
    likes: sp.csr_array,
    weights: np.ndarray,
    squares: np.ndarray,
    others: np.ndarray,
    drawn: np.ndarray,
    settings: Settings,
    key: int,
) -> None:
    """Move each row of weights (factors, then the bias) that has likes; squares are its sums of squared gradients."""
    negative = Alias(drawn, len(others))
    for u in range(likes.shape[0]):
        liked = likes[[u]]
        if liked.nnz == 0:
            continue
        stream = draws(subkey(key, u))
        count = min(liked.nnz * settings.negatives_per_positive, settings.max_negatives)
        negatives = [negative(next(stream)) for _ in range(count)]
        columns = np.concatenate([liked.indices, np.array(negatives, dtype=int)])
        y = np.hstack([others[columns, :-1], np.ones((len(columns), 1))])
        chance = 1 / (1 + np.exp(-(y @ weights[u] + others[columns, -1])))
        pull = np.concatenate([liked.data * (1 - chance[: liked.nnz]), -chance[liked.nnz :]])
        gradient = settings.reg * weights[u] - pull @ y
        squares[u] += gradient**2
        weights[u] -= settings.learning_rate / np.sqrt(1e-6 + squares[u]) * gradient
