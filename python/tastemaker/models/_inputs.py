"""From what a caller passes (ids, new interactions, allow and deny lists) to checked indices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._table import FrameKind
from tastemaker._validation import as_csr, check_finite, check_indices, shown, warn
from tastemaker.data import Dataset, IdMap
from tastemaker.errors import ArgumentTypeError, DataError, DataWarning


@dataclass(frozen=True)
class Source:
    """What a model was fitted on, apart from the numbers: how ids and answers look."""

    users: IdMap | None = None
    items: IdMap | None = None
    user_column: str = "user"
    item_column: str = "item"
    frame: FrameKind | None = None


@dataclass(frozen=True)
class NewUsers:
    """Interactions of users that the model does not know: one row each, columns are the model's items."""

    matrix: sp.csr_array
    labels: np.ndarray | None  # their ids; None for a single, nameless user


@dataclass(frozen=True)
class Who:
    """The users that a call is about: known rows (None: all), or the interactions of new ones."""

    rows: np.ndarray | None
    new: sp.csr_array | None
    labels: np.ndarray | None
    single: bool
    size: int

    def part(self, start: int, stop: int) -> Who:
        """Return the known users start .. stop - 1 of these."""
        stop = min(stop, self.size)
        rows = np.arange(start, stop, dtype=np.int32) if self.rows is None else self.rows[start:stop]
        labels = None if self.labels is None else self.labels[start:stop]
        return Who(rows, None, labels, False, stop - start)

    def names(self) -> list[Any]:
        """Return what the caller calls each row."""
        if self.labels is not None:
            return list(self.labels)
        return list(range(self.size)) if self.rows is None else self.rows.tolist()


def training_data(data: Any) -> tuple[sp.csr_array, np.ndarray | None, Source]:
    """Return (canonical matrix, times or None, source) of a Dataset or users x items matrix; refuse empty data."""
    if isinstance(data, Dataset):
        matrix, times = data.matrix, data.times
        columns = data.columns
        source = Source(data.users, data.items, columns["user"], columns["item"], data.frame)
    else:
        matrix, times, source = as_csr("data", data), None, Source()
    if matrix.nnz == 0:
        rows, cols = matrix.shape
        raise DataError(
            f"`data` must hold at least one interaction, got {rows} users x {cols} items without any."
        )
    return matrix, times, source


def is_scalar_id(value: Any) -> bool:
    """True for one id (a string, a number, a 0-d array), False for a collection of ids."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return True
    return isinstance(value, np.ndarray) and value.ndim == 0


def id_list(name: str, ids: Any) -> Any:
    """Return ids as a list or array; one id becomes a list of one."""
    if isinstance(ids, (Mapping, sp.sparray, sp.spmatrix)):
        raise ArgumentTypeError(f"`{name}` must be one id or a sequence of ids, got {type(ids).__name__}.")
    if is_scalar_id(ids):
        return [ids.item() if isinstance(ids, np.ndarray) else ids]
    return ids if hasattr(ids, "__array__") else list(ids)


def indices(name: str, ids: Any, known: IdMap | None, size: int) -> np.ndarray:
    """Return int32 indices of ids; ids are indices themselves when the model was fitted on a matrix."""
    ids = id_list(name, ids)
    return check_indices(name, ids, size) if known is None else known.lookup(ids, name)


def known_indices(name: str, ids: Any, known: IdMap | None, size: int) -> np.ndarray:
    """Return sorted, unique indices of those ids that the model knows; warn of the others."""
    ids = id_list(name, ids)
    if known is None:
        return np.unique(check_indices(name, ids, size))
    found = known.find(ids)
    unknown = int((found < 0).sum())
    if unknown:
        first = [shown(i) for i, at in zip(ids, found, strict=True) if at < 0][:3]
        warn(
            f"`{name}`: {unknown} of {len(ids)} items were not seen in training and are ignored "
            f"(first: {', '.join(first)}).",
            DataWarning,
        )
    return np.unique(found[found >= 0])


def new_users(interactions: Any, items: IdMap | None, n_items: int) -> NewUsers:
    """Return the rows of new users from any of the forms that ``interactions=`` takes (see ``recommend``)."""
    if sp.issparse(interactions):
        matrix = as_csr("interactions", interactions, shape=(None, n_items))
        return NewUsers(matrix, np.arange(matrix.shape[0]))
    if isinstance(interactions, Dataset):
        return _from_dataset(interactions, items)
    if isinstance(interactions, Mapping):
        if interactions and all(_is_number(v) for v in interactions.values()):
            return NewUsers(_rows([interactions], items, n_items), None)
        labels = np.array(list(interactions), dtype=object)
        return NewUsers(_rows(list(interactions.values()), items, n_items), labels)
    if isinstance(interactions, Iterable) and not is_scalar_id(interactions):
        return NewUsers(_rows([interactions], items, n_items), None)
    raise ArgumentTypeError(
        "`interactions` must be the items of one new user (a list, or a dict item -> weight), a dict "
        f"user -> items, a Dataset or a users x items sparse matrix, got {shown(interactions)}."
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _rows(histories: list[Any], items: IdMap | None, n_items: int) -> sp.csr_array:
    """One row for each history: a collection of items, or a mapping item -> weight."""
    found: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    for history in histories:
        if is_scalar_id(history):
            raise ArgumentTypeError(f"`interactions` must list the items of each user, got {shown(history)}.")
        ids = list(history)
        if ids and isinstance(ids[0], tuple):
            raise ArgumentTypeError(
                "`interactions` must be items, not tuples; build rows with Dataset.from_tuples and pass that."
            )
        weight = list(history.values()) if isinstance(history, Mapping) else np.ones(len(ids))
        at = _find(ids, items, n_items)
        found.append(at)
        weights.append(np.asarray(weight, dtype=np.float64))
    lengths = [len(f) for f in found]
    columns = np.concatenate(found) if found else np.empty(0, np.int32)
    values = np.concatenate(weights) if weights else np.empty(0)
    check_finite("interactions", values)
    rows = np.repeat(np.arange(len(found)), lengths)
    keep = columns >= 0
    _warn_ignored(int((~keep).sum()), len(columns))
    matrix = sp.coo_array((values[keep], (rows[keep], columns[keep])), shape=(len(found), n_items))
    return as_csr("interactions", matrix)


def _find(ids: list[Any], items: IdMap | None, n_items: int) -> np.ndarray:
    return check_indices("interactions", ids, n_items) if items is None else items.find(ids)


def _from_dataset(data: Dataset, items: IdMap | None) -> NewUsers:
    if items is None:
        raise ArgumentTypeError(
            "`interactions` must be a users x items sparse matrix for a model fitted on a matrix, got a Dataset."
        )
    where = items.find(data.items.ids)
    coo = data.matrix.tocoo()
    columns = where[coo.coords[1]]
    keep = columns >= 0
    _warn_ignored(int((~keep).sum()), len(columns))
    values = (coo.data[keep], (coo.coords[0][keep], columns[keep]))
    matrix = sp.coo_array(values, shape=(data.n_users, len(items)))
    return NewUsers(as_csr("interactions", matrix), data.users.ids)


def _warn_ignored(ignored: int, total: int) -> None:
    if ignored:
        warn(
            f"`interactions`: {ignored} of {total} interactions are with items not seen in training; "
            "they are ignored.",
            DataWarning,
        )
