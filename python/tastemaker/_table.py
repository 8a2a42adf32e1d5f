"""A small table of columns: how results print, and what they are when no frame library is installed."""

from __future__ import annotations

import html
import json
import math
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

import numpy as np

from tastemaker._validation import check_choice
from tastemaker.errors import ArgumentError, MissingLibraryError

FrameKind: TypeAlias = Literal["pandas", "polars", "pyarrow"]
frame_kinds: tuple[FrameKind, ...] = ("pandas", "polars", "pyarrow")

max_rows = 20  # what fits a screen; to_frame and to_dict have the rest
max_width = 40  # characters of one text cell


class Tabular(ABC):
    """Base of results that show and convert themselves through tables."""

    @abstractmethod
    def to_table(self) -> Table:
        """Return the result as plain columns, one value per cell."""

    def _display(self) -> Table:
        """Return the table to print; the plain one unless a subclass arranges it for the eye."""
        return self.to_table()

    def __repr__(self) -> str:
        return _text(self._display())

    def _repr_html_(self) -> str:
        return _html(self._display())

    def to_text(self) -> str:
        """Return the printed table with all its rows and whole cells."""
        table = self._display()
        return _text(table, len(table), None)

    def to_markdown(self) -> str:
        """Return the printed table as GitHub-flavoured Markdown, all rows."""
        return _markdown(self._display())

    def to_dict(self) -> dict[str, list[Any]]:
        """Return ``{column: list of values}``."""
        table = self.to_table()
        return {name: table[name].tolist() for name in table}

    def to_json(self) -> str:
        """Return the columns as one JSON object, ``{column: list of values}``; null for what is not finite."""
        columns = {name: [_jsonable(value) for value in values] for name, values in self.to_dict().items()}
        return json.dumps(columns, ensure_ascii=False, allow_nan=False)

    def to_frame(self, kind: FrameKind | None = None) -> Any:
        """Return the columns as a data frame.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            The library. ``None`` takes the first of these that is installed.

        Raises
        ------
        MissingLibraryError
            The library, or any of them, is not installed.
        """
        return _frame(self.to_table(), kind)


class Table(Tabular):
    """Named columns of equal length.

    Parameters
    ----------
    columns : mapping of str to 1-d array_like
        The columns, in order. Arrays are kept without a copy.
    caption : str, default ""
        A line printed under the table.

    Examples
    --------
    >>> table = Table({"item": ["Heat", "Ronin"], "score": [0.5, 0.25]})
    >>> table
    item   score
    -----  ------
    Heat   0.5000
    Ronin  0.2500
    >>> table["score"].sum()
    np.float64(0.75)
    """

    def __init__(self, columns: Mapping[str, Any], *, caption: str = "") -> None:
        self._columns = {str(name): _column(str(name), values) for name, values in columns.items()}
        self.caption = caption
        lengths = {name: len(values) for name, values in self._columns.items()}
        if len(set(lengths.values())) > 1:
            raise ArgumentError(f"`columns` must have equal lengths, got {lengths}.")

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self._columns.values()), ()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[check_choice("column", name, self._columns)]

    def to_table(self) -> Table:
        """Return the table itself."""
        return self


def _column(name: str, values: Any) -> np.ndarray:
    column = np.asarray(values)
    if column.dtype.kind in "US":
        column = np.asarray(values, dtype=object)  # str, not numpy's fixed-width text
    if column.ndim != 1:
        raise ArgumentError(f"`columns` must be 1-d, got {column.ndim}-d for {name!r}.")
    return column


