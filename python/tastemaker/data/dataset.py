"""The interactions of users with items: one sparse matrix, the ids of its sides, times and features."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_csr, check_indices, friendly
from tastemaker.data._assemble import Origin, build, extend
from tastemaker.data._columns import default_columns
from tastemaker.data._frames import is_frame, read_interactions
from tastemaker.data._merge import Duplicates, WeightPolicy
from tastemaker.data._raw import FrameKind
from tastemaker.data._tuples import read_tuples
from tastemaker.data.idmap import IdMap
from tastemaker.errors import ArgumentTypeError, DataError


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Interactions as a users x items matrix, with ids, times and features.

    Made by `from_frame`, `from_file`, `from_tuples` or `from_sparse`; never changed afterwards: `extend` returns
    a new one.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array of float32, shape (n_users, n_items)
        Weights. Canonical: columns ascend within a row, no pair twice, no stored zeros.
    times : ndarray of float64, shape (nnz,), or None
        Seconds since 1970-01-01 UTC of each pair's newest row, aligned with ``matrix.data``.
    users, items : IdMap
        Ids of the rows and of the columns. Indices ascend with the ids (ints by value, str by code point), so
        the order of the input does not matter; `extend` appends the ids it adds.
    columns : dict
        The user's name of the columns "user", "item", "weight" and "time".
    frame : {"pandas", "polars", "pyarrow"} or None
        Kind of frame that came in, in which results go out.

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.Dataset.from_tuples([("ann", "heat", 5), ("bob", "heat", 3), ("bob", "ronin", 4)])
    >>> data
    Dataset(2 users x 2 items, 3 interactions, weights 3 to 5)
    >>> data.matrix.toarray()
    array([[5., 0.],
           [3., 4.]], dtype=float32)
    >>> data.items.take([1])
    array(['ronin'], dtype=object)
    """

    matrix: sp.csr_array
    times: np.ndarray | None
    users: IdMap
    items: IdMap
    columns: dict[str, str] = field(default_factory=default_columns.copy)
    frame: FrameKind | None = None
    origin: Origin = field(default_factory=Origin)

    @classmethod
    @friendly
    def from_frame(
        cls,
        frame: Any,
        *,
        user: str | None = None,
        item: str | None = None,
        weight: str | Literal[False] | None = None,
        time: str | Literal[False] | None = None,
        on_duplicate: Duplicates = "sum",
        half_life: float | timedelta | None = None,
        cap: float | None = None,
    ) -> Dataset:
        """Return the Dataset of a frame with one interaction per row."""
        policy = WeightPolicy.checked(on_duplicate, half_life, cap)
        raw = read_interactions(frame, {"user": user, "item": item, "weight": weight, "time": time})
        return cls(**build("frame", raw, policy))

    @classmethod
    @friendly
    def from_tuples(
        cls,
        rows: Any,
        *,
        on_duplicate: Duplicates = "sum",
        half_life: float | timedelta | None = None,
        cap: float | None = None,
    ) -> Dataset:
        """Return the Dataset of an iterable of tuples; needs no frame library."""
        policy = WeightPolicy.checked(on_duplicate, half_life, cap)
        return cls(**build("rows", read_tuples(rows), policy))

    @classmethod
    @friendly
    def from_sparse(cls, matrix: Any, *, users: Any = None, items: Any = None) -> Dataset:
        """Return the Dataset of a users x items sparse matrix."""
        csr = as_csr("matrix", matrix).copy()  # the caller may go on changing its arrays
        return cls(
            matrix=csr,
            times=None,
            users=_side("users", users, csr.shape[0]),
            items=_side("items", items, csr.shape[1]),
            origin=Origin(weighted=bool((csr.data != 1).any())),
        )

    @property
    def n_users(self) -> int:
        """Number of users: rows of the matrix."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items: columns of the matrix."""
        return len(self.items)

    @property
    def nnz(self) -> int:
        """Number of (user, item) pairs with an interaction."""
        return int(self.matrix.nnz)

    @friendly
    def extend(
        self,
        rows: Any,
        *,
        user: str | None = None,
        item: str | None = None,
        weight: str | None = None,
        time: str | None = None,
    ) -> Dataset:
        """Return the Dataset grown by new interactions; every index already given stays."""
        given = {"user": user, "item": item, "weight": weight, "time": time}
        used = {"user": True, "item": True, "weight": self.origin.weighted, "time": self.times is not None}
        if is_frame(rows):
            wanted = {r: given[r] or (self.columns[r] if used[r] else False) for r in given}
            raw = read_interactions(rows, wanted)
        else:
            raw = read_tuples(rows)
        return replace(self, **extend(self, raw))

    def with_interactions(self, matrix: sp.csr_array, times: np.ndarray | None) -> Dataset:
        """Return the Dataset with other interactions of the same shape: same ids, features and columns.

        Parameters
        ----------
        matrix : scipy.sparse.csr_array, shape (n_users, n_items)
            Canonical.
        times : ndarray, shape (nnz,), or None
            Aligned with ``matrix.data``.
        """
        csr = as_csr("matrix", matrix, shape=(self.n_users, self.n_items))
        if csr.nnz != matrix.nnz or not matrix.has_canonical_format:
            raise DataError(
                "`matrix` must be canonical: sorted, no pair twice, no stored zeros. Call sum_duplicates and "
                "eliminate_zeros first."
            )
        if times is not None and np.shape(times) != (csr.nnz,):
            raise DataError(f"`times` must have shape ({csr.nnz},), got {np.shape(times)}.")
        seconds = None if times is None else np.asarray(times, dtype=np.float64)
        return replace(self, matrix=csr, times=seconds, origin=self.origin.derived())

    def take_users(self, rows: Any) -> Dataset:
        """Return the Dataset of some users, in the order given; the items stay.

        Parameters
        ----------
        rows : sequence of int, shape (m,)
            Distinct indices of users.
        """
        chosen = check_indices("rows", rows, self.n_users)
        users = IdMap(self.users.take(chosen))
        lengths = np.diff(self.matrix.indptr)[chosen]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        entries = np.repeat(self.matrix.indptr[chosen] - indptr[:-1], lengths) + np.arange(indptr[-1])
        matrix = sp.csr_array(
            (self.matrix.data[entries], self.matrix.indices[entries], indptr),
            shape=(len(users), self.n_items),
        )
        times = None if self.times is None else self.times[entries]
        return replace(self, matrix=matrix, times=times, users=users, origin=self.origin.derived())

    def __repr__(self) -> str:
        parts = [f"{self.n_users:,} users x {self.n_items:,} items, {self.nnz:,} interactions"]
        if self.nnz and self.origin.weighted:
            parts.append(f"weights {self.matrix.data.min():g} to {self.matrix.data.max():g}")
        return f"Dataset({', '.join(parts)})"


def _side(name: str, ids: Any, size: int) -> IdMap:
    if ids is None:
        return IdMap(np.arange(size))
    if isinstance(ids, (str, int)):
        raise ArgumentTypeError(f"`{name}` must be a sequence of {size} ids, got {ids!r}.")
    known = ids if isinstance(ids, IdMap) else IdMap(ids)
    if len(known) != size:
        raise DataError(f"`{name}` must have one id per {name[:-1]} of the matrix, {size}, got {len(known)}.")
    return known
