"""Ids as arrays: one kind per column, int64 or str, nothing missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tastemaker._validation import shown
from tastemaker.errors import ArgumentTypeError, DataError

_int64_max = np.iinfo(np.int64).max


def id_array(label: str, values: Any) -> np.ndarray:
    """Return ids as a 1-d array, int64 or object of str; requires one kind and nothing missing.

    Parameters
    ----------
    label : str
        What the message calls the values, for example "`user` (column 'uid')".
    values : array_like, iterable or a single id
    """
    if isinstance(values, (str, int, np.integer)):
        values = [values]
    array = values if isinstance(values, np.ndarray) else _to_array(label, values)
    if array.ndim != 1:
        raise DataError(f"{label} must be a 1-d sequence of ids, got {array.ndim}-d.")
    if array.dtype.kind in "iu":
        return _from_integers(label, array)
    if array.dtype.kind == "f":
        return _from_floats(label, array)
    if array.dtype.kind in "UT":
        return array.astype(object)
    if array.dtype.kind == "O":
        return _from_objects(label, array)
    raise DataError(
        f"{label} must hold ids of kind int or str, got dtype {array.dtype}. Convert them to str."
    )


def kind_name(ids: np.ndarray) -> str:
    """Return "int64" or "str"."""
    return "str" if ids.dtype == object else "int64"


def unique_ids(ids: np.ndarray) -> np.ndarray:
    """Return the distinct ids, ascending; str by code point."""
    if ids.dtype == object:
        return object_array(sorted(set(ids.tolist())))
    if not ids.size:
        return ids
    low, span = int(ids.min()), int(ids.max()) - int(ids.min()) + 1
    if span > 4 * ids.size + 1024:
        return np.unique(ids)
    # Ids are usually dense: one pass over a table instead of a sort.
    present = np.zeros(span, dtype=bool)
    present[ids - low] = True
    return np.flatnonzero(present) + low


def object_array(values: list[Any]) -> np.ndarray:
    """Return values as a 1-d object array, whatever they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def plain_numbers(items: list[Any], *, bools: bool) -> np.ndarray | None:
    """Return items as float64 where all are Python or numpy numbers, else None; bools count as 0 and 1."""
    kinds = set(map(type, items))
    numbers = (int, float, np.integer, np.floating) + ((np.bool_,) if bools else ())
    if not all(issubclass(kind, numbers) and (bools or kind is not bool) for kind in kinds):
        return None
    try:
        return np.array(items, dtype=np.float64)
    except OverflowError:
        return None  # an int beyond float64


def count_missing(values: Iterable[Any]) -> int:
    """Return how many of values are None, NaN or a frame library's null."""
    return sum(map(is_missing, values))


def is_missing(value: Any) -> bool:
    """Tell whether value is None, NaN or a frame library's null."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _to_array(label: str, values: Any) -> np.ndarray:
    if hasattr(values, "__array__"):
        return np.asarray(values)
    try:
        items = list(values)
    except TypeError:
        raise ArgumentTypeError(
            f"{label} must be an int or str id or a sequence of ids, "
            f"got {shown(values)} ({type(values).__name__})."
        ) from None
    return object_array(items)


def _from_integers(label: str, array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint64 and array.size and array.max() > _int64_max:
        raise DataError(f"{label} must fit int64, got {array.max()}. Convert the ids to str.")
    return array.astype(np.int64, copy=False)


def _from_floats(label: str, array: np.ndarray) -> np.ndarray:
    """Accept the whole numbers that frames turn into floats; refuse what float64 cannot tell apart."""
    missing = int(np.isnan(array).sum())
    if missing:
        raise missing_ids(label, missing, array.size)
    odd = (array != np.trunc(array)) | (np.abs(array) > 2.0**53)
    if odd.any():
        raise DataError(
            f"{label} must hold ids of kind int or str, got the float {array[odd][0]}. Convert them to str."
        )
    return array.astype(np.int64)


def _from_objects(label: str, array: np.ndarray) -> np.ndarray:
    items = array.tolist()
    kinds = set(map(type, items))
    if kinds <= {str}:
        return array if items else np.empty(0, dtype=np.int64)
    if all(issubclass(kind, str) for kind in kinds):
        return object_array([str(item) for item in items])  # numpy.str_ and enums with values of str
    if all(issubclass(kind, (int, np.integer)) and kind is not bool for kind in kinds):
        return _from_python_ints(label, items)
    missing = count_missing(items)
    if missing:
        raise missing_ids(label, missing, len(items))
    if all(issubclass(kind, (float, np.floating)) for kind in kinds):
        return _from_floats(label, np.array(items, dtype=np.float64))
    names = " and ".join(sorted(kind.__name__ for kind in kinds))
    raise DataError(f"{label} must hold ids of one kind, int or str, got {names}. Convert them all to str.")


def _from_python_ints(label: str, items: list[Any]) -> np.ndarray:
    try:
        return np.array(items, dtype=np.int64)
    except OverflowError:
        largest = max(items, key=abs)
        raise DataError(f"{label} must fit int64, got {largest}. Convert the ids to str.") from None


def missing_ids(label: str, missing: int, size: int) -> DataError:
    """Return the error for ids that are null."""
    return DataError(f"{label} must have an id in every row, but {missing} of {size} are missing. Drop them.")
