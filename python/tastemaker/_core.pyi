"""Types of the compiled kernels (private)."""

import numpy as np

from tastemaker._validation import CsrParts

class NumericalError(ArithmeticError): ...

# system
def available_simd_levels() -> list[str]: ...
def simd_level() -> str: ...
def set_simd_level(name: str) -> None: ...

# topn

# knn

# als

# eval
def ranking_metric_names() -> list[str]: ...
def rank_users(ids: np.ndarray, truth: CsrParts, cutoffs: np.ndarray, threads: int) -> np.ndarray: ...
