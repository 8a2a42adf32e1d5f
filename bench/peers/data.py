"""The data sets of the benches, as files that every worker can read without our package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from bench.peers.generate import SHAPES, generate

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "bench-data"

_held_out = 0.1  # share of the MovieLens interactions that the lists are judged by, drawn at random


@dataclass(frozen=True)
class Data:
    """One data set: what is trained on, what the lists are judged by (None: times and losses only), and where."""

    name: str
    note: str
    train: sp.csr_matrix
    test: sp.csr_matrix | None
    path: Path


def names() -> list[str]:
    """Return the data sets that can be loaded."""
    return ["ml-1m", "ml-1m-ratings", *(f"generated-{shape}" for shape in SHAPES)]


def load(name: str) -> Data:
    """Return a data set by name, prepared once and kept in build/."""
    if name.startswith("generated-"):
        return _generated(name, name.removeprefix("generated-"))
    if name in ("ml-1m", "ml-1m-ratings"):
        return _movielens(name, ratings=name == "ml-1m-ratings")
    raise ValueError(f"`data` must be one of {', '.join(names())}, got {name!r}.")


def _movielens(name: str, *, ratings: bool) -> Data:
    from tastemaker import datasets, splits

    split = splits.random(datasets.movielens("1m").dataset, _held_out, rng=0)
    train, test = (sp.csr_matrix(part.matrix) for part in (split.train, split.test))
    note = f"MovieLens-1M, a random {_held_out:.0%} of the interactions held out, "
    note += "ratings as weights" if ratings else "every weight 1"
    if not ratings:
        train.data[:] = 1
    path = CACHE / f"{name}.npz"
    write_matrix(path, train)  # cheap next to the split, so never stale
    return Data(name, note, train, test, path)


def _generated(name: str, key: str) -> Data:
    shape = SHAPES[key]
    path = CACHE / f"{name}-v1.npz"  # v1: of the generator's algorithm
    train = cached(path, lambda: generate(shape))
    note = f"generated, Zipf-like popularity (exponent {shape.skew}), seed {shape.seed}, every weight 1"
    return Data(name, note, train, None, path)


def cached(path: Path, make: Callable[[], sp.csr_matrix]) -> sp.csr_matrix:
    """Return the matrix stored at path, made and stored first if it is not there."""
    if not path.exists():
        write_matrix(path, make())
    return read_matrix(path)


def write_matrix(path: Path, X: sp.csr_matrix) -> None:
    """Store a CSR matrix; a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, indptr=X.indptr, indices=X.indices, data=X.data, shape=np.array(X.shape))
    partial.rename(path)


def read_matrix(path: Path) -> sp.csr_matrix:
    """Return the CSR matrix stored at path."""
    with np.load(path) as arrays:
        return sp.csr_matrix(
            (arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(arrays["shape"])
        )
