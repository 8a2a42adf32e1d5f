"""Logistic matrix factorisation, on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from tastemaker.compat.implicit import gpu
from tastemaker.compat.implicit.cpu import lmf as cpu_lmf

__all__ = ["LogisticMatrixFactorization"]


def LogisticMatrixFactorization(
    factors: int = 30,
    learning_rate: float = 1.0,
    regularization: float = 0.6,
    dtype: Any = np.float32,
    iterations: int = 30,
    neg_prop: int = 30,
    use_gpu: bool = False,
    num_threads: int = 0,
    random_state: Any = None,
) -> cpu_lmf.LogisticMatrixFactorization:
    """Return a `cpu.lmf.LogisticMatrixFactorization`; see there. ``use_gpu=True`` raises UnsupportedError."""
    if use_gpu:
        gpu.refuse("LogisticMatrixFactorization(use_gpu=True)")
    return cpu_lmf.LogisticMatrixFactorization(
        factors, learning_rate, regularization, dtype, iterations, neg_prop, num_threads, random_state
    )
