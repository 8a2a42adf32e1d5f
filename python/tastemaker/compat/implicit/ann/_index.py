"""An index of vectors for approximate search by inner product."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._runtime import num_threads
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

    def topn(
        self, queries: np.ndarray, n: int, exclude: sp.csr_array | None, mask: np.ndarray | None
    ) -> Ranked:
        """Return the n best rows found for each query, without those excluded; -1 and NaN where there are fewer."""
        hidden = 0 if mask is None else int((mask == 0).sum())
        hidden += 0 if exclude is None else int(np.diff(exclude.indptr).max(initial=0))
        found: Any = self._graph.search(
            np.ascontiguousarray(queries, dtype=np.float32),
            min(n + hidden, len(self._graph)),
            threads=self._threads,
        )
        # For a single query usearch gives vectors, as long as what it found.
        ids, distances = np.atleast_2d(found.keys.astype(np.int64)), np.atleast_2d(found.distances)
        counts: Any = getattr(found, "counts", ids.shape[1])
        bad = np.arange(ids.shape[1]) >= np.reshape(counts, (-1, 1))
        ids[bad] = 0
        if mask is not None:
            bad |= mask[ids] == 0
        if exclude is not None:
            rows = np.repeat(np.arange(len(ids)), np.diff(exclude.indptr)) * np.int64(exclude.shape[1])
            bad |= np.isin(
                ids + np.arange(len(ids))[:, None] * np.int64(exclude.shape[1]), rows + exclude.indices
            )
        best = np.argsort(bad, axis=1, kind="stable")[:, :n]
        bad = np.take_along_axis(bad, best, axis=1)
        scores = np.take_along_axis(1 - distances, best, axis=1)
        return (
            np.where(bad, -1, np.take_along_axis(ids, best, axis=1)).astype(np.int32),
            np.where(bad, np.nan, scores).astype(np.float32),
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"_threads": self._threads, "_graph": bytes(self._graph.save())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._threads, self._graph = state["_threads"], _usearch().Index.restore(state["_graph"])


def _usearch() -> Any:
    try:
        return import_module("usearch.index")
    except ImportError:
        raise MissingLibraryError(
            "index='usearch' needs the library usearch: pip install tastemaker[ann]. index='exact' needs none."
        ) from None
