"""Top-N retrieval: the best items for many queries, without ever holding all scores.

A scorer holds what a fitted model knows about its items. Given queries, one row per user, it finds their best items,
scores given pairs, or ranks given pairs. All answers follow one total order (score descending, then index ascending),
so they depend neither on the number of threads nor on which queries share a call.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._runtime import num_threads
from tastemaker._validation import CsrParts, csr_parts

__all__ = ["DenseScorer", "SparseScorer", "TableScorer"]

Ids: TypeAlias = npt.NDArray[np.int32]
Scores: TypeAlias = npt.NDArray[np.float32]
Ranks: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.uint8]
#: What orders items of equal score, or the place that they all get.
Ties: TypeAlias = Literal["index", "shared", "last"]


class DenseScorer:
    """Scores items by the inner product of a query with their vectors.

    Building it costs a copy of the vectors in the layout of the kernel, made at the first call and kept; calls may
    come from several threads. A pickle holds the vectors only.

    Parameters
    ----------
    items : ndarray of float32, (items, factors)
        One finite vector per item.

    Examples
    --------
    >>> import numpy as np
    >>> from tastemaker.retrieval import DenseScorer
    >>> scorer = DenseScorer(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=np.float32))
    >>> ids, scores = scorer.topn(np.array([[2.0, 1.0]], dtype=np.float32), n=2)
    >>> ids, scores
    (array([[2, 0]], dtype=int32), array([[3., 2.]], dtype=float32))
    """

    def __init__(self, items: npt.NDArray[np.float32]) -> None:
        self.items = np.ascontiguousarray(items, dtype=np.float32)
        self._core: _core.DenseIndex | None = None

    def topn(
        self,
        queries: npt.NDArray[np.float32],
        n: int,
        *,
        exclude: sp.csr_array | None = None,
        allowed: Mask | None = None,
        threads: int | None = None,
    ) -> tuple[Ids, Scores]:
        """Return the n best items of each query.

        Parameters
        ----------
        queries : ndarray of float32, (queries, factors)
            A row of zeros gets no items: it prefers nothing.
        n : int
            Length of a list, >= 1.
        exclude : csr_array, (queries, items), optional
            Row r names the items that query r must not get.
        allowed : ndarray of uint8, (items,), optional
            0 forbids an item to every query.
        threads : int, optional

        Returns
        -------
        ids : ndarray of int32, (queries, n)
            Best first; -1 where a query has fewer candidates.
        scores : ndarray of float32, (queries, n)
            NaN where ids is -1.
        """
        return self._index(threads).topn(_dense(queries), n, _parts(exclude), allowed, num_threads(threads))

    def score_all(self, queries: npt.NDArray[np.float32], *, threads: int | None = None) -> Scores:
        """Return the scores of all items, (queries, items); the same bits as in `topn`."""
        return self._index(threads).score_all(_dense(queries), num_threads(threads))

    def score(
        self,
        queries: npt.NDArray[np.float32],
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        *,
        threads: int | None = None,
    ) -> Scores:
        """Return the score of each pair (queries[rows[i]], items[i]); the same bits as in `topn`."""
        return self._index(threads).score(
            _dense(queries), _indices(rows), _indices(items), num_threads(threads)
        )

    def rank(
        self,
        queries: npt.NDArray[np.float32],
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        *,
        exclude: sp.csr_array | None = None,
        threads: int | None = None,
    ) -> Ranks:
        """Return the place, from 1, of each pair's item among the items that its query's `exclude` row leaves.

        The item itself counts even when it is excluded.
        """
        return self._ranks(queries, rows, items, exclude, "index", threads)

    def mean_rank(
        self,
        queries: npt.NDArray[np.float32],
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        *,
        exclude: sp.csr_array | None = None,
        threads: int | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return the mean place of each pair's item and those of the same score, as `rank` otherwise.

        Unlike `rank`, this favours no item for its index.
        """
        return self._ranks(queries, rows, items, exclude, "shared", threads) / 2

    def last_rank(
        self,
        queries: npt.NDArray[np.float32],
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        *,
        exclude: sp.csr_array | None = None,
        threads: int | None = None,
    ) -> Ranks:
        """Return the place of each pair's item behind all others of the same score, as `rank` otherwise."""
        return self._ranks(queries, rows, items, exclude, "last", threads)

    def _ranks(
        self,
        queries: npt.NDArray[np.float32],
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        exclude: sp.csr_array | None,
        ties: Ties,
        threads: int | None,
    ) -> Ranks:
        return self._index(threads).rank(
            _dense(queries), _indices(rows), _indices(items), _parts(exclude), ties, num_threads(threads)
        )

    def _index(self, threads: int | None) -> _core.DenseIndex:
        if self._core is None:
            self._core = _core.DenseIndex(self.items, num_threads(threads))
        return self._core

    def __getstate__(self) -> dict[str, Any]:
        return {"items": self.items, "_core": None}


