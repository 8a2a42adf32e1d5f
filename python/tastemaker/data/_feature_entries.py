"""Feature tables as they come, frames or pairs, read into one list of entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from tastemaker._validation import shown
from tastemaker.data._columns import guess_id
from tastemaker.data._frames import is_frame, open_table, series_array
from tastemaker.data._idarrays import id_array, is_missing, missing_ids, object_array
from tastemaker.data._raw import as_weights
from tastemaker.errors import ArgumentTypeError, DataError

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


@dataclass(frozen=True, slots=True)
class Entries:
    """Entry e says that the id ``ids[rows[e]]`` has the feature ``names[codes[e]]`` with ``values[e]``.

    columns: the columns of the frame it came from, to which separators may refer.
    """

    ids: np.ndarray
    rows: np.ndarray
    names: tuple[str, ...]
    codes: np.ndarray
    values: np.ndarray
    columns: tuple[str, ...] = ()


# Rows, names, codes into names, values: the entries of one column.
_Block = tuple[np.ndarray, list[str], np.ndarray, np.ndarray]


def read_features(role: str, table: Any, id_column: str, separators: Mapping[str, str]) -> Entries:
    """Return the entries of a feature table of role "user" or "item", whatever it came as."""
    name = f"{role}_features"
    if is_frame(table):
        return _from_frame(role, open_table(name, table), id_column, separators)
    pairs = table.items() if isinstance(table, Mapping) else table
    if not isinstance(pairs, Iterable) or isinstance(pairs, (str, bytes)):
        raise ArgumentTypeError(
            f"`{name}` must be a frame or an iterable of (id, [names]) or (id, {{name: weight}}), "
            f"got {shown(table)} ({type(table).__name__})."
        )
    return _from_pairs(name, pairs)


def _from_pairs(name: str, pairs: Iterable[Any]) -> Entries:
    ids: list[Any] = []
    rows: list[int] = []
    features: list[str] = []
    values: list[Any] = []
    for row, pair in enumerate(pairs):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise DataError(
                f"`{name}` must hold pairs (id, [names]) or (id, {{name: weight}}), "
                f"got {shown(pair)} in row {row}."
            )
        ids.append(pair[0])
        for feature, value in _named(name, pair[1], row):
            rows.append(row)
            features.append(feature)
            values.append(value)
    names = sorted(set(features))
    code = {feature: at for at, feature in enumerate(names)}
    return Entries(
        ids=id_array(f"`{name}` (first of each pair)", object_array(ids)),
        rows=np.array(rows, dtype=np.int64),
        names=tuple(names),
        codes=np.array([code[feature] for feature in features], dtype=np.int32),
        values=as_weights(f"`{name}` (weights)", object_array(values)),
    )


def _named(name: str, features: Any, row: int) -> Iterator[tuple[str, Any]]:
    if isinstance(features, (str, bytes)) or not isinstance(features, Iterable):
        raise DataError(
            f"`{name}` must give names as a list or a dict, got {shown(features)} in row {row}. "
            f"Write [{shown(features)}]."
        )
    weighted = features.items() if isinstance(features, Mapping) else ((feature, 1.0) for feature in features)
    for feature, value in weighted:
        if not isinstance(feature, str):
            raise DataError(f"`{name}` must have features named by str, got {shown(feature)} in row {row}.")
        yield feature, value


def _from_frame(role: str, data: nw.DataFrame[Any], id_column: str, separators: Mapping[str, str]) -> Entries:
    key = guess_id(role, data.columns, id_column)
    label = f"`{role}_features` (column {key!r})"
    missing = data[key].null_count()
    if missing:
        raise missing_ids(label, missing, len(data))
    others = [column for column in data.columns if column != key]
    blocks = [_block(f"{role}_features", data[column], separators.get(column)) for column in others]
    names: list[str] = []
    codes = []
    for _, block_names, block_codes, _ in blocks:
        codes.append(block_codes + len(names))
        names += block_names
    none = np.empty(0, dtype=np.int64)
    return Entries(
        ids=id_array(label, series_array(data[key])),
        rows=np.concatenate([none, *(block[0] for block in blocks)]),
        names=tuple(names),
        codes=np.concatenate([none, *codes]).astype(np.int32),
        values=np.concatenate([np.empty(0), *(block[3] for block in blocks)]),
        columns=tuple(data.columns),
    )


def _block(name: str, series: nw.Series[Any], separator: str | None) -> _Block:
    import narwhals.stable.v2 as nw

    column, dtype = series.name, series.dtype
    if separator is None and (dtype == nw.Boolean or dtype.is_numeric()):
        return _numbers(f"`{name}` (column {column!r})", column, series_array(series))
    values = series.to_list() if isinstance(dtype, (nw.List, nw.Array)) else series_array(series).tolist()
    kinds = {type(value) for value in values if not is_missing(value)}
    if separator is not None and kinds <= {str}:
        return _sets(column, _split(values, separator))
    if separator is not None:
        raise DataError(f"`separators` must name columns of text, got {column!r} of dtype {dtype}.")
    if isinstance(dtype, nw.Categorical) or kinds <= {str}:
        return _sets(column, [() if is_missing(value) else (value,) for value in values])
    if kinds <= {bool}:
        return _numbers(f"`{name}` (column {column!r})", column, object_array(values))
    if kinds <= {list, tuple, set, frozenset, np.ndarray}:
        return _sets(column, [() if is_missing(value) else value for value in values])
    raise DataError(
        f"`{name}` must have columns of text, numbers, booleans or lists, "
        f"got {column!r} of dtype {dtype}. Drop or convert the column."
    )


def _numbers(label: str, column: str, values: np.ndarray) -> _Block:
    """One feature with the column's value; null and NaN are missing, infinite ones an error."""
    if values.dtype == object:
        known = np.array([not is_missing(value) for value in values.tolist()], dtype=bool)
    else:
        known = ~np.isnan(values)
    rows = np.flatnonzero(known)
    return rows, [column], np.zeros(rows.size, dtype=np.int64), as_weights(label, values[known])


def _sets(column: str, sets: list[Any]) -> _Block:
    """One feature "column=value" per distinct value; each row has any number of them."""
    rows = np.repeat(np.arange(len(sets)), [len(values) for values in sets])
    flat = [None if is_missing(value) else str(value) for value in chain.from_iterable(sets)]
    distinct = sorted({value for value in flat if value is not None})
    code = {value: at for at, value in enumerate(distinct)}
    codes = np.array([-1 if value is None else code[value] for value in flat], dtype=np.int64)
    known = codes >= 0
    return rows[known], [f"{column}={value}" for value in distinct], codes[known], np.ones(int(known.sum()))


def _split(values: list[Any], separator: str) -> list[Any]:
    parts = {text: _parts(text, separator) for text in set(values) if isinstance(text, str)}
    return [parts.get(value, ()) for value in values]


def _parts(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part for part in (piece.strip() for piece in text.split(separator)) if part)
