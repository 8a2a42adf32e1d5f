"""What every call of the façade does with its arguments and its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_csr, check_indices, check_int, shown
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, UnknownIdError
from tastemaker.models._inputs import id_list, is_scalar_id
from tastemaker.models._outputs import Ranked

#: Names of ours that an error of a native model may hold, with those that implicit has.
words = {
    "`data`": "`user_items`",
    "`reg`": "`regularization`",
    "`BPR`": "`BayesianPersonalizedRanking`",
    "`LogisticMF`": "`LogisticMatrixFactorization`",
}

#: Largest number of rows and columns that 32-bit indices count.
max_size = int(np.iinfo(np.int32).max)

#: The score beside an id of -1, which fills the rows of a batch where candidates run out.
no_score = float(np.finfo(np.float32).min)


class OutOfRangeError(UnknownIdError, IndexError):
    """A user or an item that the model does not have; an IndexError too, as callers of implicit expect."""


@dataclass(frozen=True)
class Asked:
    """The ids that a call is about: one or a batch."""

    ids: np.ndarray
    single: bool

    @classmethod
    def of(cls, name: str, ids: Any, size: int = max_size) -> Asked:
        """Check ids against [0, size)."""
        return cls(index_array(name, ids, size), is_scalar_id(ids))


def index_array(name: str, ids: Any, size: int) -> np.ndarray:
    """Return int32 indices in [0, size), of one id or many."""
    try:
        return check_indices(name, id_list(name, ids), size)
    except UnknownIdError as error:
        raise OutOfRangeError(str(error)) from None
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"`{name}` must be an int or a sequence of ints in [0, {size}), got {shown(ids)}. "
            "For ids of your own fit a model of tastemaker on a Dataset."
        ) from None


def sparse(name: str, matrix: Any, shape: tuple[int | None, int | None] = (None, None)) -> sp.csr_array:
    """Return a checked, canonical float32 copy of a sparse matrix."""
    if not sp.issparse(matrix):
        raise ArgumentTypeError(
            f"`{name}` must be a scipy sparse matrix, got {type(matrix).__name__}. "
            "Wrap a dense array in scipy.sparse.csr_matrix; of a Dataset pass its .matrix."
        )
    return as_csr(name, matrix, shape=shape)


def rows_for(name: str, matrix: Any, count: int, columns: int) -> sp.csr_array:
    """Return the interactions of a batch: one canonical row for each id asked for, as wide as the model."""
    given = getattr(matrix, "shape", (count,))[0]
    if given != count:
        raise DataError(
            f"`{name}` must contain 1 row for every id asked for ({count}), got {given} rows. "
            f"Pass {name}[ids], not the whole matrix."
        )
    rows = sparse(name, matrix)
    if rows.shape[1] == columns:
        return rows
    if rows.shape[1] > columns:
        raise DataError(
            f"`{name}` must have at most {columns} columns, those of the model, got {rows.shape[1]}. "
            "Fit the model again to add some."
        )
    return sp.csr_array((rows.data, rows.indices, rows.indptr), shape=(count, columns))


def mask_of(names: tuple[str, str], only: Any, without: Any, size: int) -> np.ndarray | None:
    """Return a mask over [0, size) of what may be answered, or None for everything; names are (only, without)."""
    if only is not None and without is not None:
        raise ArgumentError(f"`{names[0]}` and `{names[1]}` must not both be given: leave one of them out.")
    if only is None and without is None:
        return None
    mask = np.full(size, only is None, dtype=np.uint8)
    if only is not None:
        mask[index_array(names[0], only, size)] = 1
    else:
        mask[index_array(names[1], without, size)] = 0
    return mask


def length_of(n: Any, mask: np.ndarray | None, only: Iterable[int] | None) -> int:
    """Return the length of a list: N, or the number of items to choose from when these are given."""
    length = check_int("N", n, low=1, high=max_size)
    if only is None or mask is None:
        return length
    return min(length, int(np.count_nonzero(mask)))


def shaped(ranked: Ranked, n: int, asked: Asked, dtype: Any = np.float32) -> Ranked:
    """Return (ids, scores): for one id only what was found, for a batch n columns filled with (-1, no_score)."""
    ids, scores = ranked[0][:, :n], ranked[1][:, :n].astype(dtype)
    found = ids >= 0
    if asked.single:
        return ids[found], scores[found]
    scores[~found] = no_score
    missing = ((0, 0), (0, n - ids.shape[1]))
    return np.pad(ids, missing, constant_values=-1), np.pad(scores, missing, constant_values=no_score)


def dtype_of(dtype: Any) -> Any:
    """Return the type of the factors."""
    try:
        return np.dtype(dtype)
    except TypeError:
        raise ArgumentTypeError(f"`dtype` must be float32 or float64, got {shown(dtype)}.") from None


def check_callback(callback: Any) -> None:
    if callback is not None and not callable(callback):
        raise ArgumentTypeError(f"`callback` must be callable or None, got {shown(callback)}.")


def thread_count(num_threads: Any) -> int | None:
    """Return the threads= argument for num_threads=, where 0 means all."""
    return check_int("num_threads", num_threads, low=0) or None
