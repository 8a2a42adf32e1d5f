"""What an epoch on a device moves and computes, counted by the simulator on a sample of the rows.

    python -m bench.cuda.work EXTENSION DATA FACTORS      # prints JSON: bytes and operations by step

EXTENSION is the one that `make cuda-simulated` builds. A row's work depends on its length alone, so every so-manieth
row in the order of lengths stands for its neighbours; the work of a table is in proportion to its rows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import util
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from bench.peers import data

from tastemaker._validation import csr_parts

_sampled_entries = 60_000
_sampled_rows = 2_048  # of a table: whole chunks of the Gram matrix


class Work(NamedTuple):
    """Bytes between the device's memory and its processors, and floating point operations."""

    bytes: float
    flops: float

    def __mul__(self, times: Any) -> Work:
        return Work(self.bytes * times, self.flops * times)


def epoch(cuda: ModuleType, X: sp.csr_array, factors: int) -> dict[str, Work]:
    """Return the work of one epoch of `ALS` with two steps of conjugate gradients, by step."""
    work = {}
    for name, rows in (("users", X), ("items", X.T.tocsr())):
        # Before a half-epoch both sides are rotated; the Gram matrix of the other one is taken before and after.
        work[f"Gram matrix of {name}"] = _of_table(cuda, rows.shape[0], factors, "gram") * 2
        work[f"rotation of {name}"] = _of_table(cuda, rows.shape[0], factors, "rotated") * 2
        work[f"half-epoch of {name}"] = _of_rows(cuda, rows, factors)
    return work


def load(path: str) -> ModuleType:
    """Return the extension that was built for the simulator."""
    spec = util.spec_from_file_location("tastemaker_cuda._cuda", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _counted(cuda: ModuleType, step: Callable[[], object]) -> Work:
    before = cuda.counted()
    step()
    after = cuda.counted()
    return Work(after[0] - before[0], after[1] - before[1])


def _of_table(cuda: ModuleType, rows: int, factors: int, step: str) -> Work:
    sampled = min(rows, _sampled_rows)
    table = cuda.Table(_random(sampled, factors))
    arguments = (np.eye(factors, dtype=np.float32),) if step == "rotated" else ()
    return _counted(cuda, lambda: getattr(table, step)(*arguments)) * (rows / sampled)


def _of_rows(cuda: ModuleType, X: sp.csr_array, factors: int) -> Work:
    lengths = np.diff(X.indptr)
    each = max(X.nnz // _sampled_entries, 1)
    rows = np.argsort(lengths, kind="stable")[each // 2 :: each]
    sample = X[rows]
    other = cuda.Table(_random(X.shape[1], factors))
    own = cuda.Table(_random(len(rows), factors))
    problem = {"reg": 0.01, "alpha": 1.0, "unobserved_weight": 0.1, "nu": 1.0}
    entries = cuda.Matrix(csr_parts(sample), budget=1 << 40, **problem)
    gram = np.eye(factors) * X.shape[1] / factors
    step = _counted(cuda, lambda: cuda.half_epoch(entries, other, gram, own, cg_steps=2, preconditioned=True))
    return step * (X.nnz / sample.nnz)


def _random(rows: int, factors: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((rows, factors), dtype=np.float32) / np.sqrt(
        factors, dtype=np.float32
    )


if __name__ == "__main__":
    extension, name, factors = sys.argv[1:]
    counts = epoch(load(extension), sp.csr_array(data.load(name).train), int(factors))
    json.dump({step: work._asdict() for step, work in counts.items()}, sys.stdout)
