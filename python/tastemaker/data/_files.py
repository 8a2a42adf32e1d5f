"""Reading .csv, .tsv and .parquet files with the frame library that is installed."""

from __future__ import annotations

import csv
import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from tastemaker._validation import check_choice, shown
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, MissingLibraryError

Reader: TypeAlias = Literal["polars", "pyarrow", "pandas"]

_separators = {".csv": ",", ".tsv": "\t"}
# Fastest reader first.
_readers: tuple[Reader, ...] = ("polars", "pyarrow", "pandas")
# A column's type must not be taken from its first rows: ratings may start 4, 5, 3 and go on 3.5.
_whole_column: dict[Reader, dict[str, Any]] = {
    "polars": {"infer_schema_length": None},
    "pandas": {"low_memory": False},
    "pyarrow": {},
}


def read_file(path: Any, reader: str | None) -> Any:
    """Return the file as a frame of reader's library, or of the first library that is installed."""
    if not isinstance(path, (str, Path)):
        raise ArgumentTypeError(f"`path` must be a str or a Path, got {shown(path)} ({type(path).__name__}).")
    file = Path(path)
    suffix = _suffix(file)
    if not file.is_file():
        raise DataError(f"`path` must be a file, and there is none at {str(file)!r}.")
    backend = _backend(reader)
    import narwhals.stable.v2 as nw

    try:
        if suffix == ".parquet":
            return nw.read_parquet(str(file), backend=backend).to_native()
        options = _whole_column[backend]
        return nw.read_csv(str(file), backend=backend, separator=_separators[suffix], **options).to_native()
    except ImportError as error:
        raise MissingLibraryError(
            f"`{backend}` lacks a library to read {suffix} files: {error}. "
            'Install one that has all: pip install "tastemaker[io]".'
        ) from error
    except BaseException as error:
        if not _at_fault(error):
            raise
        raise DataError(f"`path` must be a readable {suffix} file, got {str(file)!r}: {error}") from error


def column_names(path: Path) -> list[str]:
    """Return the names of a file's columns without reading its rows."""
    suffix = _suffix(path)
    if suffix == ".parquet":
        import narwhals.stable.v2 as nw

        try:
            return nw.scan_parquet(str(path), backend=_backend(None)).collect_schema().names()
        except BaseException as error:
            if not _at_fault(error):
                raise
            raise DataError(f"`path` must be a readable {suffix} file, got {str(path)!r}: {error}") from error
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file, delimiter=_separators[suffix]), [])
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"`path` must be a readable {suffix} file, got {str(path)!r}: {error}") from error


def _at_fault(error: BaseException) -> bool:
    """Whether a reader failed on the file: each has exceptions of its own, and Polars panics, which no Exception is."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _suffix(file: Path) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    compressed = suffixes[-1:] == [".gz"]
    suffix = (suffixes[:-1] if compressed else suffixes)[-1:]
    if suffix and (suffix[0] in _separators or (suffix[0] == ".parquet" and not compressed)):
        return suffix[0]
    raise ArgumentError(
        f"`path` must end in .csv, .tsv, .csv.gz, .tsv.gz or .parquet, got {file.name!r}. "
        "Read other files with a frame library and pass the frame to Dataset.from_frame."
    )


def _backend(reader: str | None) -> Reader:
    wanted = _readers if reader is None else (cast(Reader, check_choice("reader", reader, _readers)),)
    found = next((library for library in wanted if find_spec(library)), None)
    if found is None:
        raise MissingLibraryError(
            f"`from_file` needs {' or '.join(wanted)}, which is not installed. "
            'Install one: pip install "tastemaker[io]".'
        )
    return found
