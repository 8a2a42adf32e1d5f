"""The ``.npz`` files of implicit: read without pickle and checked, written in the same layout."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker._modelfile import replacing
from tastemaker._validation import shown
from tastemaker.errors import FileError, FormatError


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
    source = fileobj_or_path if hasattr(fileobj_or_path, "read") else _npz_path(fileobj_or_path)
    try:
        with np.load(source, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise FormatError(f"{shown(source)} is no .npz file of a model.")
            unknown = sorted(set(file.files) - set(known))
            if unknown:
                raise FormatError(
                    f"{shown(source)} must hold {', '.join(known)} only, got {unknown[0]!r}. Is it another model's?"
                )
            return {name: _plain(file[name]) for name in file.files}
    except OSError as error:
        raise FileError(f"{shown(source)} cannot be read ({error.strerror or error}).") from error
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{shown(source)} is no .npz file, or is damaged ({error}).") from error


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
