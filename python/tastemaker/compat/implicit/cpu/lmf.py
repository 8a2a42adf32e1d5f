"""Logistic matrix factorisation on the CPU: comes with the next release."""

from __future__ import annotations

from typing import Any

import numpy as np

from tastemaker.errors import UnsupportedError

__all__ = ["LogisticMatrixFactorization"]


class LogisticMatrixFactorization:
    """Raises UnsupportedError until the next release."""

    def __init__(
        self,
        factors: int = 30,
        learning_rate: float = 1.0,
        regularization: float = 0.6,
        dtype: Any = np.float32,
        iterations: int = 30,
        neg_prop: int = 30,
        num_threads: int = 0,
        random_state: Any = None,
    ) -> None:
        raise UnsupportedError(
            "`LogisticMatrixFactorization` comes with the next release. "
            "Until then rank with als.AlternatingLeastSquares, tastemaker.ALS or tastemaker.KNN."
        )
