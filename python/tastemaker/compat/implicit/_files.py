"""The ``.npz`` files of implicit: read without pickle and checked, written in the same layout."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker._modelfile import replacing
from tastemaker._validation import shown
from tastemaker.errors import FileError, FormatError

#: What the standard library raises for a zip file that contradicts itself.
_broken = (zipfile.BadZipFile, zlib.error, struct.error, UnicodeDecodeError)


def write(fileobj_or_path: Any, values: dict[str, Any]) -> None:
    """Write arrays and plain values; None is left out. A file on disk is replaced only by a complete one."""
    stored = {name: value for name, value in values.items() if value is not None}
    if hasattr(fileobj_or_path, "write"):
        np.savez(fileobj_or_path, **stored)
        return
    with replacing(_npz_path(fileobj_or_path)) as temporary, temporary.open("wb") as file:
        np.savez(file, **stored)


def read(fileobj_or_path: Any, known: Collection[str]) -> dict[str, Any]:
    """Return the arrays of a file, and its 0-d arrays as plain values; refuse names that are not known."""
    if hasattr(fileobj_or_path, "read"):
        return _read("the file", fileobj_or_path, known)
    path = _npz_path(fileobj_or_path)
    try:
        with path.open("rb") as file:
            return _read(str(path), file, known)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror or error}).") from error


def _read(name: str, file: Any, known: Collection[str]) -> dict[str, Any]:
    try:
        arrays: Any = np.load(file, allow_pickle=False)
        stored = {key: _plain(arrays[key]) for key in arrays.files}
    except (ValueError, EOFError, KeyError, AttributeError, NotImplementedError, *_broken) as error:
        raise FormatError(f"{name} is no .npz file, or is damaged ({error}).") from error
    unknown = sorted(set(stored) - set(known))
    if unknown:
        raise FormatError(
            f"{name} must hold {', '.join(sorted(known))} only, got {unknown[0]!r}. Is it another model's?"
        )
    return stored


def take(values: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    """Return one plain value of a file, checked for its kind."""
    value = values.get(name, default)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise FormatError(f"`{name}` in the file must be of type {kind.__name__}, got {shown(value)}.")
    return value


def _npz_path(path: Any) -> Path:
    text = os.fspath(path)
    return Path(text if text.endswith(".npz") else f"{text}.npz")


def _plain(array: np.ndarray) -> Any:
    return array.item() if array.ndim == 0 else array
