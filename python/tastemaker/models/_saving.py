"""What a fitted model is on disk: facts for the header, arrays for the rest, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import scipy.sparse as sp

from tastemaker import __version__
from tastemaker._modelfile import Arrays
from tastemaker._table import FrameKind, frame_kinds
from tastemaker._validation import check_csr, check_finite, shown
from tastemaker.data import IdMap
from tastemaker.errors import ArgumentTypeError, FormatError
from tastemaker.models._inputs import Source

if TYPE_CHECKING:
    from tastemaker.models._fitting import Trainable

#: Version of the file format, apart from the library's; files of every version up to this one can be read.
FORMAT_VERSION = 1

HEADER_KEYS = frozenset(
    ("format", "version", "created", "model", "shape", "columns", "frame", "ids", "data", "training", "notes")
)


def facts_of(model: Trainable, notes: Mapping[str, Any]) -> dict[str, Any]:
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
        "data": {"interactions": model.seen_.nnz, "fingerprint": fingerprint(model.seen_)},
        "training": _training_of(model),
        "notes": _as_json(notes),
    }


def _training_of(model: Trainable) -> dict[str, Any]:
    facts: dict[str, Any] = {"seconds": model.fit_seconds_, "history": model.history_}
    if model._parts is not None:
        facts["parts"] = {name: _training_of(part) for name, part in _fitted_parts(model).items()}
    return facts


def _fitted_parts(model: Trainable) -> dict[str, Trainable]:
    return {} if model._parts is None else getattr(model, f"{model._parts}_")


def _as_json(notes: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(dict(notes), allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentTypeError(
            f"`notes` must be a mapping that JSON can hold ({error}), got {shown(notes)}. "
            "Turn arrays into lists and NaN into None."
        ) from error


def fingerprint(matrix: sp.csr_array) -> str:
    """Return a short hash of a canonical matrix: the same for the same interactions, whatever machine wrote them."""
    digest = blake2b(np.array(matrix.shape, "<i8").tobytes(), digest_size=16)
    for part, dtype in ((matrix.indptr, "<i8"), (matrix.indices, "<i4"), (matrix.data, "<f4")):
        digest.update(np.ascontiguousarray(part, dtype=dtype).data)
    return digest.hexdigest()


def _id_kind(ids: IdMap | None) -> str | None:
    return None if ids is None else "str" if ids.ids.dtype == object else "int"


def arrays_of(model: Trainable) -> Arrays:
    arrays: Arrays = {}
    _put_learned(arrays, "", model)
    _put(arrays, "seen_", model.seen_)
    for name, ids in (("users_", model.users_), ("items_", model.items_)):
        if ids is not None:
            _put_ids(arrays, name, ids.ids)
    return arrays


def _put_learned(arrays: Arrays, prefix: str, model: Trainable) -> None:
    for name in model._learned:
        _put(arrays, prefix + name, getattr(model, name))
    for name in model._texts:
        if getattr(model, name) is not None:
            _put_ids(arrays, prefix + name, np.array(getattr(model, name), dtype=object))
    for name, part in _fitted_parts(model).items():
        _put_learned(arrays, f"{prefix}{name}/", part)


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


def restore(model: Trainable, facts: dict[str, Any], arrays: Arrays) -> None:
    users, items = (_size(n) for n in facts["shape"])
    training = facts["training"]
    model._check_params()
    learned = _take_learned(arrays, "", model, training, (users, items))
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
    model.__dict__.update(learned)
    model._remember(seen, source, list(training["history"]), float(training["seconds"]))


def _take_learned(
    arrays: Arrays, prefix: str, model: Trainable, training: Mapping[str, Any], shape: tuple[int, int]
) -> dict[str, Any]:
    """Return what training made of a model, and of those that it is made of, by attribute."""
    sizes = dict(zip(("users", "items"), shape, strict=True))
    learned: dict[str, Any] = {
        name: _take(arrays, prefix + name, dims, sizes) for name, dims in model._learned.items()
    }
    learned |= {name: _take_texts(arrays, prefix + name) for name in model._texts}
    if model._parts is not None:
        parts = {name: part._fresh() for name, part in getattr(model, model._parts).items()}
        for name, part in parts.items():
            facts = training["parts"][name]
            part.__dict__.update(_take_learned(arrays, f"{prefix}{name}/", part, facts, shape))
            part.history_, part.fit_seconds_ = list(facts["history"]), float(facts["seconds"])
        learned[f"{model._parts}_"] = parts
    return learned


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
    check_finite(name, array)
    return array


def _take_csr(arrays: Arrays, name: str, shape: tuple[int, int]) -> sp.csr_array:
    data, indices, indptr = (_pop(arrays, f"{name}.{part}") for part in ("data", "indices", "indptr"))
    if data.dtype != np.float32 or not data.ndim == indices.ndim == 1 or len(data) != len(indices):
        raise FormatError(f"matrix {name!r} must hold as many float32 values as indices")
    matrix: Any = sp.csr_array(shape, dtype=np.float32)
    matrix.data, matrix.indices, matrix.indptr = data, indices, indptr  # the constructor would copy them
    check_csr(name, matrix, shape=shape)
    return cast(sp.csr_array, matrix)


def _take_texts(arrays: Arrays, name: str) -> tuple[str, ...] | None:
    """Remove texts; None when there are none of that name."""
    if f"{name}.ends" not in arrays:
        return None
    ends, raw = _pop(arrays, f"{name}.ends"), _pop(arrays, f"{name}.utf8").tobytes()
    bounds = [0, *ends.tolist()]
    if any(a > b for a, b in pairwise(bounds)) or bounds[-1] != len(raw):
        raise FormatError(f"the texts of {name!r} do not cover their bytes")
    return tuple(raw[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(bounds))


def _take_ids(arrays: Arrays, name: str, kind: Any, size: int) -> IdMap | None:
    if kind is None:
        return None
    if kind == "int":
        ids: Any = _pop(arrays, name)
    elif kind == "str":
        ids = _take_texts(arrays, name)
        if ids is None:
            raise FormatError(f"array '{name}.ends' is missing")
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
