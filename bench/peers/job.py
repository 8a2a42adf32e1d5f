"""What an adapter is given for one run of a task, and what it gives back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
import scipy.sparse as sp
from bench.peers import memory


@dataclass
class Outcome:
    """Results that the runner checks and judges; None where the task has none.

    ``similarity`` may be in any sparse format, one row of neighbours per item. ``lists`` are item indices
    (users x n, padded with -1); ``energy`` is the sum of squared singular values, ``auc`` the mean over users.
    """

    lists: np.ndarray | None = None
    similarity: Any = None
    user: np.ndarray | None = None
    item: np.ndarray | None = None
    energy: float | None = None
    auc: float | None = None


@dataclass
class Job:
    """One run of one task: data in, clock, what the runner wants to see.

    Attributes
    ----------
    train : csr_matrix
        Users x items, float32, int32 indices, sorted.
    threads : int
    checked : bool
        The outcome of this run is looked at: fill it in, outside of ``timed``. Other runs are only timed.
    arrays : dict
        Further inputs by name: ``user`` and ``item`` factors of a top-n task.
    """

    train: sp.csr_matrix
    threads: int
    checked: bool
    arrays: dict[str, np.ndarray]
    kept: dict[str, Any] = field(default_factory=dict)
    seconds: float = float("nan")
    laps: list[float] = field(default_factory=list)
    peak_bytes: int | None = None

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time the block and take its peak of memory above what was there before."""
        memory.settle()
        before = memory.resident()
        memory.reset_peak()
        start = time.perf_counter()
        yield
        self.seconds = time.perf_counter() - start
        after = memory.peak()
        if before is not None and after is not None:
            self.peak_bytes = max(0, after - before)

    def lap(self) -> None:
        """Say, inside ``timed``, that an epoch ended."""
        self.laps.append(time.perf_counter())

    def epochs(self, seconds: Iterable[float]) -> None:
        """Say how long each epoch took, where the library tells."""
        self.laps = list(accumulate(seconds))

    def later_epochs(self, seconds: float, epochs: int) -> None:
        """Say how long the epochs after the first took together, where no lap can be had."""
        self.laps = [seconds * lap / max(epochs - 1, 1) for lap in range(epochs)]

    def epoch_seconds(self) -> float | None:
        """Return the mean time of an epoch: from the end of the first to the end of the last, so without set-up."""
        if len(self.laps) < 2:
            return None
        return (self.laps[-1] - self.laps[0]) / (len(self.laps) - 1)

    def features(self, side: str) -> sp.csr_matrix | None:
        """Return the features of a side, "user" or "item"; None where the task gives none."""
        if f"{side}_indptr" not in self.arrays:
            return None
        indptr, indices, data, shape = (
            self.arrays[f"{side}_{part}"] for part in ("indptr", "indices", "data", "shape")
        )
        return sp.csr_matrix((data, indices, indptr), shape=tuple(shape))

    def once(self, make: Callable[[], Any]) -> Any:
        """Return what ``make`` gave in the first run of this task: preparation that need not be repeated."""
        if "made" not in self.kept:
            self.kept["made"] = make()
        return self.kept["made"]


def best_items(
    user: np.ndarray, item: np.ndarray, seen: sp.csr_matrix, n: int, block: int = 1024
) -> np.ndarray:
    """Return each user's n best unseen items by plain numpy: for peers without lists of their own."""
    lists = np.empty((len(user), n), np.int32)
    for start in range(0, len(user), block):
        rows = slice(start, start + block)
        scores = user[rows] @ item.T
        scores[seen[rows].nonzero()] = -np.inf
        top = np.argpartition(-scores, n - 1, axis=1)[:, :n]
        order = np.argsort(-np.take_along_axis(scores, top, 1), axis=1, kind="stable")
        lists[rows] = np.take_along_axis(top, order, 1)
    return lists
