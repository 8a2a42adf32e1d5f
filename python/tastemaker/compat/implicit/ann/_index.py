"""An index of vectors for approximate search by inner product."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from tastemaker._runtime import num_threads
from tastemaker.compat.implicit._arguments import shaped
from tastemaker.compat.implicit.cpu.matrix_factorization_base import Request
from tastemaker.errors import MissingLibraryError
from tastemaker.models._outputs import Ranked


@dataclass(frozen=True)
class Settings:
    """What builds and searches a graph; 0 leaves the choice to usearch."""

    connectivity: int = 0
    expansion_add: int = 0
    expansion_search: int = 0


class GraphIndex:
    """A graph (HNSW) over the rows of a matrix, by usearch; rows of zeros are left out.

    Parameters
    ----------
    vectors : ndarray (items, factors)
    settings : Settings
    threads : int or None
    """

    def __init__(self, vectors: np.ndarray, settings: Settings, threads: int | None) -> None:
        self._threads = num_threads(threads)
        self._graph = _usearch().Index(
            ndim=vectors.shape[1],
            metric="ip",
            dtype="f32",
            connectivity=settings.connectivity,
            expansion_add=settings.expansion_add,
            expansion_search=settings.expansion_search,
        )
        (rows,) = np.nonzero(vectors.any(axis=1))
        self._graph.add(rows, vectors[rows].astype(np.float32), threads=self._threads)

    def answer(self, request: Request) -> Ranked:
        """Return (ids, scores) of a call: the best rows found for each query, without those excluded."""
        queries = np.ascontiguousarray(request.queries, dtype=np.float32)
        count = min(request.n + _most_hidden(request), len(self._graph))
        found: Any = self._graph.search(queries, count, threads=self._threads)
        # For a single query usearch gives vectors, as long as what it found.
        ids, distances = np.atleast_2d(found.keys.astype(np.int64)), np.atleast_2d(found.distances)
        counts: Any = getattr(found, "counts", ids.shape[1])
        missing = np.arange(ids.shape[1]) >= np.reshape(counts, (-1, 1))
        missing |= ~queries.any(axis=1, keepdims=True)  # nothing is near to zeros
        ids[missing] = 0
        bad = missing | _hidden(ids, request)
        best = np.argsort(bad, axis=1, kind="stable")[:, : request.n]
        ids, scores = np.where(bad, -1, ids).astype(np.int32), 1 - distances
        ranked = (np.take_along_axis(ids, best, axis=1), np.take_along_axis(scores, best, axis=1))
        return shaped(ranked, request.n, request.asked, request.queries.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {"_threads": self._threads, "_graph": bytes(self._graph.save())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._threads, self._graph = state["_threads"], _usearch().Index.restore(state["_graph"])


def _most_hidden(request: Request) -> int:
    """Return how many of the best rows of a query may be forbidden at most."""
    masked = 0 if request.mask is None else int((request.mask == 0).sum())
    excluded = 0 if request.exclude is None else int(np.diff(request.exclude.indptr).max(initial=0))
    return masked + excluded


def _hidden(ids: np.ndarray, request: Request) -> np.ndarray:
    """Return which of the rows found for each query are forbidden."""
    hidden = np.zeros(ids.shape, dtype=bool) if request.mask is None else request.mask[ids] == 0
    if request.exclude is not None:
        query, width = np.arange(len(ids)), np.int64(request.exclude.shape[1])
        excluded = np.repeat(query, np.diff(request.exclude.indptr)) * width + request.exclude.indices
        hidden |= np.isin(query[:, None] * width + ids, excluded)
    return hidden


def _usearch() -> Any:
    try:
        return import_module("usearch.index")
    except ImportError:
        raise MissingLibraryError(
            "index='usearch' needs the library usearch: pip install tastemaker[ann]. index='exact' needs none."
        ) from None
