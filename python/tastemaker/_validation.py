"""Every boundary check and its message: one place, once per call, before anything is indexed.

The pattern of a message is: argument, rule, value, remedy.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import operator
import sys
import warnings
from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
import scipy.sparse as sp

from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, UnknownIdError

CsrParts: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray | None, int]

# Names that users of other libraries type, with ours; the first that the call knows is offered.
PEER_NAMES: dict[str, tuple[str, ...]] = {
    "N": ("n",),
    "k": ("n", "neighbors"),
    "K": ("neighbors", "n"),
    "top_k": ("n", "neighbors"),
    "no_components": ("factors",),
    "n_factors": ("factors",),
    "n_components": ("factors",),
    "embedding_size": ("factors",),
    "rank": ("factors",),
    "iterations": ("epochs",),
    "n_epochs": ("epochs",),
    "max_iter": ("epochs",),
    "maxIter": ("epochs",),
    "regularization": ("reg",),
    "lambda_reg": ("reg",),
    "reg_all": ("reg",),
    "regParam": ("reg",),
    "alpha0": ("unobserved_weight",),
    "random_state": ("rng",),
    "random_seed": ("rng",),
    "seed": ("rng",),
    "num_threads": ("threads",),
    "n_threads": ("threads",),
    "n_jobs": ("threads",),
    "filter_already_liked_items": ("exclude_seen",),
    "filter_viewed": ("exclude_seen",),
    "remove_seen": ("exclude_seen",),
    "filter_items": ("deny",),
    "items_to_recommend": ("allow",),
    "show_progress": ("progress",),
    "verbose": ("progress",),
    "user_items": ("interactions",),
    "use_cg": ("solver",),
    "K1": ("k1",),
    "B": ("b",),
}

_max_index = int(np.iinfo(np.int32).max)  # the core numbers users and items with 32 bits

F = TypeVar("F", bound=Callable[..., Any])


def shown(value: Any, limit: int = 60) -> str:
    """Short repr for a message."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line of the caller's own code that led here, however deep inside tastemaker this is."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "tastemaker":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level + 1)


def _wrong_type(name: str, rule: str, value: Any) -> ArgumentTypeError:
    return ArgumentTypeError(f"`{name}` must be {rule}, got {shown(value)} ({type(value).__name__}).")


def check_int(
    name: str, value: Any, *, low: int | None = None, high: int | None = None, remedy: str = ""
) -> int:
    """Return value as an int within [low, high]; accepts numpy integers and 0-d arrays, refuses bools."""
    rule = "an int" + _range_rule(low, high)
    if isinstance(value, (bool, np.bool_)):
        raise _wrong_type(name, rule, value)
    try:
        number = operator.index(value)
    except TypeError:
        raise _wrong_type(name, rule, value) from None
    if (low is not None and number < low) or (high is not None and number > high):
        raise ArgumentError(f"`{name}` must be {rule}, got {shown(number)}.{' ' * bool(remedy)}{remedy}")
    return number


