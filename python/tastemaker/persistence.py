"""Models on disk: one file, no pickle, mapped into memory.

A file is a safetensors file (Hugging Face's layout: a JSON header, then raw arrays) whose metadata holds one
entry, ``tastemaker``: a JSON object with the class, its parameters, the ids' kinds and the training facts.
Nothing in it is ever executed, and every size is checked before anything is indexed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker import __version__
from tastemaker._table import FrameKind, frame_kinds
from tastemaker._validation import as_csr, shown
from tastemaker.data import IdMap
from tastemaker.errors import ArgumentTypeError, FileError, FormatError, TastemakerError
from tastemaker.models._inputs import Source
from tastemaker.models.base import Recommender

#: Version of the file format, apart from the library's; files of every version up to this one can be read.
FORMAT_VERSION = 1

_key = "tastemaker"
_header_keys = {"format", "version", "created", "model", "shape", "columns", "frame", "ids", "training"}
_max_header = 100 * 2**20  # the cap of the safetensors format
_dtypes = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64, "U8": np.uint8}

Arrays = dict[str, np.ndarray]


def save(model: Recommender, path: str | os.PathLike[str]) -> None:
    """Write a fitted model to one file; an existing file is replaced only by a complete one.

    Parameters
    ----------
    model : Recommender
        Parameters, ids, the training interactions (for ``exclude_seen``) and everything learned are written.
    path : path-like
        Customarily ``*.safetensors``.

    Raises
    ------
    NotFittedError
        There is nothing to save yet.
    FileError
        The file cannot be written; what was there before still is.
    """
    if not isinstance(model, Recommender):
        raise ArgumentTypeError(f"`model` must be a Recommender, got {type(model).__name__}.")
    from safetensors.numpy import save_file

    arrays = _arrays_of(model._fitted())
    header = json.dumps(_header_of(model), allow_nan=False)
    with _replacing(Path(path)) as temporary:
        save_file(arrays, temporary, metadata={_key: header})


def load(path: str | os.PathLike[str]) -> Any:
    """Read a model that ``save`` wrote; its arrays stay on disk, mapped read-only, until they are used.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Recommender
        Fitted, of the class that was saved.

    Raises
    ------
    FormatError
        The file is not a model, is damaged, or was written by a newer version.
    FileError
        The file cannot be opened.
    """
    path = Path(path)
    facts = inspect(path)
    arrays = _map(path)
    try:
        model = Recommender.from_config(facts["model"])
        _restore(model, facts, arrays)
    except (TastemakerError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, str(error) if isinstance(error, TastemakerError) else repr(error)) from error
    return model


def inspect(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a model file says of itself, without reading its arrays.

    Returns
    -------
    dict
        ``format``, ``version`` (of the library that wrote it), ``created``, ``model`` (class and parameters),
        ``shape`` (users, items), ``columns``, ``frame``, ``ids`` (kinds), ``training``.
    """
    path = Path(path)
    text = _raw_header(path)[0].get("__metadata__", {})
    text = text.get(_key) if isinstance(text, dict) else None
    if not isinstance(text, str):
        raise FormatError(f"{path} is no model of tastemaker: its header has no entry '{_key}'.")
    facts = _parse(path, text)
    version = facts.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _damaged(path, "its format version is missing")
    if version > FORMAT_VERSION:
        raise FormatError(
            f"{path} has format version {version}; this tastemaker reads up to {FORMAT_VERSION}. Upgrade it."
        )
    if set(facts) != _header_keys:
        odd = sorted(set(facts) ^ _header_keys)
        raise _damaged(path, f"its header has unknown or missing keys: {', '.join(map(repr, odd[:5]))}")
    return facts


# --- writing ----------------------------------------------------------------------------------------------


def _header_of(model: Recommender) -> dict[str, Any]:
    source = model._source
    return {
        "format": FORMAT_VERSION,
        "version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": model.to_config(),
        "shape": [model.n_users_, model.n_items_],
        "columns": {"user": source.user_column, "item": source.item_column},
        "frame": source.frame,
        "ids": {"users": _id_kind(model.users_), "items": _id_kind(model.items_)},
        "training": {"seconds": model.fit_seconds_, "history": model.history_},
    }


def _id_kind(ids: IdMap | None) -> str | None:
    return None if ids is None else "str" if ids.ids.dtype == object else "int"


def _arrays_of(model: Recommender) -> Arrays:
    arrays: Arrays = {}
    for name in model._learned:
        _put(arrays, name, getattr(model, name))
    _put(arrays, "seen_", model.seen_)
    for name, ids in (("users_", model.users_), ("items_", model.items_)):
        if ids is not None:
            _put_ids(arrays, name, ids.ids)
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _put(arrays: Arrays, name: str, value: np.ndarray | sp.csr_array) -> None:
    if isinstance(value, np.ndarray):
        arrays[name] = value
    else:
        arrays |= {
            f"{name}.indptr": value.indptr,
            f"{name}.indices": value.indices,
            f"{name}.data": value.data,
        }


