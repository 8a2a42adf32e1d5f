"""Strict readers for the small text formats of public data sets; the files come from strangers.

A file that is not exactly what its format says raises DataError with the file and the line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tastemaker.errors import DataError


def read_columns(
    path: Path, columns: Sequence[tuple[str, str]], delimiter: str, *, header: bool = False
) -> dict[str, np.ndarray]:
    """Return the columns of a file of numbers.

    Parameters
    ----------
    path : Path
    columns : sequence of (name, dtype)
        All columns of the file, in order; a line with more or fewer is refused.
    delimiter : str
        One character or several.
    header : bool, default False
        Whether the first line names the columns; then the names must be those of `columns`.
    """
    content = path.read_bytes()
    if len(delimiter) > 1:  # numpy splits at single characters only
        content, delimiter = content.replace(delimiter.encode(), b"\t"), "\t"
    stream = io.StringIO(decode(path, content, "ascii"))
    if header:
        check_header(path, stream.readline().rstrip("\r\n").split(delimiter), [name for name, _ in columns])
    if not content[stream.tell() :].strip():
        raise DataError(f"`{path}` holds no rows.")
    try:
        table = np.loadtxt(stream, delimiter=delimiter, dtype=list(columns), comments=None, ndmin=1)
    except ValueError as error:
        raise DataError(f"`{path}` is not the file it should be: {error}.") from error
    return {name: np.ascontiguousarray(table[name]) for name, _ in columns}


def read_rows(path: Path, delimiter: str, width: int, encoding: str = "utf-8") -> list[list[str]]:
    """Return the lines of a file without quoting, split into exactly `width` cells."""
    rows = [line.split(delimiter) for line in _lines(path, encoding)]
    _check_width(path, rows, width)
    return rows


def read_table(path: Path, delimiter: str, header: Sequence[str], encoding: str = "utf-8") -> list[list[str]]:
    """Return the rows of a file without quoting after its header, which must be `header`."""
    rows = read_rows(path, delimiter, len(header), encoding)
    check_header(path, rows[0] if rows else [], header)
    return rows[1:]


def read_csv(path: Path, header: Sequence[str]) -> list[list[str]]:
    """Return the rows of a quoted UTF-8 CSV file after its header, which must be `header`."""
    text = decode(path, path.read_bytes(), "utf-8")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise DataError(f"`{path}` is not a CSV file: {error}.") from error
    check_header(path, rows[0] if rows else [], header)
    _check_width(path, rows, len(header))
    return rows[1:]


def read_lists(path: Path, *, counted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return (lengths, values) of a file with one list of ints >= 0 per line.

    Parameters
    ----------
    path : Path
    counted : bool
        Whether the first number of a line is the length of the list, which is checked and left out.
    """
    lines = _lines(path, "ascii")
    lengths = np.array([len(line.split()) for line in lines], dtype=np.int64)
    try:
        values = np.array(" ".join(lines).split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise DataError(f"`{path}` must hold whole numbers only: {error}.") from error
    if values.size == 0 or values.min() < 0:
        raise DataError(f"`{path}` must hold ints >= 0, got {values.min() if values.size else 'none'}.")
    if not counted:
        return lengths, values
    if not lengths.all():
        raise DataError(f"`{path}`, line {int(np.argmin(lengths)) + 1}: a line starts with its length.")
    starts = np.cumsum(lengths) - lengths
    wrong = values[starts] != lengths - 1
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataError(
            f"`{path}`, line {at + 1}: the line says {values[starts[at]]} entries and has {lengths[at] - 1}."
        )
    return lengths - 1, np.delete(values, starts)


def as_int(path: Path, text: str) -> int:
    """Return a cell as an int >= 0."""
    if not (text.isascii() and text.isdecimal()):
        raise DataError(f"`{path}` must have a whole number here, got {text[:40]!r}.")
    return int(text)


def decode(path: Path, content: bytes, encoding: str) -> str:
    """Return content as text, refusing bytes that the encoding does not have."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"`{path}` is not {encoding} text: {error}.") from error


def check_header(path: Path, got: Sequence[str], want: Sequence[str]) -> None:
    """Raise unless a file's header is the one that its format has."""
    if list(got) != list(want):
        raise DataError(f"`{path}` must start with the columns {list(want)}, got {str(list(got))[:200]}.")


def _lines(path: Path, encoding: str) -> list[str]:
    # Not str.splitlines: latin-1 titles may hold characters that it takes for line ends.
    text = decode(path, path.read_bytes(), encoding)
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def _check_width(path: Path, rows: Sequence[Sequence[str]], width: int) -> None:
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise DataError(f"`{path}`, line {number}: must have {width} cells, got {len(row)}.")
