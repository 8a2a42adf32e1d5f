"""Reading pandas, polars, pyarrow and duckdb frames, through narwhals, which is imported on first use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tastemaker._validation import shown
from tastemaker.data._columns import Columns, resolve
from tastemaker.data._idarrays import id_array, missing_ids, object_array
from tastemaker.data._raw import FrameKind, RawRows, as_weights
from tastemaker.data._times import as_seconds
from tastemaker.errors import ArgumentTypeError, DataError

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw


def is_frame(value: Any) -> bool:
    """Tell a frame (eager or lazy) from any other object."""
    if isinstance(value, (list, tuple, dict, set, str)):
        return False  # spares the usual iterables the import
    import narwhals.stable.v2 as nw

    return isinstance(nw.from_native(value, pass_through=True), (nw.DataFrame, nw.LazyFrame))


def read_interactions(frame: Any, given: Mapping[str, Any]) -> RawRows:
    """Return the interactions of a frame; given holds what the caller said about each role's column."""
    opened = _open("frame", frame)
    columns = resolve(opened.collect_schema().names(), given)
    data = _collect(opened.select([name for name in columns.names.values() if name is not None]))
    return RawRows(
        users=_ids(data, columns, "user"),
        items=_ids(data, columns, "item"),
        weights=_weights(data, columns),
        times=_times(data, columns),
        columns={role: name or role for role, name in columns.names.items()},
        frame=kind_of(data),
        notes=columns.notes,
    )


def open_table(name: str, frame: Any) -> nw.DataFrame[Any]:
    """Return all columns of a frame in memory."""
    return _collect(_open(name, frame))


def kind_of(data: nw.DataFrame[Any]) -> FrameKind | None:
    """Return the library of a frame in memory, of those that results can come in."""
    implementation = data.implementation
    if implementation.is_pandas():
        return "pandas"
    if implementation.is_polars():
        return "polars"
    return "pyarrow" if implementation.is_pyarrow() else None


def series_array(series: nw.Series[Any]) -> np.ndarray:
    """Return the values of a column; text as an object array of str, integers of 128 bits as one of int."""
    import narwhals.stable.v2 as nw

    if series.dtype in (nw.Int128, nw.UInt128):
        return object_array(series.to_list())  # numpy has none
    return _text_array(series) if series.dtype == nw.String else series.to_numpy()


def _text_array(series: nw.Series[Any]) -> np.ndarray:
    """Return text as an object array, in which equal texts are one object where pyarrow finds them.

    That takes a fifth of the time of making each, and leaves no memory in pieces.
    """
    try:
        encoded = series.alias("").to_arrow().dictionary_encode()  # polars panics at a name with a NUL
    except ModuleNotFoundError:  # pyarrow is optional
        return object_array(series.to_list())  # to_numpy may make fixed-width text, which is slower
    chunks = encoded.chunks if hasattr(encoded, "chunks") else [encoded]
    arrays = [np.empty(0, dtype=object)]
    for chunk in chunks:
        texts = object_array([*chunk.dictionary.to_pylist(), None])
        arrays.append(texts.take(chunk.indices.fill_null(texts.size - 1).to_numpy(zero_copy_only=False)))
    return np.concatenate(arrays)


def _open(name: str, frame: Any) -> nw.DataFrame[Any] | nw.LazyFrame[Any]:
    import narwhals.stable.v2 as nw

    try:
        opened: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(frame)
        names = opened.collect_schema().names()
    except TypeError:
        raise ArgumentTypeError(
            f"`{name}` must be a pandas, polars, pyarrow or duckdb frame, got {shown(frame)} "
            f"({type(frame).__name__}). Tuples go into Dataset.from_tuples, matrices into Dataset.from_sparse."
        ) from None
    except nw.exceptions.NarwhalsError as error:
        raise DataError(f"`{name}` must have distinct columns with text names: {error}.") from error
    for column in names:
        if not isinstance(column, str):
            raise DataError(
                f"`{name}` must have columns with text names, got {column!r}. Rename the columns."
            )
    return opened


def _collect(frame: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
    import narwhals.stable.v2 as nw

    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame


def _ids(data: nw.DataFrame[Any], columns: Columns, role: str) -> np.ndarray:
    series = data[str(columns.names[role])]
    missing = series.null_count()
    if missing:
        raise missing_ids(columns.label(role), missing, len(series))
    return id_array(columns.label(role), series_array(series))


def _weights(data: nw.DataFrame[Any], columns: Columns) -> np.ndarray | None:
    name = columns.names["weight"]
    return None if name is None else as_weights(columns.label("weight"), series_array(data[name]))


def _times(data: nw.DataFrame[Any], columns: Columns) -> np.ndarray | None:
    name = columns.names["time"]
    return None if name is None else as_seconds(columns.label("time"), series_array(data[name]))