def _put_ids(arrays: Arrays, name: str, ids: np.ndarray) -> None:
    if ids.dtype != object:
        arrays[name] = ids
        return
    encoded = [text.encode("utf-8", "surrogatepass") for text in ids]
    arrays[f"{name}.ends"] = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    arrays[f"{name}.utf8"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
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


# --- reading ----------------------------------------------------------------------------------------------


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


def _map(path: Path) -> Arrays:
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
            raise _damaged(path, f"array {shown(name)} has the unknown dtype {shown(entry['dtype'])}")
        begin, end = entry["data_offsets"]
        dtype = np.dtype(_dtypes[entry["dtype"]])
        # A misaligned array would be slow or refused by the kernels: copy that one.
        raw = file[start + begin : start + end]
        aligned = raw if (start + begin) % dtype.itemsize == 0 else raw.copy()
        arrays[name] = np.asarray(aligned.view(dtype).reshape(entry["shape"]))
    return arrays


def _restore(model: Recommender, facts: dict[str, Any], arrays: Arrays) -> None:
    users, items = (_size(n) for n in facts["shape"])
    sizes = {"users": users, "items": items}
    model._check_params()
    learned = {name: _take(arrays, name, dims, sizes) for name, dims in model._learned.items()}
    seen = _take_csr(arrays, "seen_", (users, items))
    source = Source(
        _take_ids(arrays, "users_", facts["ids"]["users"], users),
        _take_ids(arrays, "items_", facts["ids"]["items"], items),
        str(facts["columns"]["user"]),
        str(facts["columns"]["item"]),
        _frame_kind(facts["frame"]),
    )
    if arrays:
        raise FormatError(f"it holds unknown arrays: {', '.join(map(shown, sorted(arrays)[:5]))}")
    training = facts["training"]
    model.__dict__.update(learned)
    model._remember(seen, source, list(training["history"]), float(training["seconds"]))


def _take(
    arrays: Arrays, name: str, dims: tuple[str, ...], sizes: dict[str, int]
) -> np.ndarray | sp.csr_array:
    """Remove an array, or the three of a CSR matrix, and check it against sizes; new sizes are noted."""
    if dims[0] == "csr":
        return _take_csr(arrays, name, (sizes[dims[1]], sizes[dims[2]]))
    array = _pop(arrays, name)
    want = tuple(sizes.setdefault(dim, size) for dim, size in zip(dims, array.shape, strict=False))
    if array.dtype != np.float32 or array.shape != want or array.ndim != len(dims):
        raise FormatError(
            f"array {name!r} must be float32 ({' x '.join(dims)}), got {array.dtype} of shape {array.shape}"
        )
    return array


def _take_csr(arrays: Arrays, name: str, shape: tuple[int, int]) -> sp.csr_array:
    parts = [_pop(arrays, f"{name}.{part}") for part in ("data", "indices", "indptr")]
    if any(part.ndim != 1 for part in parts) or any(part.dtype.kind != "i" for part in parts[1:]):
        raise FormatError(f"matrix {name!r} must have 1-d parts with integer indices")
    if len(parts[2]) != shape[0] + 1 or len(parts[0]) != len(parts[1]):
        raise FormatError(f"matrix {name!r} must have {shape[0]} rows and as many values as indices")
    matrix = sp.csr_array(shape, dtype=np.float32)
    matrix.data, matrix.indices, matrix.indptr = parts  # scipy's own constructor would copy
    return as_csr(name, matrix, shape=shape)


def _take_ids(arrays: Arrays, name: str, kind: Any, size: int) -> IdMap | None:
    if kind is None:
        return None
    if kind == "int":
        ids: Any = _pop(arrays, name)
    elif kind == "str":
        ends, raw = _pop(arrays, f"{name}.ends"), _pop(arrays, f"{name}.utf8").tobytes()
        bounds = [0, *ends.tolist()]
        if any(a > b for a, b in pairwise(bounds)) or bounds[-1] != len(raw):
            raise FormatError(f"the texts of {name!r} do not cover their bytes")
        ids = [raw[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(bounds)]
    else:
        raise FormatError(f"the kind of {name!r} must be 'int', 'str' or null, got {shown(kind)}")
    if len(ids) != size:
        raise FormatError(f"{name!r} must hold {size} ids, got {len(ids)}")
    return IdMap(ids)


def _pop(arrays: Arrays, name: str) -> np.ndarray:
    if name not in arrays:
        raise FormatError(f"array {name!r} is missing")
    return arrays.pop(name)


def _size(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise FormatError(f"a size must be an int in [0, 2^31), got {shown(value)}")
    return value


def _frame_kind(value: Any) -> FrameKind | None:
    if value is not None and value not in frame_kinds:
        raise FormatError(f"the kind of frame must be one of {frame_kinds} or null, got {shown(value)}")
    kind: FrameKind | None = value
    return kind


def _damaged(path: Path, why: str) -> FormatError:
    return FormatError(f"{path} is damaged or was not written by tastemaker: {why}.")
