"""The linear systems of alternating least squares: all rows of a side, or one."""

from __future__ import annotations

from typing import Any

import numpy as np

from tastemaker._runtime import config
from tastemaker._validation import check_int
from tastemaker.compat.implicit._arguments import index_array, rows_for, thread_count
from tastemaker.compat.implicit.cpu._native import _ALS, solver_against
from tastemaker.compat.implicit.utils import nonzeros


def least_squares(
    Cui: Any, X: np.ndarray, Y: np.ndarray, regularization: float, num_threads: int = 0
) -> None:
    """Set each row of X to the exact solution for that row of Cui, given the factors Y of its columns."""
    solver = solver_against(Y).set_params(reg=regularization)
    with config(threads=thread_count(num_threads)):
        X[:] = solver.fold_in(rows_for("Cui", Cui, len(X), len(Y)))


def least_squares_cg(
    Cui: Any,
    X: np.ndarray,
    Y: np.ndarray,
    regularization: float,
    num_threads: int = 0,
    cg_steps: int = 3,
) -> None:
    """Improve each row of X by a few steps of conjugate gradients towards that solution."""
    model = _ALS(
        factors=X.shape[1],
        epochs=1,
        reg=regularization,
        unobserved_weight=1.0,
        nu=0.0,
        cg_steps=check_int("cg_steps", cg_steps, low=1),
    )
    model.start = X, Y
    rows = rows_for("Cui", Cui, len(X), len(Y))
    X[:] = model.fit(rows, progress=False, threads=thread_count(num_threads)).user_factors_


def user_linear_equation(
    Y: np.ndarray, YtY: np.ndarray, Cui: Any, u: int, regularization: float, n_factors: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (A, b) of the system ``A x = b`` of row u: ``A = YtY + Yt (Cu - 1) Y + reg``, ``b = Yt Cu p``.

    Cu holds the size of each stored value, p whether it is positive. YtY may be given for many calls.
    """
    (u,) = index_array("u", u, Cui.shape[0])
    entries = np.array(list(nonzeros(Cui, u)), dtype=np.float64).reshape(-1, 2)
    at, weights = index_array("Cui", entries[:, 0].astype(np.int64), len(Y)), entries[:, 1]
    seen, confidence = Y[at].astype(np.float64), np.abs(weights)
    A = YtY + regularization * np.eye(n_factors) + seen.T @ ((confidence - 1)[:, None] * seen)
    return A, (confidence * (weights > 0)) @ seen


def user_factor(
    Y: np.ndarray, YtY: np.ndarray, Cui: Any, u: int, regularization: float, n_factors: int
) -> np.ndarray:
    """Return the solution of ``user_linear_equation``."""
    A, b = user_linear_equation(Y, YtY, Cui, u, regularization, n_factors)
    factor: np.ndarray = np.linalg.solve(A, b)
    return factor


def item_factor(
    X: np.ndarray, XtX: np.ndarray, Cui: Any, u: int, regularization: float, n_factors: int
) -> np.ndarray:
    """Return the same for an item: X are the users' factors, rows of Cui are items."""
    return user_factor(X, XtX, Cui, u, regularization, n_factors)
