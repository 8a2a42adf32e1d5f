"""Alternating least squares, on the CPU or a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from tastemaker._validation import friendly
from tastemaker.compat.implicit import gpu
from tastemaker.compat.implicit.cpu import als as cpu_als
from tastemaker.compat.implicit.gpu import als as gpu_als

__all__ = ["AlternatingLeastSquares"]


@friendly
def AlternatingLeastSquares(
    factors: int = 100,
    regularization: float = 0.01,
    alpha: float = 1.0,
    dtype: Any = np.float32,
    use_native: bool = True,
    use_cg: bool = True,
    use_gpu: bool = gpu.HAS_CUDA,
    iterations: int = 15,
    calculate_training_loss: bool = False,
    num_threads: int = 0,
    random_state: Any = None,
) -> cpu_als.AlternatingLeastSquares:
    """Return a `cpu.als.AlternatingLeastSquares`; see there for the parameters.

    Parameters
    ----------
    use_gpu : bool, default False
        True returns a `gpu.als.AlternatingLeastSquares`, which has no ``use_native``, ``use_cg`` and ``num_threads``;
        where there is no GPU it raises UnsupportedError.
    """
    if use_gpu:
        return gpu_als.AlternatingLeastSquares(
            factors, regularization, alpha, dtype, iterations, calculate_training_loss, random_state
        )
    return cpu_als.AlternatingLeastSquares(
        factors,
        regularization,
        alpha,
        dtype,
        use_native,
        use_cg,
        iterations,
        calculate_training_loss,
        num_threads,
        random_state,
    )