def check_float(
    name: str,
    value: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    open_low: bool = False,
    remedy: str = "",
) -> float:
    """Return value as a finite float within [low, high], or (low, high] when open_low."""
    rule = "a finite number" + _range_rule(low, high, open_low)
    if isinstance(value, (bool, np.bool_, str, bytes, bytearray)) or np.ndim(value) > 0:
        raise _wrong_type(name, rule, value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise _wrong_type(name, rule, value) from None
    too_low = low is not None and (number < low or (open_low and number == low))
    if not math.isfinite(number) or too_low or (high is not None and number > high):
        raise ArgumentError(f"`{name}` must be {rule}, got {shown(number)}.{' ' * bool(remedy)}{remedy}")
    return number


def _range_rule(low: float | None, high: float | None, open_low: bool = False) -> str:
    if low is not None and high is not None:
        return f" {'>' if open_low else '>='} {low} and <= {high}"
    if low is not None:
        return f" {'>' if open_low else '>='} {low}"
    return f" <= {high}" if high is not None else ""


def check_bool(name: str, value: Any) -> bool:
    """Return value as a bool; refuses truthy objects, which are usually misplaced arguments."""
    if not isinstance(value, (bool, np.bool_)):
        raise _wrong_type(name, "True or False", value)
    return bool(value)


def check_choice(name: str, value: Any, choices: Collection[str]) -> str:
    """Return value when it is one of the strings in choices."""
    listed = ", ".join(repr(c) for c in choices)
    if not isinstance(value, str):
        raise _wrong_type(name, f"one of {listed}", value)
    if value not in choices:
        near = difflib.get_close_matches(value, choices, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ArgumentError(f"`{name}` must be one of {listed}, got {value!r}.{hint}")
    return value


def unknown_argument(owner: str, name: str, known: Iterable[str]) -> ArgumentTypeError:
    """Return the error for a keyword that owner does not have, with ours where a peer's name was typed."""
    known = list(known)
    ours = [peer for peer in PEER_NAMES.get(name, ()) if peer in known]
    near = ours or difflib.get_close_matches(name, known, n=1)
    hint = f" Use `{near[0]}` (`{name}` -> `{near[0]}`)." if near else f" It takes: {', '.join(known)}."
    return ArgumentTypeError(f"`{owner}` has no argument `{name}`.{hint}")


def friendly(function: F) -> F:
    """Decorate a public function: a keyword it lacks is answered with the name that it has."""
    parameters = inspect.signature(function).parameters
    known = [name for name in parameters if name not in ("self", "cls")]
    owner = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        for name in kwargs:
            if name not in parameters:
                raise unknown_argument(owner, name, known)
        return function(*args, **kwargs)

    return cast(F, wrapper)


def check_indices(name: str, values: Any, size: int) -> np.ndarray:
    """Return values as a 1-d int32 array of indices in [0, size); refuses negatives, floats and strings."""
    try:
        array = np.atleast_1d(np.asarray(values))
    except ValueError as error:  # a ragged list
        raise ArgumentTypeError(f"`{name}` must be integer indices, got {shown(values)}.") from error
    if array.size == 0:
        return np.empty(0, dtype=np.int32)
    if array.ndim != 1:
        raise ArgumentError(f"`{name}` must be a scalar or 1-d, got {array.ndim}-d of shape {array.shape}.")
    if array.dtype.kind not in "iu":
        raise ArgumentTypeError(
            f"`{name}` must be integer indices in [0, {size}), got {shown(values)} (dtype {array.dtype}). "
            "The model was fitted on a matrix; fit it on a Dataset to use your own ids."
        )
    outside = (array < 0) | (array >= size)
    if outside.any():
        raise UnknownIdError(
            f"`{name}` must be indices in [0, {size}), got {array[outside][0]} ({outside.sum()} are outside)."
        )
    return array.astype(np.int32)


def as_csr(name: str, data: Any, *, shape: tuple[int | None, int | None] = (None, None)) -> sp.csr_array:
    """Return a canonical float32 CSR copy of any scipy sparse matrix, checked entry by entry.

    Canonical: indices ascending and unique within rows, int32 unless there are more entries than that
    counts, finite values, no stored zeros. Duplicates are summed. The caller's matrix is never changed,
    and later changes of it do not reach the copy.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    data : scipy sparse matrix or array
    shape : (rows, cols)
        Required sizes; None accepts any.
    """
    if not sp.issparse(data):
        raise ArgumentTypeError(
            f"`{name}` must be a Dataset or a users x items scipy sparse matrix, got {type(data).__name__}. "
            "Wrap a dense array in scipy.sparse.csr_array, a frame in Dataset.from_frame."
        )
    matrix: Any = data
    if matrix.ndim != 2:
        raise DataError(f"`{name}` must be 2-d (users x items), got {matrix.ndim}-d.")
    _check_shape(name, matrix.shape, shape)
    if matrix.dtype.kind not in "buif":
        raise DataError(f"`{name}` must hold real numbers, got dtype {matrix.dtype}.")
    csr = matrix if matrix.format == "csr" else _to_csr(name, matrix)
    _check_csr_structure(name, csr)
    return _canonical(name, csr)


def check_csr(name: str, matrix: sp.csr_array, *, shape: tuple[int, int]) -> None:
    """Raise unless a CSR matrix has that shape and is sound, canonical and finite; copies nothing."""
    _check_shape(name, matrix.shape, shape)
    _check_csr_structure(name, matrix)
    if not matrix.has_canonical_format or matrix.indptr[-1] != len(matrix.indices):
        raise DataError(f"`{name}` must have ascending, unique indices in each row and no entries beyond.")
    check_finite(name, matrix.data)


def _check_shape(name: str, got: tuple[int, int], want: tuple[int | None, int | None]) -> None:
    if max(got) > _max_index:
        raise DataError(f"`{name}` must have at most {_max_index} rows and columns, got {got[0]} x {got[1]}.")
    if all(w is None or g == w for g, w in zip(got, want, strict=True)):
        return
    wanted = " x ".join("any" if w is None else str(w) for w in want)
    flipped = all(w is None or g == w for g, w in zip(got[::-1], want, strict=True))
    hint = f" It looks transposed: pass {name}.T (rows are users)." if flipped else ""
    raise DataError(f"`{name}` must have shape {wanted} (users x items), got {got[0]} x {got[1]}.{hint}")


def as_coo(name: str, matrix: Any) -> Any:
    """Return a scipy matrix of any format as COO, with its entries in their order, duplicates and zeros included.

    Checked before and after: scipy's compiled conversions trust the arrays of a matrix and write past their ends.
    """
    if matrix.format in ("csr", "csc"):
        matrix = _without_rest(name, matrix)
    elif matrix.format == "bsr":  # its conversion makes as many entries as indptr claims
        _check_range(name, np.asarray(matrix.indptr), len(matrix.indices) + 1, "block")
    elif matrix.format == "lil" and [*map(len, matrix.rows)] != [*map(len, matrix.data)]:
        raise DataError(f"`{name}` must have as many columns as values in each row. The matrix is broken.")
    try:
        if matrix.format == "dia":
            matrix = _inner_diagonals(name, matrix)
        matrix = matrix.tocoo()
    except (IndexError, TypeError, ValueError) as error:
        raise DataError(f"`{name}` is a broken sparse matrix: {error}.") from error
    if not len(matrix.row) == len(matrix.col) == len(matrix.data):
        raise DataError(f"`{name}` must have as many rows and columns as values. The matrix is broken.")
    _check_range(name, np.asarray(matrix.row), matrix.shape[0], "row")
    _check_range(name, np.asarray(matrix.col), matrix.shape[1], "column")
    return matrix


def _to_csr(name: str, matrix: Any) -> Any:
    matrix = _without_rest(name, matrix) if matrix.format == "csc" else as_coo(name, matrix)
    # scipy adds duplicates in the matrix's own type, where small integers overflow.
    return matrix.astype(np.float64, copy=False).tocsr()


def _without_rest(name: str, matrix: Any) -> Any:
    """Return a sound CSR or CSC without what its arrays hold beyond the entries, each its own rest."""
    _check_csr_structure(name, matrix, axis=int(matrix.format == "csc"))
    nnz = int(matrix.indptr[-1])
    parts = (np.asarray(matrix.data)[:nnz], np.asarray(matrix.indices)[:nnz], matrix.indptr)
    return type(matrix)(parts, shape=matrix.shape)


def _inner_diagonals(name: str, matrix: Any) -> Any:
    """Return a DIA anew, so that scipy checks it, without diagonals that lie outside, where its sums overflow."""
    rows, cols = matrix.shape
    offsets = np.asarray(matrix.offsets)
    if offsets.dtype.kind not in "iu":
        raise DataError(f"`{name}` must have integer offsets, got dtype {offsets.dtype}.")
    inside = (offsets > -rows) & (offsets < cols)
    return type(matrix)((matrix.data[inside], offsets[inside]), shape=matrix.shape)


def _check_range(name: str, index: np.ndarray, size: int, what: str) -> None:
    if index.dtype.kind not in "iu":
        raise DataError(f"`{name}` must have integer {what} indices, got dtype {index.dtype}.")
    if index.size and (index.min() < 0 or index.max() >= size):
        bad = index[(index < 0) | (index >= size)][0]
        raise DataError(
            f"`{name}` must have {what} indices in [0, {size}), got {bad}. The sparse matrix is broken."
        )


def _check_csr_structure(name: str, matrix: Any, axis: int = 0) -> None:
    indptr, indices, data = (np.asarray(a) for a in (matrix.indptr, matrix.indices, matrix.data))
    rows, cols = matrix.shape[axis], matrix.shape[1 - axis]
    sound = indptr.dtype.kind in "iu" and indptr.shape == (rows + 1,) and indptr[0] == 0
    if not sound or (indptr[1:] < indptr[:-1]).any():
        raise DataError(
            f"`{name}` must have an indptr of {rows + 1} positions that starts at 0 and never decreases; "
            "this one is broken. Build the matrix with scipy.sparse.coo_array((values, (rows, columns)))."
        )
    entries = min(len(indices), len(data))
    if indptr[-1] > entries:
        raise DataError(f"`{name}` has an indptr that points to {indptr[-1]}, past its {entries} entries.")
    _check_range(name, indices[: indptr[-1]], cols, "column" if axis == 0 else "row")


def _canonical(name: str, csr: Any) -> sp.csr_array:
    nnz = int(csr.indptr[-1])
    data = csr.data[:nnz]
    check_finite(name, data)
    with np.errstate(over="ignore"):
        values = data.astype(np.float32)
    width = index_width(nnz)
    indices, indptr = csr.indices[:nnz].astype(width), csr.indptr.astype(width)
    result = sp.csr_array((values, indices, indptr), shape=csr.shape)
    summed = not result.has_canonical_format
    if summed:
        result.sum_duplicates()
    if summed or data.dtype != np.float32:
        # Float64 beyond float32's range has turned infinite in silence, and so may a sum.
        check_finite(name, result.data, after_cast=True)
    if not result.data.all():
        result.eliminate_zeros()
    return result


def index_width(nnz: int) -> type[np.int32 | np.int64]:
    """Return the type of indptr and indices for nnz entries; scipy wants one type for both."""
    return np.int32 if nnz <= _max_index else np.int64


def check_finite(name: str, values: np.ndarray, *, after_cast: bool = False) -> None:
    """Raise unless every value is finite; name the first that is not."""
    if not values.size or (np.isfinite(values.min()) and np.isfinite(values.max())):
        return  # min and max propagate NaN, and need no mask of the array's size
    finite = np.isfinite(values.ravel())
    at = int(np.argmin(finite))
    if after_cast:
        raise DataError(
            f"`{name}` must fit float32 (|value| < 3.4e38); entry {at} does not. Scale the weights down."
        )
    raise DataError(
        f"`{name}` must hold finite values, got {values.flat[at]} at entry {at} ({(~finite).sum()} in all). "
        "Drop or replace these entries."
    )


def csr_parts(matrix: sp.csr_array) -> CsrParts:
    """Return (indptr int64, indices int32, values float32, columns): a CSR matrix for the compiled core."""
    return (
        np.ascontiguousarray(matrix.indptr, dtype=np.int64),
        np.ascontiguousarray(matrix.indices, dtype=np.int32),
        np.ascontiguousarray(matrix.data, dtype=np.float32),
        int(matrix.shape[1]),
    )
