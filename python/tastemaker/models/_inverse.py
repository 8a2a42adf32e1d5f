"""The inverse of a symmetric positive definite matrix, in place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

Square = npt.NDArray[np.float32]

#: LAPACK inverts what has up to that many rows. Larger matrices are cut in two: OpenBLAS 0.3.30 ends the process in
#: spotrf of some 40,000 rows on two threads, and products run faster than its inversion anyway.
_LAPACK = 8192

#: Columns, or rows, of a product that are made at a time, so that the rest of the memory is the matrix itself.
_STRIP = 1024

#: Side of the tiles that are transposed: two of them fit the second-level cache.
_TILE = 256


def invert(S: Square) -> bool:
    """Replace S, of which the upper triangle is read, by its inverse; return whether float32 could.

    [A B; B^T D] has the inverse [P Q; Q^T R] with W = A^-1 B, R = (D - B^T W)^-1, Q = -W R and P = A^-1 - Q W^T.
    """
    if len(S) <= _LAPACK:
        return _invert_by_lapack(S)
    half = len(S) // 2
    A, B, below, D = S[:half, :half], S[:half, half:], S[half:, :half], S[half:, half:]
    _transpose(B, below)
    if not invert(A):
        return False
    for columns in _strips(B.shape[1]):
        B[:, columns] = A @ B[:, columns]
    for columns in _strips(len(D)):
        D[: columns.stop, columns] -= below[: columns.stop] @ B[:, columns]
    if not invert(D):
        return False
    _transpose(B, below)
    for rows in _strips(half):
        B[rows] = -(B[rows] @ D)
    for columns in _strips(half):
        A[: columns.stop, columns] -= B[: columns.stop] @ below[:, columns]
    _mirror(A)
    _transpose(B, below)
    return True


def _invert_by_lapack(S: Square) -> bool:
    own = np.ascontiguousarray(S)
    # LAPACK stores columns: to it the upper triangle is the lower one, and nothing is copied.
    _, singular = lapack.spotrf(own.T, lower=1, clean=0, overwrite_a=1)
    if not singular:
        _, singular = lapack.spotri(own.T, lower=1, overwrite_c=1)
    if singular:
        return False
    _mirror(own)
    if own is not S:
        S[...] = own
    return True


def _strips(n: int) -> Iterator[slice]:
    for start in range(0, n, _STRIP):
        yield slice(start, min(start + _STRIP, n))


def _mirror(S: Square) -> None:
    """Copy the upper triangle of S to the lower one."""
    for top in range(0, len(S), _TILE):
        rows = slice(top, top + _TILE)
        _transpose(S[rows, top + _TILE :], S[top + _TILE :, rows])
        tile = S[rows, rows]
        tile[...] = np.triu(tile) + np.triu(tile, 1).T


def _transpose(source: Square, target: Square) -> None:
    """Write the transpose of a block over another, a tile at a time."""
    for top in range(0, source.shape[0], _TILE):
        for left in range(0, source.shape[1], _TILE):
            rows, columns = slice(top, top + _TILE), slice(left, left + _TILE)
            target[columns, rows] = source[rows, columns].T