def _jsonable(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _frame(table: Table, kind: FrameKind | None) -> Any:
    if kind is not None:
        check_choice("kind", kind, frame_kinds)
    wanted = frame_kinds if kind is None else (kind,)
    found = next((library for library in wanted if find_spec(library)), None)
    if found is None:
        raise MissingLibraryError(
            f"`to_frame` needs {' or '.join(wanted)}, which is not installed. "
            f"Install it (pip install {wanted[-1]}) or use to_dict()."
        )
    import narwhals as nw

    columns = {name: _portable(table[name]) for name in table}
    return nw.from_dict(columns, backend=found).to_native()


def _portable(column: np.ndarray) -> Any:
    # An object array becomes an opaque column in some frames; a list has its types inferred.
    return column.tolist() if column.dtype == object else column


# --- text, Markdown, HTML ---------------------------------------------------------------------------------


def _text(table: Table, limit: int = max_rows, widest: int | None = max_width) -> str:
    cells = [[_clip(cell, widest) for cell in column] for column in _cells(table, limit)]
    widths = [max(map(_width, column)) for column in cells]
    rules = ["-" * width for width in widths]
    rights = [_is_number(table[name]) for name in table]
    rows = zip(*cells, strict=True)
    lines = [_text_line(row, widths, rights) for row in rows]
    lines.insert(1, "  ".join(rules))
    return "\n".join([*lines, *_footer(table, limit)])


def _text_line(row: tuple[str, ...], widths: list[int], rights: list[bool]) -> str:
    padded = []
    for cell, width, right in zip(row, widths, rights, strict=True):
        gap = " " * (width - _width(cell))
        padded.append(gap + cell if right else cell + gap)
    return "  ".join(padded).rstrip()


def _markdown(table: Table) -> str:
    escaped = [[_escape_markdown(cell) for cell in column] for column in _cells(table, len(table))]
    lines = [f"| {' | '.join(row)} |" for row in zip(*escaped, strict=True)]
    marks = ["---:" if _is_number(table[name]) else ":---" for name in table]
    lines.insert(1, f"| {' | '.join(marks)} |")
    footer = [_escape_markdown(line) for line in _footer(table, len(table))]
    return "\n".join(lines + (["", *footer] if footer else []))


def _html(table: Table) -> str:
    aligns = ["right" if _is_number(table[name]) else "left" for name in table]
    rows = []
    for at, row in enumerate(zip(*_cells(table, max_rows), strict=True)):
        tag = "td" if at else "th"
        line = (
            f'<{tag} style="text-align: {align}">{html.escape(cell)}</{tag}>'
            for cell, align in zip(row, aligns, strict=True)
        )
        rows.append(f"<tr>{''.join(line)}</tr>")
    footer = "<br>".join(html.escape(line) for line in _footer(table, max_rows))
    body = f"<table><thead>{rows[0]}</thead><tbody>{''.join(rows[1:])}</tbody></table>" if rows else ""
    return body + (f"<p>{footer}</p>" if footer else "")


def _footer(table: Table, limit: int) -> list[str]:
    hidden = len(table) - limit
    lines = [f"... {hidden} more rows"] if hidden > 0 else []
    return lines + ([table.caption] if table.caption else [])


def _cells(table: Table, limit: int) -> list[list[str]]:
    """Return header and first cells of each column as printable text."""
    return [[_printable(name), *_format(table[name][:limit])] for name in table]


def _format(column: np.ndarray) -> list[str]:
    if column.dtype.kind == "f":
        decimals = _decimals(column)
        return [f"{value:.{decimals}f}" if decimals is not None else f"{value:.4g}" for value in column]
    return ["" if value is None else _printable(str(value)) for value in column]


def _decimals(column: np.ndarray) -> int | None:
    """Decimals that give the largest value four digits or more; None where fixed notation reads badly."""
    finite = np.abs(column[np.isfinite(column)])
    largest = float(finite.max(initial=0.0))
    if largest == 0:
        return 1
    digits = math.floor(math.log10(largest))
    return None if digits < -4 or digits > 8 else min(max(3 - digits, 1), 4)


def _is_number(column: np.ndarray) -> bool:
    return column.dtype.kind in "iuf"


def _printable(text: str) -> str:
    # Line breaks and terminal escapes in a title must not act on the screen.
    return text if text.isprintable() else repr(text)[1:-1]


def _width(text: str) -> int:
    """Columns that text takes on a terminal: wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _clip(text: str, widest: int | None) -> str:
    if widest is None or _width(text) <= widest:
        return text
    while _width(text) >= widest:
        text = text[: min(len(text) - 1, widest - 1)]
    return text + "…"


def _escape_markdown(text: str) -> str:
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", html.escape(text, quote=False))
