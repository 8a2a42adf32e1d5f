"""The cache of implicit's data sets, and how to read it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_csr
from tastemaker.errors import FileError, FormatError, MissingLibraryError, UnsupportedError

#: Where implicit keeps what it has downloaded.
LOCAL_CACHE_DIR = str(Path.home() / "implicit_datasets")

_url = "https://github.com/benfred/recommender_data/releases/download/v1.0/"


def read(filename: str, matrix: str, *labels: str) -> Any:
    """Return (labels ..., matrix) of an HDF5 file in the cache.

    Nothing is downloaded: no checksum of these files is published, so nobody could tell what arrived.

    Raises
    ------
    FileError, FormatError
        The file is not in the cache; it is damaged.
    MissingLibraryError
        h5py is not installed.
    """
    path = Path(LOCAL_CACHE_DIR) / filename
    if not path.is_file():
        raise FileError(
            f"{path} is not there. Download {_url}{filename} to it; `tastemaker datasets` lists others."
        )
    try:
        h5py: Any = import_module("h5py")
    except ImportError:
        raise MissingLibraryError(f"Reading {path} needs the library h5py: pip install h5py.") from None
    try:
        with h5py.File(path) as file:
            names = [_strings(file[label]) for label in labels]
            parts: Any = sp.csr_matrix(tuple(file[matrix][part][:] for part in ("data", "indices", "indptr")))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise FormatError(f"{path} is no data set of implicit, or is damaged ({error}).") from error
    as_csr(filename, parts)
    return (*names, parts)


def not_generated(name: str) -> NoReturn:
    """Raise: the raw files are read by ``tastemaker.Dataset`` instead."""
    raise UnsupportedError(
        f"`{name}.generate_dataset` is not there. Read raw files with tastemaker.Dataset.from_file."
    )


def _strings(dataset: Any) -> np.ndarray:
    """Return text as str, anything else as it is."""
    array: np.ndarray = dataset.asstr()[:] if dataset.dtype.kind == "O" else dataset[:]
    return array
