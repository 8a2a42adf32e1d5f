"""The extension of tastemaker-cuda on a device made of numpy, by the twins of its kernels."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import als as reference


class Table:
    def __init__(self, factors: np.ndarray) -> None:
        self.rows = factors.copy()

    def gram(self) -> np.ndarray:
        return self.rows.T.astype(np.float64) @ self.rows

    def rotated(self, axes: np.ndarray) -> Table:
        return Table(self.rows @ axes)

    def to_host(self) -> np.ndarray:
        return self.rows


class OutOfMemory(RuntimeError):  # noqa: N818
    pass


class Device(ModuleType):
    """The extension's functions, by the numpy twin."""

    OutOfMemory, NumericalError, Table = OutOfMemory, ArithmeticError, Table

    def probe(self) -> SimpleNamespace:
        return SimpleNamespace(problem="", free_memory=10**9, memory=10**9, device="numpy")

    def Matrix(self, csr, *, budget, reg, alpha, unobserved_weight, nu):  # noqa: N802
        indptr, indices, values, cols = csr
        values = np.ones(len(indices)) if values is None else values
        matrix = sp.csr_array((values, indices, indptr), shape=(len(indptr) - 1, cols))
        return matrix, reference.Problem(reg, alpha, unobserved_weight, nu)

    def half_epoch(self, matrix, y, gram, x, *, cg_steps, preconditioned) -> None:
        csr, problem = matrix
        np.testing.assert_allclose(gram, y.gram())
        if cg_steps:
            x.rows[:] = reference.half_epoch_cg(
                csr, y.rows.astype(float), x.rows, problem, cg_steps, preconditioned=preconditioned
            )
        else:
            x.rows[:] = reference.half_epoch_exact(csr, y.rows.astype(float), problem)

    def objective(self, matrix, _, x, y) -> float:
        return reference.loss(matrix[0], x.rows.astype(float), y.rows.astype(float), matrix[1])


def install(
    monkeypatch: pytest.MonkeyPatch, version: str, module: ModuleType | None = None
) -> SimpleNamespace:
    """Let `tastemaker_cuda` of that version be found; return its ``package`` and its extension ``module``."""
    package = ModuleType("tastemaker_cuda")
    package.__version__ = version
    package.problem = lambda: ""
    module = module or Device("tastemaker_cuda._cuda")
    monkeypatch.setitem(sys.modules, "tastemaker_cuda", package)
    monkeypatch.setitem(sys.modules, "tastemaker_cuda._cuda", module)
    return SimpleNamespace(package=package, module=module)
