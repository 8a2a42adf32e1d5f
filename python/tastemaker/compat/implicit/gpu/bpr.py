"""Bayesian personalised ranking on a GPU: not in this release."""

from __future__ import annotations

from typing import Any

import numpy as np

from tastemaker.compat.implicit import gpu

__all__ = ["BayesianPersonalizedRanking"]


class BayesianPersonalizedRanking:
    """Raises UnsupportedError."""

    def __init__(
        self,
        factors: int = 100,
        learning_rate: float = 0.01,
        regularization: float = 0.01,
        dtype: Any = np.float32,
        iterations: int = 100,
        verify_negative_samples: bool = True,
        random_state: Any = None,
    ) -> None:
        gpu.refuse("gpu.bpr.BayesianPersonalizedRanking")
