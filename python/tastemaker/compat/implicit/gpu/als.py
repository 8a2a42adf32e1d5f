"""Alternating least squares on a GPU, where the package tastemaker-cuda and a device are there."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from tastemaker._validation import friendly
from tastemaker.compat.implicit import gpu
from tastemaker.compat.implicit.cpu import als
from tastemaker.models._cuda import missing

__all__ = ["AlternatingLeastSquares", "calculate_loss"]


class AlternatingLeastSquares(als.AlternatingLeastSquares):
    """`cpu.als.AlternatingLeastSquares`, which trains on a GPU: the same objective, ``alpha`` included.

    The factors are arrays in the host's memory, and everything but ``fit`` computes on the CPU.

    Raises
    ------
    UnsupportedError
        There is no GPU to train on; the message says what is missing.
    """

    _device: ClassVar[Literal["cpu", "cuda"]] = "cuda"

    @friendly
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
        if reason := missing():
            gpu.refuse("gpu.als.AlternatingLeastSquares", reason)
        super().__init__(
            factors,
            regularization,
            alpha,
            dtype,
            iterations=iterations,
            calculate_training_loss=calculate_training_loss,
            random_state=random_state,
        )

    def to_gpu(self) -> AlternatingLeastSquares:
        """Return the model itself."""
        return self

    def to_cpu(self) -> als.AlternatingLeastSquares:
        """Return a model with the same parameters and factors that trains on the CPU."""
        return self._moved_to(als.AlternatingLeastSquares)


def calculate_loss(Cui: Any, X: Any, Y: Any, regularization: float, solver: Any = None) -> float:
    """Raise UnsupportedError; ``calculate_training_loss=True`` reports the loss of a model."""
    gpu.refuse("gpu.als.calculate_loss")
