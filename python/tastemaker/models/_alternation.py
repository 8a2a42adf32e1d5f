"""The epochs of ALS over the core: padded factors, Gram matrices, and the axes that the solver works in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._validation import csr_parts

Factors = npt.NDArray[np.float32]
Gram = npt.NDArray[np.float64]


class Sides(NamedTuple):
    """Factors of both sides, padded; ``turned`` is the rotation that led to their axes from those of the start."""

    users: Factors
    items: Factors
    turned: Factors


class Alternation:
    """Training state: ``epoch`` improves ``sides`` in place, row by row, so that the factors take memory once.

    Conjugate gradients work in the axes of the Gram matrix of the other side: with a diagonal in its place, the part
    of a row's system that all rows share costs next to nothing, and its inverse is a good preconditioner; the
    exact solver iterates with it too where that ends soon. Rotating both sides alike changes no score.

    An epoch that fails or is interrupted leaves factors that belong together: rows that it came to are improved, the
    others are as before.
    """

    def __init__(
        self,
        X: sp.csr_array,
        users: Factors,
        items: Factors,
        problem: _core.AlsProblem,
        factors: int,
        solver: _core.AlsSolver,
        threads: int,
    ) -> None:
        self._by_user = _core.SparseMatrix(csr_parts(X))
        self._by_item = self._by_user.transposed()
        self._problem, self._factors, self._threads = problem, factors, threads
        self._solver = solver
        width = users.shape[1]
        # The last rotation: the next one nearly undoes it, so it is where the search for new axes starts.
        self._axes = np.eye(width, dtype=np.float32)
        self.sides = Sides(users, items, np.eye(width, dtype=np.float32))
        self._grams = [self._gram(items)]  # the users' before it, once there is an epoch

    def epoch(self) -> None:
        """Improve the users' factors, then the items'."""
        users, items, _ = self.sides
        gram = self._grams.pop()
        self._grams.clear()
        self._half_epoch(self._by_user, items, gram, users)
        del gram  # they are large: one at a time
        gram = self._gram(users)
        self._half_epoch(self._by_item, users, gram, items)
        self._grams = [gram, self._gram(items)]

    def loss(self) -> float:
        """Return the objective of the present sides."""
        users, items, _ = self.sides
        user_gram, item_gram = self._grams
        problem, threads = self._problem, self._threads
        loss: float = _core.als_objective(
            self._by_user, self._by_item, users, items, user_gram, item_gram, self._factors, problem, threads
        )
        return loss

    def in_axes(self) -> tuple[Factors, Factors]:
        """Return copies of the factors of users and items, without padding, in the axes of the last epoch."""
        users, items = (side[:, : self._factors].copy() for side in self.sides[:2])
        return users, items

    def factors(self) -> tuple[Factors, Factors]:
        """Return them in the axes of the start; they are turned in place, so the training ends here."""
        users, items, turned = self.sides
        if self._solver.in_axes:
            _core.als_rotate([users, items], np.ascontiguousarray(turned.T), self._threads)
        return without_padding(users, self._factors), without_padding(items, self._factors)

    def _gram(self, side: Factors) -> Gram:
        return _core.als_gram(side, self._factors, self._threads)

    def _half_epoch(self, matrix: _core.SparseMatrix, other: Factors, gram: Gram, out: Factors) -> None:
        if self._solver.in_axes:
            _core.als_diagonalise(gram, self._axes, self._factors, self._threads)
            _core.als_rotate(list(self.sides), self._axes, self._threads)
        _core.als_half_epoch(
            matrix, other, gram, out, self._factors, self._problem, self._solver, self._threads
        )


def padded(rows: int, factors: int) -> Factors:
    """Return zeros (rows x factors rounded up) on cache-line boundaries, as the core takes factors."""
    width = -(-factors // _core.als_padding) * _core.als_padding
    line = 64
    memory = np.zeros(rows * width * 4 + line, dtype=np.uint8)
    start = -memory.ctypes.data % line
    return memory[start : start + rows * width * 4].view(np.float32).reshape(rows, width)


def without_padding(side: Factors, factors: int) -> Factors:
    """Return the factors as a plain array; the same memory where there is no padding."""
    return np.ascontiguousarray(side[:, :factors])
