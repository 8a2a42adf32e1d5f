"""Implicit ALS in numpy fp64, written from the formulas.

Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008, with the unobserved weight
w0 and the frequency-scaled ridge of Rendle et al., "Revisiting the Performance of iALS on Item Recommendation
Benchmarks", RecSys 2022, and the blocks of Rendle et al., "iALS++: Speeding up Matrix Factorization with Subspace
Optimization", 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Problem:
    """reg, alpha, w0 and nu of the objective."""

    reg: float = 0.01
    alpha: float = 1.0
    w0: float = 1.0
    nu: float = 1.0

    def ridge(self, n: int, others: int) -> float:
        return self.reg * (n + self.w0 * others) ** self.nu


def confidence_and_preference(X: sp.csr_array, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Dense C and P: alpha |v| and [v > 0] where a pair is observed, w0 and 0 elsewhere."""
    observed = X.astype(bool).toarray()
    V = X.toarray().astype(np.float64)
    C = np.where(observed, problem.alpha * np.abs(V), problem.w0)
    return C, (V > 0).astype(np.float64)


def system(X: sp.csr_array, row: int, Y: np.ndarray, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """A and b whose solution is the row's factors."""
    C, P = confidence_and_preference(X[[row]], problem)
    ridge = problem.ridge(X[[row]].nnz, X.shape[1])
    A = Y.T @ (C[0][:, None] * Y) + ridge * np.eye(Y.shape[1])
    return A, Y.T @ (C[0] * P[0])


def half_epoch_exact(X: sp.csr_array, Y: np.ndarray, problem: Problem) -> np.ndarray:
    """Each row's minimiser given Y; zero for rows without entries."""
    out = np.zeros((X.shape[0], Y.shape[1]))
    for row in range(X.shape[0]):
        if X[[row]].nnz:
            out[row] = np.linalg.solve(*system(X, row, Y, problem))
    return out


def conjugate_gradients(A: np.ndarray, b: np.ndarray, M: np.ndarray, x: np.ndarray, steps: int) -> np.ndarray:
    """The textbook iteration (Hestenes and Stiefel 1952) from x with the preconditioner M."""
    x = x.copy()
    r = b - A @ x
    z = np.linalg.solve(M, r)
    p = z.copy()
    for _ in range(steps):
        if not r @ r > 1e-30 * (b @ b):
            break
        q = A @ p
        step = (r @ z) / (p @ q)
        x += step * p
        r_next = r - step * q
        z_next = np.linalg.solve(M, r_next)
        p = z_next + (r_next @ z_next) / (r @ z) * p
        r, z = r_next, z_next
    return x


def half_epoch_cg(
    X: sp.csr_array,
    Y: np.ndarray,
    start: np.ndarray,
    problem: Problem,
    steps: int,
    *,
    preconditioned: bool = True,
) -> np.ndarray:
    """That many steps towards each row's minimiser; zero for rows without entries.

    The preconditioner is the part of the system that all rows share, and the row's ridge.
    """
    out = np.zeros(start.shape)
    for row in range(X.shape[0]):
        if n := X[[row]].nnz:
            A, b = system(X, row, Y, problem)
            M = np.eye(Y.shape[1])
            if preconditioned:
                M = problem.w0 * Y.T @ Y + problem.ridge(n, len(Y)) * M
            out[row] = conjugate_gradients(A, b, M, start[row].astype(np.float64), steps)
    return out


def half_epoch_blocks(
    X: sp.csr_array, Y: np.ndarray, start: np.ndarray, problem: Problem, block: int
) -> np.ndarray:
    """Each block of a row's factors minimised in turn, the others fixed (Rendle et al., iALS++, 2021)."""
    out = np.zeros(start.shape)
    for row in range(X.shape[0]):
        if X[[row]].nnz:
            A, b = system(X, row, Y, problem)
            x = start[row].astype(np.float64)
            for first in range(0, len(x), block):
                B = slice(first, first + block)
                x[B] += np.linalg.solve(A[B, B], (b - A @ x)[B])
            out[row] = x
    return out


def loss(X: sp.csr_array, U: np.ndarray, V: np.ndarray, problem: Problem) -> float:
    """The weighted squared error over all pairs, plus both ridges."""
    C, P = confidence_and_preference(X, problem)
    by_row, by_column = np.diff(X.indptr), np.diff(X.tocsc().indptr)
    error = (C * (P - U @ V.T) ** 2).sum()
    users = sum(problem.ridge(n, len(V)) * (u @ u) for n, u in zip(by_row, U, strict=True))
    items = sum(problem.ridge(n, len(U)) * (v @ v) for n, v in zip(by_column, V, strict=True))
    return float(error + users + items)
