"""Event times in any common form, as float64 seconds since 1970-01-01 UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from tastemaker._validation import shown
from tastemaker.data._idarrays import count_missing, object_array, plain_numbers
from tastemaker.errors import DataError

# Unix times grow by 1000 from unit to unit, so the magnitude tells the unit: 1e11 s is the year 5138,
# 1e11 ms is 1973. Divisor by the largest magnitude that the unit explains.
_units = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (np.inf, 1e9))

_remedy = "Use unix times, datetimes or ISO 8601 text"


def as_seconds(label: str, values: Any) -> np.ndarray:
    """Return times as seconds since 1970-01-01 UTC, float64.

    Numbers are unix times in seconds, or in milli-, micro- or nanoseconds where the largest magnitude
    reaches 1e11, 1e14 or 1e17. Times without a zone are UTC.

    Parameters
    ----------
    label : str
        What the message calls the values.
    values : ndarray or list
        Numbers, numpy datetimes, datetime or date objects, or ISO 8601 strings.
    """
    array = values if isinstance(values, np.ndarray) else object_array(list(values))
    if array.dtype.kind == "O":
        array = _from_objects(label, array)
    if array.dtype.kind in "iuf":
        return _from_numbers(label, array)
    if array.dtype.kind == "M":
        return _from_datetimes(label, array)
    if array.dtype.kind in "UT":
        return _from_text(label, array.tolist())
    raise DataError(f"{label} must hold times, got dtype {array.dtype}. {_remedy}.")


def _from_numbers(label: str, array: np.ndarray) -> np.ndarray:
    seconds = array.astype(np.float64)
    finite = np.isfinite(seconds)
    if not finite.all():
        raise _missing(label, int((~finite).sum()), seconds.size)
    largest = np.abs(seconds).max(initial=0.0)
    return seconds / next(divisor for limit, divisor in _units if largest < limit)


def _from_datetimes(label: str, array: np.ndarray) -> np.ndarray:
    missing = int(np.isnat(array).sum())
    if missing:
        raise _missing(label, missing, array.size)
    # Microseconds: exact in int64 for every year that a calendar knows, and in float64 until 2255.
    return array.astype("datetime64[us]").astype(np.int64) / 1e6


def _from_objects(label: str, array: np.ndarray) -> np.ndarray:
    items = array.tolist()
    numbers = plain_numbers(items, bools=False)
    if numbers is not None:
        return numbers
    kinds = set(map(type, items))
    if all(issubclass(kind, str) for kind in kinds):
        return _from_text(label, items)
    missing = count_missing(items)
    if missing:
        raise _missing(label, missing, len(items))
    if all(issubclass(kind, np.datetime64) for kind in kinds):
        return np.array(items, dtype="datetime64[us]")
    if all(issubclass(kind, date) for kind in kinds):
        return np.array([_seconds(item) for item in items])
    names = " and ".join(sorted(kind.__name__ for kind in kinds))
    raise DataError(f"{label} must hold times of one kind, got {names}. {_remedy}.")


def _from_text(label: str, items: list[str]) -> np.ndarray:
    """Numpy reads ISO text without a zone in one call; zones other than UTC are read one by one."""
    bare = [text.removesuffix("Z").removesuffix("+00:00") for text in items]
    try:
        if all(map(_numpy_reads, bare)):
            return _from_datetimes(label, np.array(bare, dtype="datetime64[us]"))
        return np.array([_seconds(datetime.fromisoformat(text)) for text in items])
    except ValueError:
        bad = next((text for text in items if not _is_iso(text)), items[0])
        raise DataError(f"{label} must hold ISO 8601 times, got {shown(bad)}. {_remedy}.") from None


def _numpy_reads(text: str) -> bool:
    """Tell whether text is a date with dashes and has no zone (its sign would stand past the date)."""
    return text[4:5] == "-" and "+" not in text and "-" not in text[10:]


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _seconds(moment: date) -> float:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _missing(label: str, missing: int, size: int) -> DataError:
    return DataError(
        f"{label} must have a finite time in every row, but {missing} of {size} are missing. "
        "Drop these rows, or pass time=False to use no times."
    )
