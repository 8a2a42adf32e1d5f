"""Files of named arrays and a JSON object: the safetensors layout, written atomically, mapped read-only.

The layout is Hugging Face's: the length of a JSON header, the header, then raw arrays. Its metadata holds one entry,
``tastemaker``: our JSON object. Nothing in a file is ever executed, and every place is checked before it is read.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker._validation import shown
from tastemaker.errors import FileError, FormatError

Arrays = dict[str, np.ndarray]

_key = "tastemaker"
_max_header = 100 * 2**20  # the cap of the safetensors format
_dtypes = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64, "U8": np.uint8}


def write(path: Path, facts: dict[str, Any], arrays: Arrays) -> None:
    """Write facts and arrays to path; what is there is replaced only by a complete file."""
    from safetensors.numpy import save_file

    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = json.dumps(facts, allow_nan=False)
    with replacing(path) as temporary:
        save_file(contiguous, temporary, metadata={_key: text})


def read_facts(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file without touching its arrays."""
    metadata = _raw_header(path)[0].get("__metadata__", {})
    text = metadata.get(_key) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise FormatError(f"{path} is no model of tastemaker: its header has no entry '{_key}'.")
    return _parse(path, text)


def damaged(path: Path, why: str) -> FormatError:
    """Return the error for a file whose content contradicts itself."""
    return FormatError(f"{path} is damaged or was not written by tastemaker: {why}.")


def map_arrays(path: Path) -> Arrays:
    """Return read-only arrays that stay in the file; the safetensors package checks their places first."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np"):
            pass
    except (SafetensorError, OSError) as error:
        raise FormatError(f"{path} is damaged: {error}.") from error
    header, start = _raw_header(path)
    file = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size > start else np.empty(0, np.uint8)
    arrays: Arrays = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _dtypes:
            raise damaged(path, f"array {shown(name)} has the unknown dtype {shown(entry['dtype'])}")
        begin, end = entry["data_offsets"]
        dtype = np.dtype(_dtypes[entry["dtype"]])
        # A misaligned array would be slow or refused by the kernels: copy that one.
        raw = file[start + begin : start + end]
        aligned = raw if (start + begin) % dtype.itemsize == 0 else raw.copy()
        arrays[name] = np.asarray(aligned.view(dtype).reshape(entry["shape"]))
    return arrays


def _raw_header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the safetensors header as JSON and the position of the first array."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(size - 8, _max_header):
                raise FormatError(f"{path} is no model file, or it was cut: its header is incomplete.")
            text = file.read(length)
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror or error}).") from error
    return _parse(path, text), 8 + length


def _parse(path: Path, text: str | bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is no model file: its header is not JSON.") from error
    if not isinstance(parsed, dict):
        raise FormatError(f"{path} is no model file: its header is not a JSON object.")
    return parsed


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside path, which takes its place when the block ends well."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        os.close(handle)
    except OSError as error:
        raise _unwritable(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())  # a crash must not leave the new name with old bytes
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError) -> FileError:
    return FileError(f"{path} cannot be written ({error.strerror or error}). Choose a writable directory.")
