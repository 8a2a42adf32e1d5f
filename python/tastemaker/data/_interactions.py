"""The fields of a Dataset and what can be taken of it; how it is made and grown is in dataset.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_csr, check_indices
from tastemaker.data._assemble import Origin
from tastemaker.data._columns import default_columns
from tastemaker.data._raw import FrameKind
from tastemaker.data.features import FeatureTable
from tastemaker.data.idmap import IdMap
from tastemaker.errors import DataError


@dataclass(frozen=True, eq=False, repr=False)
class Interactions:
    """Interactions with their ids, times and features; see `Dataset`, the public class."""

    matrix: sp.csr_array
    times: np.ndarray | None
    users: IdMap
    items: IdMap
    user_features: FeatureTable | None = None
    item_features: FeatureTable | None = None
    columns: dict[str, str] = field(default_factory=default_columns.copy)
    frame: FrameKind | None = None
    origin: Origin = field(default_factory=Origin)

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

    def with_interactions(self, matrix: sp.csr_array, times: np.ndarray | None) -> Self:
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

    def take_users(self, rows: Any) -> Self:
        """Return the Dataset of some users, in the order given; the items stay.

        Parameters
        ----------
        rows : sequence of int, shape (m,)
            Distinct indices of users.
        """
        chosen = check_indices("rows", rows, self.n_users)
        times = None if self.times is None else self.times[_entries(self.matrix, chosen)]
        features = None if self.user_features is None else self.user_features.take(chosen)
        return replace(
            self,
            matrix=sp.csr_array(self.matrix[chosen]),
            times=times,
            users=IdMap(self.users.take(chosen)),
            user_features=features,
            origin=self.origin.derived(),
        )

    def __repr__(self) -> str:
        parts = [f"{self.n_users:,} users x {self.n_items:,} items, {self.nnz:,} interactions"]
        if self.nnz and self.origin.weighted:
            parts.append(f"weights {self.matrix.data.min():g} to {self.matrix.data.max():g}")
        if self.times is not None:
            parts.append("with times")
        return f"Dataset({', '.join(parts)})"


def _entries(matrix: sp.csr_array, rows: np.ndarray) -> np.ndarray:
    """Return the positions of the entries of some rows, row by row."""
    starts = matrix.indptr[rows]
    lengths = matrix.indptr[rows + 1] - starts
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(lengths.sum())
