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
    transposed = X.T.tocsr()
    basis = np.empty((X.shape[1], size), order="F")
    power = rng.standard_normal((X.shape[1], block))
    for start in range(0, size, block):
        stop = min(start + block, size)
        # Products in float32, half the traffic: what they lose is far below what the method leaves out.
        product = transposed @ (X @ power.astype(np.float32))
        power = _orthonormal(product[:, : stop - start].astype(np.float64), basis[:, :start])
        basis[:, start:stop] = power
    image = (X @ basis.astype(np.float32)).astype(np.float64)
    squares, rotation = scipy.linalg.eigh(image.T @ image, subset_by_index=(size - k, size - 1))
    return np.sqrt(np.maximum(squares[::-1], 0)), basis @ rotation[:, ::-1]


def _orthonormal(block: Matrix, basis: Matrix) -> Matrix:
    """Return an orthonormal basis of block's part outside basis; two passes, since one leaves rounding behind."""
    for _ in range(2):
        block = np.linalg.qr(block - basis @ (basis.T @ block))[0]
    return block
