"""Retrieval over several models' scores: scaled per user and summed, all items of a few users at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._runtime import num_threads
from tastemaker.models._outputs import Ranked
from tastemaker.retrieval import TableScorer

#: The queries of each member, by its name.
Queries: TypeAlias = dict[str, Any]

#: Scores held at a time, of the sum and of one member: 32 MiB each.
_BLOCK = 2**23


class BlendScorer:
    """Scores items by the sum of members' scores, each times its weight over its deviation for that user.

    Parameters
    ----------
    members : dict name -> scorer
    weights : ndarray of float32
        One for each member, in order.
    n_items : int
    """

    def __init__(self, members: dict[str, Any], weights: np.ndarray, n_items: int) -> None:
        self.members = members
        self.weights = weights
        self.n_items = n_items

    def topn(
        self,
        queries: Queries,
        n: int,
        *,
        exclude: sp.csr_array | None = None,
        allowed: np.ndarray | None = None,
        threads: int | None = None,
    ) -> Ranked:
        """As of the other scorers; a row that is empty for every member gets nothing."""
        size = _size(queries)
        ids, best = np.empty((size, n), np.int32), np.empty((size, n), np.float32)
        for block, part in self._blocks(queries):
            hidden = None if exclude is None else exclude[block]
            scorer = TableScorer(self.score_all(part, threads=threads))
            ids[block], best[block] = scorer.topn(
                _selector(_served(part)), n, exclude=hidden, allowed=allowed, threads=threads
            )
        return ids, best

    def score(
        self, queries: Queries, rows: np.ndarray, items: np.ndarray, *, threads: int | None = None
    ) -> np.ndarray:
        """As of the other scorers."""
        found = np.empty(len(rows), np.float32)
        for block, part in self._blocks(queries):
            here = np.flatnonzero((rows >= block.start) & (rows < block.stop))
            found[here] = self.score_all(part, threads=threads)[rows[here] - block.start, items[here]]
        return found

    def rank(
        self,
        queries: Queries,
        rows: np.ndarray,
        items: np.ndarray,
        *,
        exclude: sp.csr_array | None = None,
        threads: int | None = None,
    ) -> np.ndarray:
        """As of the other scorers."""
        found = np.empty(len(rows), np.int64)
        for block, part in self._blocks(queries):
            here = np.flatnonzero((rows >= block.start) & (rows < block.stop))
            hidden = None if exclude is None else exclude[block]
            scorer, everyone = TableScorer(self.score_all(part, threads=threads)), np.ones(_size(part), bool)
            found[here] = scorer.rank(
                _selector(everyone), rows[here] - block.start, items[here], exclude=hidden, threads=threads
            )
        return found

    def score_all(self, queries: Queries, *, threads: int | None = None) -> np.ndarray:
        """As of the other scorers."""
        return self.combine(queries, threads)[0]

    def combine(self, queries: Queries, threads: int | None) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return all items' scores, (queries, items), and by what each member's scores went into each row."""
        threads = num_threads(threads)
        total = np.zeros((_size(queries), self.n_items), np.float32)
        factors = []
        for (name, scorer), weight in zip(self.members.items(), self.weights.tolist(), strict=True):
            scores = scorer.score_all(queries[name], threads=threads)
            factors.append(_core.add_scaled(scores, weight, total, threads))
        return total, factors

    def _blocks(self, queries: Queries) -> Iterator[tuple[slice, Queries]]:
        size, step = _size(queries), max(_BLOCK // self.n_items, 1)
        for start in range(0, size, step):
            block = slice(start, min(start + step, size))
            yield block, _part(queries, block)


# The queries of a member that is a blend itself are a dict again.


def _size(queries: Any) -> int:
    return _size(next(iter(queries.values()))) if isinstance(queries, dict) else int(queries.shape[0])


def _part(queries: Any, block: slice) -> Any:
    if isinstance(queries, dict):
        return {name: _part(part, block) for name, part in queries.items()}
    return queries[block]


def _served(queries: Any) -> np.ndarray:
    """Return which rows say something to a member: an entry of a sparse query, a number other than 0 of a dense one."""
    if isinstance(queries, dict):
        return np.logical_or.reduce([_served(part) for part in queries.values()])  # type: ignore[no-any-return]
    if isinstance(queries, np.ndarray):
        return np.asarray(queries.any(axis=1))
    return np.asarray(np.diff(queries.indptr) > 0)


def _selector(rows: np.ndarray) -> sp.csr_array:
    """Return the queries that pick row r of a table for each r, or nothing where rows[r] is False."""
    at = np.flatnonzero(rows).astype(np.int32)
    ends = np.concatenate([[0], np.cumsum(rows)])
    return sp.csr_array((np.ones(len(at), np.float32), at, ends), shape=(len(rows), len(rows)))
