"""The largest singular values of a sparse matrix and their right singular vectors, three ways."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse as sp
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from tastemaker import _core
from tastemaker._validation import csr_parts

Matrix = npt.NDArray[np.float64]

#: Directions whose singular value is below this part of the largest are beyond the matrix's rank: rounding noise.
RANK_TOLERANCE = 1e-6

#: The same for products with X'X, which square the singular values: some hundred times the rounding of a double.
NOISE = 1e-13


def dense(X: sp.csr_array, k: int) -> tuple[Matrix, Matrix]:
    """Return (values, vectors) from the full decomposition; O(rows * cols * min(rows, cols))."""
    _, values, vectors = scipy.linalg.svd(X.toarray().astype(np.float64), full_matrices=False)
    return values[:k], vectors[:k].T


def arpack(X: sp.csr_array, k: int, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Return (values, vectors) to machine precision by restarted Lanczos; requires k < min(X.shape)."""
    start = rng.standard_normal(min(X.shape))
    with threadpool_limits(1, "blas"):  # its calls are too small to share
        _, values, vectors = svds(X.astype(np.float64), k=k, v0=start)
    order = np.argsort(-values)
    return values[order].astype(np.float64), vectors[order].T


def block_krylov(
    X: sp.csr_array, k: int, power_iterations: int, rng: np.random.Generator, threads: int
) -> tuple[Matrix, Matrix]:
    """Return approximate (values, vectors) by the randomised block Krylov method.

    The best approximation within the span of G, (X'X) G, (X'X)^2 G, ... for a random block G. Keeping all powers, not
    only the last, makes few of them enough; and a block streams X once for all of its columns.

    Musco, Musco: Randomized Block Krylov Methods for Stronger and Faster Approximate Singular Value Decomposition.
    NeurIPS 2015.
    """
    # An eighth of k, but so many that the basis holds 2 k vectors; never more than there are dimensions. Narrow blocks
    # reach a given accuracy with a smaller basis, wide ones read X less often.
    block = min(max(-(-k // 8), -(-2 * k // power_iterations)), *X.shape)
    size = min(block * power_iterations, *X.shape)
    # The BLAS calls are too small to share, and its idle threads spin in the way of the product's.
    with threadpool_limits(1, "blas"):
        basis, inner = _basis(X, block, size, rng, threads)
        squares, rotation = scipy.linalg.eigh(inner, lower=False)
        found = min(k, len(squares))
        values, vectors = np.zeros(k), np.zeros((X.shape[1], k))
        values[:found] = np.sqrt(np.maximum(squares[::-1][:found], 0))
        np.matmul(basis, rotation[:, ::-1][:, :found], out=vectors[:, :found])
    return values, vectors


def _basis(
    X: sp.csr_array, block: int, size: int, rng: np.random.Generator, threads: int
) -> tuple[Matrix, Matrix]:
    """Return a basis of at most `size` columns, found `block` at a time, and the upper triangle of basis' X'X basis."""
    forth = _core.SparseMatrix(csr_parts(X))
    back = forth.transposed()
    new = rng.standard_normal((X.shape[1], block))
    basis = np.empty((X.shape[1], size))
    inner = np.zeros((size, size))
    scale, filled = 0.0, 0
    while True:
        power = back.times(forth.times(np.ascontiguousarray(new), threads), threads)
        scale = max(scale, float(np.linalg.norm(power, axis=0).max()))
        along = basis[:, :filled].T @ power
        if filled > 0:
            inner[:filled, filled - new.shape[1] : filled] = along
        if filled == size:
            break
        new = _new_directions(power, basis[:, :filled], along, scale)[:, : size - filled]
        if new.shape[1] == 0:  # the basis spans all that X has
            break
        basis[:, filled : filled + new.shape[1]] = new
        filled += new.shape[1]
    return basis[:, :filled], inner[:filled, :filled]


def _new_directions(block: Matrix, basis: Matrix, along: Matrix, scale: float) -> Matrix:
    """Return an orthonormal basis of what block adds to basis, which it meets in `along`.

    Nothing that is rounding noise at this scale is new.
    """
    block = block - basis @ along
    Q, R, _ = scipy.linalg.qr(block, mode="economic", pivoting=True)
    Q = Q[:, np.abs(np.diag(R)) > NOISE * scale]
    # Again, since cancellation left rounding errors along the basis.
    return np.asarray(np.linalg.qr(Q - basis @ (basis.T @ Q))[0])
