"""Bayesian personalised ranking on the CPU: comes with the next release."""

from __future__ import annotations

from typing import Any

import numpy as np

from tastemaker.errors import UnsupportedError

__all__ = ["BayesianPersonalizedRanking"]


class BayesianPersonalizedRanking:
    """Raises UnsupportedError until the next release."""

    def __init__(
        self,
        factors: int = 100,
        learning_rate: float = 0.01,
        regularization: float = 0.01,
        dtype: Any = np.float32,
        iterations: int = 100,
        num_threads: int = 0,
        verify_negative_samples: bool = True,
        random_state: Any = None,
    ) -> None:
        raise UnsupportedError(
            "`BayesianPersonalizedRanking` comes with the next release. "
            "Until then rank with als.AlternatingLeastSquares, tastemaker.ALS or tastemaker.KNN."
        )
