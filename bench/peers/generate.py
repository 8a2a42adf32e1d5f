"""Seeded interaction matrices of a given shape with Zipf-like popularity.

    python -m bench.peers.generate s m     # writes build/bench-data/generated-{s,m}-v1.npz

The pairs are drawn from a configuration model: users by their activity (log-normal), items by their popularity
(Zipf-Mandelbrot), duplicates drawn again until the wanted number of distinct pairs is there. Ids carry no order:
popular items stand anywhere. Every weight is 1.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Shape:
    """Size of a generated matrix; ``skew`` is the exponent of the items' popularity."""

    users: int
    items: int
    nnz: int
    skew: float = 1.0
    seed: int = 1


# s and m have the shapes of MovieLens-1M and MovieLens-20M, lecture that of a public lecture on LightFM; tiny is for
# tests of the harness.
SHAPES = {
    "tiny": Shape(600, 400, 20_000),
    "s": Shape(6_040, 3_706, 1_000_000),
    "m": Shape(138_493, 26_744, 20_000_000),
    "lecture": Shape(142_888, 59_599, 1_530_000),
}

# Chosen so that the most popular item and the most active user are about those of MovieLens.
_head = 40  # the first so many items are nearly equally popular
_activity_spread = 1.0  # sigma of log activity


def generate(shape: Shape) -> sp.csr_matrix:
    """Return the matrix (users x items, float32 ones, int32 indices, sorted) of a shape; the same for a seed."""
    if shape.nnz > shape.users * shape.items // 2:
        raise ValueError(f"`nnz` must be at most half of {shape.users} x {shape.items}, got {shape.nnz}.")
    rng = np.random.default_rng(shape.seed)
    activity = rng.lognormal(0.0, _activity_spread, shape.users)
    ranks = rng.permutation(shape.items)
    popularity = (ranks + 1.0 + _head) ** -shape.skew
    keys = np.empty(0, np.int64)
    while len(keys) < shape.nnz:
        # A sixth falls on pairs that are there already, more in later rounds: they are small anyway.
        draws = int(1.2 * (shape.nnz - len(keys))) + 1_000
        users = _draw(rng, activity, draws)
        items = rng.permutation(_draw(rng, popularity, draws))
        keys = _distinct(np.concatenate([keys, users * shape.items + items]))
    keys = np.delete(keys, rng.choice(len(keys), len(keys) - shape.nnz, replace=False, shuffle=False))
    users, items = np.divmod(keys, shape.items)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=shape.users))])
    return sp.csr_matrix(
        (np.ones(shape.nnz, np.float32), items.astype(np.int32), indptr.astype(np.int32)),
        shape=(shape.users, shape.items),
    )


def tags(rows: int, per_row: int, *, names: int = 1_000, seed: int = 1) -> sp.csr_matrix:
    """Return features: each row's own indicator and ``per_row`` tags, popular ones more often; rows sum to 1."""
    rng = np.random.default_rng(seed)
    popularity = 1.0 / (np.arange(names) + 10.0)
    drawn = rng.choice(names, (rows, per_row), p=popularity / popularity.sum())
    columns = np.column_stack([np.arange(rows), rows + drawn]).ravel()
    indptr = np.arange(rows + 1) * (per_row + 1)
    features = sp.csr_matrix(
        (np.full(columns.size, 1 / (per_row + 1), np.float32), columns, indptr), shape=(rows, rows + names)
    )
    features.sum_duplicates()
    return features


def _distinct(keys: np.ndarray) -> np.ndarray:
    """Return the distinct keys in ascending order (np.unique hashes first, which takes far longer here)."""
    keys = np.sort(keys)
    first = np.concatenate([[True], keys[1:] != keys[:-1]])
    return np.compress(first, keys)


def _draw(rng: np.random.Generator, weights: np.ndarray, draws: int) -> np.ndarray:
    """Return ``draws`` indices in ascending order, each in proportion to its weight."""
    return np.repeat(np.arange(len(weights)), rng.multinomial(draws, weights / weights.sum()))


if __name__ == "__main__":
    from bench.peers.data import load

    for name in sys.argv[1:]:
        print(load(f"generated-{name}").path)
