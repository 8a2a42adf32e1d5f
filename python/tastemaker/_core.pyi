"""Types of the compiled kernels (private)."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from tastemaker._validation import CsrParts

class _NativeType(type): ...  # pybind11's metaclass, under whatever name its version gives it
class NumericalError(ArithmeticError): ...

# system
def available_simd_levels() -> list[str]: ...
def simd_level() -> str: ...
def set_simd_level(name: str) -> None: ...

# topn
class DenseIndex(metaclass=_NativeType):
    def __init__(self, items: npt.NDArray[np.float32], threads: int) -> None: ...
    def topn(
        self,
        queries: npt.NDArray[np.float32],
        n: int,
        exclude: CsrParts | None,
        allowed: npt.NDArray[np.uint8] | None,
        threads: int,
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
    def score_all(self, queries: npt.NDArray[np.float32], threads: int) -> npt.NDArray[np.float32]: ...
    def score(
        self,
        queries: npt.NDArray[np.float32],
        rows: npt.NDArray[np.int32],
        items: npt.NDArray[np.int32],
        threads: int,
    ) -> npt.NDArray[np.float32]: ...
    def rank(
        self,
        queries: npt.NDArray[np.float32],
        rows: npt.NDArray[np.int32],
        items: npt.NDArray[np.int32],
        exclude: CsrParts | None,
        ties: Literal["index", "shared", "last"],
        threads: int,
    ) -> npt.NDArray[np.int64]: ...

class SparseIndex(metaclass=_NativeType):
    def __init__(self, table: CsrParts) -> None: ...
    def topn(
        self,
        queries: CsrParts,
        n: int,
        exclude: CsrParts | None,
        allowed: npt.NDArray[np.uint8] | None,
        threads: int,
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
    def score_all(self, queries: CsrParts, threads: int) -> npt.NDArray[np.float32]: ...
    def score(
        self, queries: CsrParts, rows: npt.NDArray[np.int32], items: npt.NDArray[np.int32], threads: int
    ) -> npt.NDArray[np.float32]: ...
    def rank(
        self,
        queries: CsrParts,
        rows: npt.NDArray[np.int32],
        items: npt.NDArray[np.int32],
        exclude: CsrParts | None,
        ties: Literal["index", "shared", "last"],
        threads: int,
    ) -> npt.NDArray[np.int64]: ...

class TableIndex(metaclass=_NativeType):
    def __init__(self, table: npt.NDArray[np.float32]) -> None: ...
    def topn(
        self,
        queries: CsrParts,
        n: int,
        exclude: CsrParts | None,
        allowed: npt.NDArray[np.uint8] | None,
        threads: int,
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
    def score_all(self, queries: CsrParts, threads: int) -> npt.NDArray[np.float32]: ...
    def score(
        self, queries: CsrParts, rows: npt.NDArray[np.int32], items: npt.NDArray[np.int32], threads: int
    ) -> npt.NDArray[np.float32]: ...
    def rank(
        self,
        queries: CsrParts,
        rows: npt.NDArray[np.int32],
        items: npt.NDArray[np.int32],
        exclude: CsrParts | None,
        ties: Literal["index", "shared", "last"],
        threads: int,
    ) -> npt.NDArray[np.int64]: ...

def add_scaled(
    scores: npt.NDArray[np.float32], weight: float, total: npt.NDArray[np.float32], threads: int
) -> npt.NDArray[np.float32]: ...

# matrix
class SparseMatrix(metaclass=_NativeType):
    def __init__(self, csr: CsrParts) -> None: ...
    def transposed(self) -> SparseMatrix: ...
    def column_sums(self) -> npt.NDArray[np.float64]: ...
    def times(self, columns: npt.NDArray[np.float64], threads: int) -> npt.NDArray[np.float64]: ...

# knn
def knn_neighbours(
    matrix: CsrParts,
    count: int,
    *,
    score: str,
    shrinkage: float = 0.0,
    row_factor: npt.NDArray[np.float32] | None = None,
    own: npt.NDArray[np.float32] | None = None,
    other: npt.NDArray[np.float32] | None = None,
    threads: int = 1,
    mode: str = "auto",
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...

# als
als_padding: int

class AlsProblem(metaclass=_NativeType):
    def __init__(self, reg: float, alpha: float, unobserved_weight: float, nu: float) -> None: ...

class AlsSolver(metaclass=_NativeType):
    def __init__(self, *, cg_steps: int = 0, block_size: int = 0, preconditioned: bool = True) -> None: ...
    @property
    def in_axes(self) -> bool: ...

def als_gram(y: npt.NDArray[np.float32], factors: int, threads: int) -> npt.NDArray[np.float64]: ...
def als_diagonalise(
    gram: npt.NDArray[np.float64], axes: npt.NDArray[np.float32], factors: int, threads: int
) -> None: ...
def als_rotate(
    tables: list[npt.NDArray[np.float32]], axes: npt.NDArray[np.float32], threads: int
) -> None: ...
def als_half_epoch(
    x: SparseMatrix,
    y: npt.NDArray[np.float32],
    gram: npt.NDArray[np.float64],
    out: npt.NDArray[np.float32],
    factors: int,
    problem: AlsProblem,
    solver: AlsSolver,
    threads: int,
) -> None: ...
def als_objective(
    csr: SparseMatrix,
    transposed: SparseMatrix,
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.float32],
    gram_x: npt.NDArray[np.float64],
    gram_y: npt.NDArray[np.float64],
    factors: int,
    problem: AlsProblem,
    threads: int,
) -> float: ...

# ease
def ease_gram(X: SparseMatrix, out: npt.NDArray[np.float32], threads: int) -> None: ...

# sgd
def sgd_row_size(factors: int) -> int: ...

class SgdPopularity(metaclass=_NativeType):
    def __init__(self, occurring: npt.NDArray[np.int32], items: int) -> None: ...

class SgdMatrix(metaclass=_NativeType):
    def __init__(self, csr: CsrParts) -> None: ...

class SgdExamples(metaclass=_NativeType):
    def __init__(self, csr: CsrParts, popularity: SgdPopularity | None) -> None: ...

class SgdSettings(metaclass=_NativeType):
    def __init__(
        self,
        *,
        loss: str,
        optimizer: str,
        learning_rate: float,
        rho: float = 0.0,
        epsilon: float = 0.0,
        reg_user: float = 0.0,
        reg_item: float = 0.0,
        max_sampled: int = 1,
        k: int = 1,
        n: int = 1,
        popularity: bool = False,
        verify: bool = True,
        user_bias: bool = True,
    ) -> None: ...

def sgd_epoch(
    examples: SgdExamples,
    users: npt.NDArray[np.float32],
    items: npt.NDArray[np.float32],
    user_features: SgdMatrix | None,
    item_features: SgdMatrix | None,
    factors: int,
    settings: SgdSettings,
    *,
    seed: int,
    epoch: int,
    deterministic: bool,
    threads: int,
) -> int: ...
def sgd_fold_in(
    examples: SgdExamples,
    users: npt.NDArray[np.float32],
    items: npt.NDArray[np.float32],
    factors: int,
    settings: SgdSettings,
    *,
    seed: int,
    epochs: int,
    threads: int,
) -> None: ...
def overwrite(targets: list[npt.NDArray[np.float32]], sources: list[npt.NDArray[np.float32]]) -> None: ...
def logistic_half_epoch(
    likes: SgdMatrix,
    table: npt.NDArray[np.float32],
    others: npt.NDArray[np.float32],
    popularity: SgdPopularity,
    factors: int,
    *,
    learning_rate: float,
    reg: float,
    negatives_per_positive: int,
    max_negatives: int,
    key: int,
    by_row: bool,
    threads: int,
) -> None: ...

# eval
def ranking_metric_names() -> list[str]: ...
def rank_users(
    ids: np.ndarray, truth: CsrParts, candidates: np.ndarray, cutoffs: np.ndarray, threads: int
) -> np.ndarray: ...
def list_diversity(ids: np.ndarray, vectors: CsrParts, cutoffs: np.ndarray, threads: int) -> np.ndarray: ...
