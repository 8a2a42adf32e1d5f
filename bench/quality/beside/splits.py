"""What is learned from and what must be found: one split per seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from tastemaker.data import Dataset

_share = 0.2


@dataclass(frozen=True)
class Parts:
    """Users x items of ones; ``candidates`` are the items that are ranked, None for all but the user's own."""

    train: sp.csr_matrix
    test: sp.csr_matrix
    candidates: np.ndarray | None = None


def left_out(data: Dataset, seed: int) -> Parts:
    """Leave out a fifth of each user's interactions, rounded down."""
    matrix = data.matrix
    lengths = np.diff(matrix.indptr)
    users = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((np.random.default_rng(seed).random(matrix.nnz), users))
    place = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], lengths)
    held = np.zeros(matrix.nnz, bool)
    held[order] = place < np.repeat((lengths * _share).astype(int), lengths)
    return Parts(_ones(matrix, ~held), _ones(matrix, held))


def drawn_items(data: Dataset, seed: int) -> Parts:
    """Hold out a fifth of the items whole."""
    items = np.random.default_rng(seed).permutation(data.n_items)
    return _without_items(data, items[: int(_share * data.n_items)])


def fold_of_items(data: Dataset, fold: int) -> Parts:
    """Hold out one of five folds of the items whole."""
    items = np.random.default_rng(0).permutation(data.n_items)
    return _without_items(data, items[fold::5])


def _without_items(data: Dataset, items: np.ndarray) -> Parts:
    """Hold items out whole; they alone are ranked, in an order by chance: ids tell of popularity, and ties go by it."""
    new = np.isin(data.matrix.indices, items)
    return Parts(_ones(data.matrix, ~new), _ones(data.matrix, new), items)


def _ones(matrix: sp.csr_array, kept: np.ndarray) -> sp.csr_matrix:
    rows, cols = matrix.tocoo().coords
    ones = np.ones(kept.sum(), np.float32)
    part = sp.csr_matrix((ones, (rows[kept], cols[kept])), shape=matrix.shape)
    part.sort_indices()
    return part
