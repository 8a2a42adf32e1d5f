"""How much work a task is, counted from its data: what our time is set beside the machine's ceilings by.

Counted is the algorithm as we run it, f factors, n entries of a row, 2 flops per multiply-add:

- iALS, each half-epoch: f^2 per row for the Gram matrix (half of it, the rest is its mirror) and 2 f^2 for the change
  of axes. Conjugate gradients in s steps: (2 s + 1) passes of 2 f flops over the entries, s = 2. iALS++ with blocks
  of b = 64: per row (n b + b^2 / 3 + 2 f + 4 n) f, and no change of axes. The exact solver is not counted: its steps
  depend on the data.
- top-n: 2 f flops per user and item, those included that a bound spares.
- kNN: an update per user and pair of his items, each pair once. It moves 12 bytes: a column index, and an accumulator
  read and written; most of it within the caches, so the share of the memory's speed may exceed 100 %.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from bench.peers.tasks import Task

UPDATE_BYTES = 12
_block = 64  # columns of iALS++
_cg_passes = 5  # 2 s + 1


def of(task: Task, train: sp.csr_matrix) -> dict[str, float]:
    """Return the counted work: ``flops``, or ``updates``; nothing for a task whose work is not counted."""
    rows, columns = train.shape
    params: dict[str, Any] = task.params
    if task.reach:
        return {}
    if task.kind == "als" and params["solver"] != "cholesky":
        sides = [np.diff(train.indptr), np.bincount(train.indices, minlength=columns)]
        return {"flops": float(sum(_half_epoch(params["solver"], params["factors"], side) for side in sides))}
    if task.kind == "topn":
        return {"flops": 2.0 * rows * columns * params["factors"]}
    if task.kind == "knn_fit":
        sizes = np.diff(train.indptr).astype(np.float64)
        return {"updates": float((sizes * (sizes - 1) / 2).sum())}
    return {}


def _half_epoch(solver: str, f: int, sizes: np.ndarray) -> float:
    n = sizes.astype(np.float64)
    gram, axes = len(n) * f**2, 2 * len(n) * f**2
    if solver == "cg":
        return float(gram + axes + n.sum() * _cg_passes * 2 * f)
    return float(gram + ((n * _block + _block**2 / 3 + 2 * f + 4 * n) * f).sum())