class _SparseQueries:
    """What scorers of sparse queries share: the query row times the scorer's table."""

    def topn(
        self,
        queries: sp.csr_array,
        n: int,
        *,
        exclude: sp.csr_array | None = None,
        allowed: Mask | None = None,
        threads: int | None = None,
    ) -> tuple[Ids, Scores]:
        """Return the n best items of each query.

        Parameters
        ----------
        queries : csr_array, (queries, sources)
            A row without entries gets no items: it prefers nothing.
        n, exclude, allowed, threads
            As in `DenseScorer.topn`.

        Returns
        -------
        ids, scores
            As from `DenseScorer.topn`.
        """
        return self._index().topn(csr_parts(queries), n, _parts(exclude), allowed, num_threads(threads))

    def score_all(self, queries: sp.csr_array, *, threads: int | None = None) -> Scores:
        """Return the scores of all items, (queries, items); the same bits as in `topn`."""
        return self._index().score_all(csr_parts(queries), num_threads(threads))

    def score(
        self,
        queries: sp.csr_array,
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        *,
        threads: int | None = None,
    ) -> Scores:
        """Return the score of each pair (queries[rows[i]], items[i]); the same bits as in `topn`."""
        return self._index().score(csr_parts(queries), _indices(rows), _indices(items), num_threads(threads))

    def rank(
        self,
        queries: sp.csr_array,
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        *,
        exclude: sp.csr_array | None = None,
        threads: int | None = None,
    ) -> Ranks:
        """Return the place, from 1, of each pair's item among the items that its query's `exclude` row leaves.

        The item itself counts even when it is excluded.
        """
        return self._ranks(queries, rows, items, exclude, "index", threads)

    def mean_rank(
        self,
        queries: sp.csr_array,
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        *,
        exclude: sp.csr_array | None = None,
        threads: int | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return the mean place of each pair's item and those of the same score, as `rank` otherwise.

        Unlike `rank`, this favours no item for its index. Items that a sparse table does not touch share the last
        places.
        """
        return self._ranks(queries, rows, items, exclude, "shared", threads) / 2

    def last_rank(
        self,
        queries: sp.csr_array,
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        *,
        exclude: sp.csr_array | None = None,
        threads: int | None = None,
    ) -> Ranks:
        """Return the place of each pair's item behind all others of the same score, as `rank` otherwise."""
        return self._ranks(queries, rows, items, exclude, "last", threads)

    def _ranks(
        self,
        queries: sp.csr_array,
        rows: npt.ArrayLike,
        items: npt.ArrayLike,
        exclude: sp.csr_array | None,
        ties: Ties,
        threads: int | None,
    ) -> Ranks:
        return self._index().rank(
            csr_parts(queries), _indices(rows), _indices(items), _parts(exclude), ties, num_threads(threads)
        )

    def _index(self) -> _core.SparseIndex | _core.TableIndex:
        raise NotImplementedError


class SparseScorer(_SparseQueries):
    """Scores items by the product of a sparse query with a sparse table.

    Candidates are the items that the product touches, be their score negative or zero: about the others the table says
    nothing. They score 0 and rank after all touched ones, by index. Building it costs a copy of the table, made at the
    first call and kept; calls may come from several threads. A pickle holds the table only.

    Parameters
    ----------
    table : csr_array, (sources, items)
        Row j says what an interaction with j tells about the items. Canonical: ascending and unique within rows.

    Examples
    --------
    >>> import numpy as np
    >>> import scipy.sparse as sp
    >>> from tastemaker.retrieval import SparseScorer
    >>> table = sp.csr_array(np.array([[0.0, 0.5, 0.1], [0.5, 0.0, 0.0]], dtype=np.float32))
    >>> query = sp.csr_array(np.array([[1.0, 0.0]], dtype=np.float32))
    >>> ids, scores = SparseScorer(table).topn(query, n=3)
    >>> ids, scores
    (array([[ 1,  2, -1]], dtype=int32), array([[0.5, 0.1, nan]], dtype=float32))
    """

    def __init__(self, table: sp.csr_array) -> None:
        self.table = table
        self._core: _core.SparseIndex | None = None

    def _index(self) -> _core.SparseIndex:
        if self._core is None:
            self._core = _core.SparseIndex(csr_parts(self.table))
        return self._core

    def __getstate__(self) -> dict[str, Any]:
        return {"table": self.table, "_core": None}


class TableScorer(_SparseQueries):
    """Scores items by the product of a sparse query with a dense table, which is not copied.

    Every item is a candidate. Calls may come from several threads. A pickle holds the table only.

    Parameters
    ----------
    table : ndarray of float32, (sources, items)
        Row j says what an interaction with j tells about the items.

    Examples
    --------
    >>> import numpy as np
    >>> import scipy.sparse as sp
    >>> from tastemaker.retrieval import TableScorer
    >>> table = np.array([[0.0, 0.5, 0.25], [0.5, 0.0, -1.0]], dtype=np.float32)
    >>> query = sp.csr_array(np.array([[1.0, 1.0]], dtype=np.float32))
    >>> ids, scores = TableScorer(table).topn(query, n=3)
    >>> ids, scores
    (array([[0, 1, 2]], dtype=int32), array([[ 0.5 ,  0.5 , -0.75]], dtype=float32))
    """

    def __init__(self, table: npt.NDArray[np.float32]) -> None:
        self.table = np.ascontiguousarray(table, dtype=np.float32)
        self._core: _core.TableIndex | None = None

    def _index(self) -> _core.TableIndex:
        if self._core is None:
            self._core = _core.TableIndex(self.table)
        return self._core

    def __getstate__(self) -> dict[str, Any]:
        return {"table": self.table, "_core": None}


def _dense(queries: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(queries, dtype=np.float32)


def _indices(values: npt.ArrayLike) -> Ids:
    return np.ascontiguousarray(values, dtype=np.int32)


def _parts(matrix: sp.csr_array | None) -> CsrParts | None:
    return None if matrix is None else csr_parts(matrix)
