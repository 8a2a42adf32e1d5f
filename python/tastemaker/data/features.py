"""What is known of users or items besides their interactions: one sparse row of features each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import check_bool, shown
from tastemaker.errors import ArgumentTypeError


@dataclass(frozen=True, slots=True)
class FeatureOptions:
    """How feature tables are read and laid out; see `Dataset.from_frame`."""

    separators: Mapping[str, str] = field(default_factory=dict)
    indicators: bool = True
    normalize: bool = False

    @classmethod
    def checked(cls, separators: Any, indicators: Any, normalize: Any) -> FeatureOptions:
        """Return the options of three public arguments."""
        given = {} if separators is None else separators
        pairs = given.items() if isinstance(given, Mapping) else [(None, None)]
        if not all(isinstance(text, str) and text for pair in pairs for text in pair):
            raise ArgumentTypeError(
                '`separators` must map columns to text, such as {"genres": "|"}, '
                f"got {shown(separators)} ({type(separators).__name__})."
            )
        return cls(dict(given), check_bool("indicators", indicators), check_bool("normalize", normalize))


@dataclass(frozen=True, eq=False, repr=False)
class FeatureTable:
    """Features of one side, users or items, as a sparse matrix.

    The columns of `matrix` are first one indicator per id (the identity, so that each keeps a row of its
    own), then one column per feature. Indicators have no names and features are named in `names` only, so an
    id and a feature that read the same never meet.

    Attributes
    ----------
    metadata : scipy.sparse.csr_array of float32, shape (n, m)
        The features alone.
    names : tuple of str, length m
        Names of the features: "genre=Action" for a value of a column, "age" for a number or a yes.
    indicators : bool
        Whether `matrix` starts with the identity.
    normalize : bool
        Whether the rows of `matrix` are divided by the sum of their absolute values, so that one with many
        features does not outweigh one with few.

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.Dataset.from_tuples(
    ...     [("ann", "heat"), ("ann", "alien")],
    ...     item_features=[("heat", ["crime"]), ("alien", {"horror": 1, "space": 0.5})],
    ... )
    >>> data.item_features
    FeatureTable(2 x (2 indicators + 3 features))
    >>> data.item_features.names
    ('crime', 'horror', 'space')
    >>> data.item_features.matrix.toarray()
    array([[1. , 0. , 0. , 1. , 0.5],
           [0. , 1. , 1. , 0. , 0. ]], dtype=float32)
    """

    metadata: sp.csr_array
    names: tuple[str, ...]
    indicators: bool = True
    normalize: bool = False

    @property
    def n_indicators(self) -> int:
        """Number of indicator columns, n or 0: feature j of `names` is column ``n_indicators + j``."""
        return int(self.metadata.shape[0]) if self.indicators else 0

    @cached_property
    def matrix(self) -> sp.csr_array:
        """Indicators, then features: scipy.sparse.csr_array of float32, shape (n, n_indicators + m)."""
        blocks = [self.metadata]
        if self.indicators:
            blocks.insert(0, sp.eye_array(self.metadata.shape[0], dtype=np.float32, format="csr"))
        matrix = sp.csr_array(sp.hstack(blocks, format="csr"))
        if self.normalize:
            lengths = np.diff(matrix.indptr)
            sums = np.asarray(abs(matrix).sum(axis=1), dtype=np.float64)
            matrix.data = (matrix.data / np.repeat(sums, lengths)).astype(np.float32)
        return matrix

    def take(self, rows: np.ndarray) -> FeatureTable:
        """Return the table of some rows; their indicators are numbered anew."""
        return replace(self, metadata=sp.csr_array(self.metadata[rows]))

    def grown(self, n: int) -> FeatureTable:
        """Return the table with rows added up to n: indicators only, no features."""
        indptr = self.metadata.indptr
        added = np.full(n - self.metadata.shape[0], indptr[-1], dtype=indptr.dtype)
        parts = (self.metadata.data, self.metadata.indices, np.concatenate([indptr, added]))
        return replace(self, metadata=sp.csr_array(parts, shape=(n, len(self.names))))

    def __repr__(self) -> str:
        n, m = self.metadata.shape
        first = f"{n:,} indicators + " if self.indicators else ""
        return f"FeatureTable({n:,} x ({first}{m:,} features))"
