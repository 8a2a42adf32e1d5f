"""The largest singular values of a sparse matrix and their right singular vectors, three ways."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse as sp
from scipy.sparse.linalg import svds

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
    _, values, vectors = svds(X.astype(np.float64), k=k, v0=start)
    order = np.argsort(-values)
    return values[order].astype(np.float64), vectors[order].T


def block_krylov(
    X: sp.csr_array, k: int, power_iterations: int, rng: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """Return approximate (values, vectors) by the randomised block Krylov method.

    The best approximation within the span of G, (X'X) G, (X'X)^2 G, ... for a random block G. Keeping all powers, not
    only the last, makes few of them enough; and a block streams X once for all of its columns.

    Musco, Musco: Randomized Block Krylov Methods for Stronger and Faster Approximate Singular Value Decomposition.
    NeurIPS 2015.
    """
    # A quarter of k, but so many that the basis holds 2 k vectors; never more than there are dimensions.
    block = min(max(-(-k // 4), -(-2 * k // power_iterations)), *X.shape)
    size = min(block * power_iterations, *X.shape)
    X = X.astype(np.float64)
    transposed = X.T.tocsr()
    basis = np.empty((X.shape[1], 0))
    power = rng.standard_normal((X.shape[1], block))
    scale = 0.0
    while basis.shape[1] < size:
        power = transposed @ (X @ power)
        scale = max(scale, float(np.linalg.norm(power, axis=0).max()))
        power = _new_directions(power, basis, scale)[:, : size - basis.shape[1]]
        if power.shape[1] == 0:  # the basis spans all that X has
            break
        basis = np.hstack([basis, power])
    image = X @ basis
    squares, rotation = scipy.linalg.eigh(image.T @ image)
    found = min(k, basis.shape[1])
    values, vectors = np.zeros(k), np.zeros((X.shape[1], k))
    values[:found] = np.sqrt(np.maximum(squares[::-1][:found], 0))
    vectors[:, :found] = basis @ rotation[:, ::-1][:, :found]
    return values, vectors


def _new_directions(block: Matrix, basis: Matrix, scale: float) -> Matrix:
    """Return an orthonormal basis of what block adds to basis; nothing that is rounding noise at this scale."""
    block = block - basis @ (basis.T @ block)
    Q, R, _ = scipy.linalg.qr(block, mode="economic", pivoting=True)
    Q = Q[:, np.abs(np.diag(R)) > NOISE * scale]
    # Again, since cancellation left rounding errors along the basis.
    return np.asarray(np.linalg.qr(Q - basis @ (basis.T @ Q))[0])
