"""The epochs of ALS on a CUDA device, through the extension of the wheel tastemaker-cuda."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker import __version__, _core
from tastemaker._validation import csr_parts
from tastemaker.errors import UnsupportedError
from tastemaker.models._alternation import Factors

most_factors = 1024

# Of the free memory, what interactions may take when they stay on the device; steps need some scratch besides.
_share = 0.8


def missing() -> str:
    """Return why there is no device to compute on; empty where there is one."""
    try:
        package = import_module("tastemaker_cuda")
    except ImportError as error:
        if error.name == "tastemaker_cuda":
            return "tastemaker-cuda is not installed"
        return f"tastemaker-cuda cannot be imported ({error})"
    if package.__version__ != __version__:
        return f"tastemaker-cuda {package.__version__} is not of this version, {__version__}"
    reason: str = package.problem()
    return reason


def found() -> str:
    """Return the name and memory of the device."""
    report = import_module("tastemaker_cuda._cuda").probe()
    return f"{report.device}, {report.free_memory / 1e9:.1f} of {report.memory / 1e9:.1f} GB free"


class CudaAlternation:
    """Training state on the device, with the methods of `Alternation`: the same steps, in the same axes."""

    def __init__(
        self,
        X: sp.csr_array,
        users: Factors,
        items: Factors,
        problem: dict[str, float],
        factors: int,
        *,
        cg_steps: int,
        preconditioned: bool,
    ) -> None:
        self._cuda: Any = import_module("tastemaker_cuda._cuda")
        self._factors, self._iterates = factors, cg_steps > 0
        self._steps = {"cg_steps": cg_steps, "preconditioned": preconditioned}
        try:
            sides = tuple(
                self._cuda.Table(np.ascontiguousarray(side[:, :factors])) for side in (users, items)
            )
            # An epoch replaces the factors by new ones only when it is complete: they must fit twice.
            taken = 4 * 2 * (len(users) + len(items)) * factors
            budget = max(int(_share * (self._cuda.probe().free_memory - taken)) // 2, 0)
            both = (csr_parts(X), csr_parts(X.T.tocsr()))
            self._by_user, self._by_item = (self._cuda.Matrix(csr, budget=budget, **problem) for csr in both)
        except self._cuda.OutOfMemory as error:
            raise _too_large(error) from error
        width = users.shape[1]
        self._axes = np.eye(width, dtype=np.float32)
        self._turned = np.eye(factors, dtype=np.float32)
        self._sides: tuple[Any, Any] = sides[0], sides[1]

    def epoch(self) -> None:
        """Improve the users' factors, then the items'."""
        try:
            self._improve()
        except self._cuda.NumericalError as error:
            raise _core.NumericalError(str(error)) from error
        except self._cuda.OutOfMemory as error:
            raise _too_large(error) from error

    def _improve(self) -> None:
        (users, items), turned = self._sides, self._turned
        users, items, turned = self._turn(items.gram(), users, items, turned)
        self._half_epoch(self._by_user, items, users)
        items, users, turned = self._turn(users.gram(), items, users, turned)
        self._half_epoch(self._by_item, users, items)
        self._sides, self._turned = (users, items), turned

    def _half_epoch(self, matrix: Any, other: Any, own: Any) -> None:
        self._cuda.half_epoch(matrix, other, other.gram(), own, **self._steps)

    def _turn(self, gram: np.ndarray, own: Any, other: Any, turned: Factors) -> tuple[Any, Any, Factors]:
        """Return both sides, as tables that no one else has, and the rotation, in the axes of the Gram matrix."""
        n = self._factors
        if not self._iterates:
            identity = np.eye(n, dtype=np.float32)
            return own.rotated(identity), other, turned
        square = np.zeros_like(self._axes, dtype=np.float64)
        square[:n, :n] = gram
        _core.als_diagonalise(square, self._axes, n, 1)
        axes = np.ascontiguousarray(self._axes[:n, :n])
        return own.rotated(axes), other.rotated(axes), turned @ axes

    def loss(self) -> float:
        """Return the objective of the present sides."""
        loss: float = self._cuda.objective(self._by_user, self._by_item, *self._sides)
        return loss

    def in_axes(self) -> tuple[Factors, Factors]:
        """Return the present factors of users and items in the axes of the last epoch."""
        users, items = self._sides
        return users.to_host(), items.to_host()

    def factors(self) -> tuple[Factors, Factors]:
        """Return the same in the axes of the start."""
        back = np.ascontiguousarray(self._turned.T)
        users, items = self._sides
        return users.rotated(back).to_host(), items.rotated(back).to_host()


def _too_large(error: Exception) -> UnsupportedError:
    return UnsupportedError(
        f"`device` of `ALS` cannot be 'cuda' for this data: {error}. The factors must fit twice; take fewer "
        "`factors` or device='cpu'."
    )
