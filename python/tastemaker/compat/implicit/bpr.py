"""Bayesian personalised ranking, on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from tastemaker.compat.implicit import gpu
from tastemaker.compat.implicit.cpu import bpr as cpu_bpr
from tastemaker.compat.implicit.gpu import bpr as gpu_bpr

__all__ = ["BayesianPersonalizedRanking"]


def BayesianPersonalizedRanking(
    factors: int = 100,
    learning_rate: float = 0.01,
    regularization: float = 0.01,
    dtype: Any = np.float32,
    iterations: int = 100,
    use_gpu: bool = gpu.HAS_CUDA,
    num_threads: int = 0,
    verify_negative_samples: bool = True,
    random_state: Any = None,
) -> cpu_bpr.BayesianPersonalizedRanking | gpu_bpr.BayesianPersonalizedRanking:
    """Return a `cpu.bpr.BayesianPersonalizedRanking`; see there. ``use_gpu=True`` raises UnsupportedError."""
    if use_gpu:
        return gpu_bpr.BayesianPersonalizedRanking()
    return cpu_bpr.BayesianPersonalizedRanking(
        factors,
        learning_rate,
        regularization,
        dtype,
        iterations,
        num_threads,
        verify_negative_samples,
        random_state,
    )
