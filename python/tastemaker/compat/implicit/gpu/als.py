"""Alternating least squares on a GPU: not in this release."""

from __future__ import annotations

from typing import Any

import numpy as np

from tastemaker.compat.implicit import gpu
from tastemaker.compat.implicit.cpu import als

__all__ = ["AlternatingLeastSquares", "calculate_loss"]


class AlternatingLeastSquares(als.AlternatingLeastSquares):
    """Raises UnsupportedError; `cpu.als.AlternatingLeastSquares` takes the same parameters and more."""

    def __init__(
        self,
        factors: int = 64,
        regularization: float = 0.01,
        alpha: float = 1.0,
        dtype: Any = np.float32,
        iterations: int = 15,
        calculate_training_loss: bool = False,
        random_state: Any = None,
    ) -> None:
        gpu.refuse("gpu.als.AlternatingLeastSquares")


def calculate_loss(Cui: Any, X: Any, Y: Any, regularization: float, solver: Any = None) -> float:
    """Raise UnsupportedError; ``calculate_training_loss=True`` reports the loss of a model on the CPU."""
    gpu.refuse("gpu.als.calculate_loss")
