"""Reading interactions from an iterable of tuples: needs no frame library."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tastemaker._validation import shown
from tastemaker.data._idarrays import id_array, object_array
from tastemaker.data._raw import RawRows, as_weights
from tastemaker.data._times import as_seconds
from tastemaker.errors import ArgumentTypeError, DataError

_rule = "(user, item), (user, item, weight) or (user, item, weight, time)"


def read_tuples(rows: Any) -> RawRows:
    """Return the interactions of an iterable of tuples, all of one length from 2 to 4."""
    listed = _listed(rows)
    if not listed:
        none = np.empty(0, dtype=np.int64)
        return RawRows(none, none, None, None)
    _check_rows(listed)
    columns = [object_array(list(column)) for column in zip(*listed, strict=True)]
    return RawRows(
        users=id_array("`user` (first of each tuple)", columns[0]),
        items=id_array("`item` (second of each tuple)", columns[1]),
        weights=as_weights("`weight` (third of each tuple)", columns[2]) if len(columns) > 2 else None,
        times=as_seconds("`time` (fourth of each tuple)", columns[3]) if len(columns) > 3 else None,
    )


def _listed(rows: Any) -> list[Any]:
    if isinstance(rows, Iterable) and not isinstance(rows, (str, bytes, dict)):
        return list(rows)
    raise ArgumentTypeError(
        f"`rows` must be an iterable of {_rule}, got {shown(rows)} ({type(rows).__name__})."
    )


def _check_rows(rows: list[Any]) -> None:
    kinds = set(map(type, rows))
    if not all(issubclass(kind, (tuple, list, np.ndarray)) for kind in kinds):
        at = next(i for i, row in enumerate(rows) if not isinstance(row, (tuple, list, np.ndarray)))
        raise DataError(f"`rows` must hold tuples {_rule}, got {shown(rows[at])} in row {at}.")
    width = len(rows[0])
    widths = set(map(len, rows))
    if not 2 <= width <= 4:
        raise DataError(f"`rows` must hold tuples {_rule}, got one of length {width}: {shown(rows[0])}.")
    if len(widths) > 1:
        at = next(i for i, row in enumerate(rows) if len(row) != width)
        raise DataError(
            f"`rows` must hold tuples of one length, got {width} in row 0 and {len(rows[at])} in row {at}."
        )
