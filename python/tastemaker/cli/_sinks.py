"""Rows written batch by batch in constant memory: CSV, TSV and JSON lines with nothing else, Parquet with pyarrow."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from tastemaker._modelfile import replacing
from tastemaker._table import Table
from tastemaker.cli._errors import writing
from tastemaker.errors import ArgumentError, MissingLibraryError

row_formats = (".csv", ".tsv", ".jsonl", ".parquet")

_rows_at_once = 16_384

#: Columns by name, each with the dtype of its values; object is text.
Schema = Mapping[str, Any]


class Sink(Protocol):
    """Something that takes rows, as columns of equal length."""

    def write(self, columns: Mapping[str, np.ndarray]) -> None:
        """Append rows."""


def format_of(path: Path) -> str:
    """Return the format that a path's suffix names, such as ``".csv"`` for "recs.csv.gz"."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    zipped = suffixes[-1:] == [".gz"]
    suffix = (suffixes[:-1] if zipped else suffixes)[-1:]
    if suffix and suffix[0] in row_formats and not (zipped and suffix[0] == ".parquet"):
        return suffix[0]
    raise ArgumentError(
        f"`output` must end in {', '.join(row_formats)} (or .csv.gz, .tsv.gz, .jsonl.gz), got {path.name!r}."
    )


@contextmanager
def file_sink(path: Path, schema: Schema) -> Iterator[Sink]:
    """Give a sink into a file, which appears under its name once it is complete."""
    kind = format_of(path)
    with writing(path), replacing(path) as temporary:
        if kind == ".parquet":
            with _parquet(temporary, schema) as sink:
                yield sink
            return
        zipped = path.suffix.lower() == ".gz"
        opener: Any = gzip.open if zipped else open
        with opener(temporary, "wt", encoding="utf-8", newline="") as stream:
            yield _text_sink(kind, stream, schema)


@contextmanager
def stdout_sink(kind: str, schema: Schema) -> Iterator[Sink]:
    """Give a sink into stdout."""
    yield _text_sink(kind, sys.stdout, schema)
    sys.stdout.flush()


def write_rows(path: Path, table: Table) -> None:
    """Write a whole table."""
    with file_sink(path, {name: table[name].dtype for name in table}) as sink:
        sink.write({name: table[name] for name in table})


def _text_sink(kind: str, stream: IO[str], schema: Schema) -> Sink:
    if kind == ".jsonl":
        return _JsonLines(stream)
    return _Csv(stream, schema, "\t" if kind == ".tsv" else ",")


class _Csv:
    def __init__(self, stream: IO[str], schema: Schema, separator: str) -> None:
        self._writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
        self._writer.writerow(schema)

    def write(self, columns: Mapping[str, np.ndarray]) -> None:
        for part in _parts(columns):
            self._writer.writerows(zip(*map(_cells, part), strict=True))


class _JsonLines:
    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, columns: Mapping[str, np.ndarray]) -> None:
        names = [_json(name).replace("%", "%%") for name in columns]
        line = "{" + ", ".join(f"{name}: %s" for name in names) + "}\n"
        for part in _parts(columns):
            self._stream.writelines(map(line.__mod__, zip(*map(_json_cells, part), strict=True)))


def _parts(columns: Mapping[str, np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Yield the columns a few rows at a time: as Python objects they take ten times the memory."""
    length = len(next(iter(columns.values())))
    for start in range(0, length, _rows_at_once):
        yield [column[start : start + _rows_at_once] for column in columns.values()]


def _cells(column: np.ndarray) -> list[Any]:
    # A float32 as text has the digits that tell it from its neighbours; as a float it would have twice as many.
    cells: list[Any] = (column.astype(str) if column.dtype == np.float32 else column).tolist()
    return cells


def _json_cells(column: np.ndarray) -> list[Any]:
    """Return what stands for each value in JSON, for a template to turn into text."""
    cells = _cells(column)
    if column.dtype.kind in "iu":
        return cells
    if column.dtype.kind == "f":
        return [cell if finite else "null" for cell, finite in zip(cells, np.isfinite(column), strict=True)]
    texts = {value: _json(value) for value in set(cells)}  # the same few ids come again and again
    return [texts[value] for value in cells]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@contextmanager
def _parquet(path: Path, schema: Schema) -> Iterator[Sink]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingLibraryError(
            'Parquet files need pyarrow: pip install "tastemaker[io]", or write a .csv file.'
        ) from error
    kinds = {
        name: pa.string() if np.dtype(dtype).kind == "O" else pa.from_numpy_dtype(dtype)
        for name, dtype in schema.items()
    }
    layout = pa.schema(list(kinds.items()))
    pa.array([], type=pa.string())  # imports pandas where it is installed: now, not while batches are timed

    class Parquet:
        def write(self, columns: Mapping[str, np.ndarray]) -> None:
            arrays = [pa.array(column, type=kinds[name]) for name, column in columns.items()]
            writer.write_table(pa.table(arrays, schema=layout))

    with pq.ParquetWriter(path, layout) as writer:
        yield Parquet()
