"""The two-way map between a user's or an item's id and its row or column."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any, Protocol

import numpy as np

from tastemaker._validation import check_indices, shown
from tastemaker.data._idarrays import id_array, kind_name, unique_ids
from tastemaker.errors import DataError, TastemakerError, UnknownIdError

_max_ids = np.iinfo(np.int32).max


class IdMap:
    """Immutable bijection between ids and the indices 0 .. n-1.

    Ids are all int (kept as int64) or all str. Ids and indices never mix: an int id is looked up like any
    other and is not an index.

    Parameters
    ----------
    ids : sequence of int or of str, shape (n,)
        The ids in the order of their indices, each once.

    Raises
    ------
    DataError
        Ids that repeat, are missing, are of several kinds, or neither int nor str.

    See Also
    --------
    IdMap.from_values : the map of a column in which ids repeat.

    Examples
    --------
    >>> from tastemaker.data import IdMap
    >>> films = IdMap(["heat", "ronin", "thief"])
    >>> films.lookup(["thief", "heat"])
    array([2, 0], dtype=int32)
    >>> films.take([2])
    array(['thief'], dtype=object)
    >>> films.find(["alien", "ronin"])
    array([-1,  1], dtype=int32)
    """

    __slots__ = ("_finder", "_ids")

    def __init__(self, ids: Any) -> None:
        array = id_array("`ids`", ids).copy()
        if array.size > _max_ids:
            raise DataError(f"`ids` must have at most {_max_ids} entries (32-bit indices), got {array.size}.")
        array.setflags(write=False)
        self._ids = array
        self._finder = _finder(array)

    @classmethod
    def from_values(cls, values: Any, *, name: str = "values") -> IdMap:
        """Return the map of the distinct ids in values; indices ascend with the ids.

        Ints ascend by value, str by code point, so the map does not depend on the order of the rows.

        Parameters
        ----------
        values : sequence of int or of str
            Ids, repeated at will.
        name : str, default "values"
            What a message calls them.

        Examples
        --------
        >>> IdMap.from_values([30, 10, 30, 20]).ids
        array([10, 20, 30])
        """
        return cls(unique_ids(id_array(f"`{name}`", values)))

    @property
    def ids(self) -> np.ndarray:
        """Ids in the order of their indices: int64, or object of str, shape (n,), read-only."""
        return self._ids

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the map takes: the ids, those of str with their texts, and what finds them."""
        return self._ids.nbytes + self._finder.nbytes

    def find(self, ids: Any) -> np.ndarray:
        """Return the index of each id, -1 where the map has no such id.

        Parameters
        ----------
        ids : one id or a sequence of ids, shape (m,)
            An id of the other kind (a str in a map of ints) is unknown, not an error.

        Returns
        -------
        ndarray of int32, shape (m,)
        """
        return self._find(id_array("`ids`", ids))

    def lookup(self, ids: Any, name: str = "ids") -> np.ndarray:
        """Return the index of each id; every id must be known.

        Parameters
        ----------
        ids : one id or a sequence of ids, shape (m,)
        name : str, default "ids"
            The argument of the caller that a message names.

        Returns
        -------
        ndarray of int32, shape (m,)

        Raises
        ------
        UnknownIdError
            Ids that the map does not have: how many, the first three and, where the kind differs, a hint.
        """
        wanted = id_array(f"`{name}`", ids)
        found = self._find(wanted)
        if found.size and found.min() < 0:
            raise self._unknown(name, wanted[found < 0], wanted.size)
        return found

    def take(self, indices: Any) -> np.ndarray:
        """Return the ids at indices, each in [0, n).

        Parameters
        ----------
        indices : one int or a sequence of ints, shape (m,)

        Returns
        -------
        ndarray, shape (m,)
            int64, or object of str.
        """
        taken: np.ndarray = self._ids[check_indices("indices", indices, len(self))]
        return taken

    def extended(self, new_ids: Any) -> IdMap:
        """Return a map that keeps every index and appends the ids it lacks, ascending among themselves.

        Parameters
        ----------
        new_ids : sequence of int or of str
            Ids of the map's kind, known or not, repeated at will.

        Examples
        --------
        >>> IdMap([30, 10]).extended([25, 10, 5]).ids
        array([30, 10,  5, 25])
        """
        wanted = id_array("`new_ids`", new_ids)
        self.check_kind("`new_ids`", wanted)
        unknown = unique_ids(wanted[self._find(wanted) < 0])
        return IdMap(np.concatenate([self._ids, unknown]) if len(self) else unknown) if unknown.size else self

    def check_kind(self, label: str, ids: np.ndarray) -> None:
        """Raise unless ids, as `id_array` returns them, are of the map's kind; empty ones are of either."""
        if len(self) and ids.size and kind_name(ids) != kind_name(self._ids):
            kind = kind_name(self._ids)
            remedy = "int(id)" if kind == "int64" else "str(id)"
            raise DataError(
                f"{label} must be ids of the same kind as the others, {kind}, got {kind_name(ids)} "
                f"({shown(ids[:1].tolist()[0])}). Convert them with {remedy}."
            )

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[int] | Iterator[str]:
        ids: list[Any] = self._ids.tolist()
        return iter(ids)

    def __contains__(self, item: object) -> bool:
        if isinstance(item, bool) or not isinstance(item, (str, int, np.integer)):
            return False
        try:
            return bool(self.find(item)[0] >= 0)
        except TastemakerError:
            return False  # an int beyond int64

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IdMap):
            return NotImplemented
        return self._ids.dtype == other._ids.dtype and np.array_equal(self._ids, other._ids)

    __hash__ = None  # type: ignore[assignment]  # as arrays: compared by content, which may be large

    def __repr__(self) -> str:
        first = ", ".join(repr(i) for i in self._ids[:3].tolist())
        more = ", ..." if len(self) > 3 else ""
        return f"IdMap([{first}{more}], n={len(self)}, kind={kind_name(self._ids)})"

    def __reduce__(self) -> tuple[type[IdMap], tuple[np.ndarray]]:
        return IdMap, (self._ids,)

    def _find(self, ids: np.ndarray) -> np.ndarray:
        if not len(self) or not ids.size or kind_name(ids) != kind_name(self._ids):
            return np.full(ids.size, -1, dtype=np.int32)
        return self._finder.find(ids)

    def _unknown(self, name: str, unknown: np.ndarray, asked: int) -> UnknownIdError:
        first = ", ".join(repr(i) for i in unknown[:3].tolist())
        more = ", ..." if unknown.size > 3 else ""
        return UnknownIdError(
            f"`{name}` must be known ids, but {unknown.size} of {asked} are not: {first}{more}."
            + self._kind_hint(unknown)
        )

    def _kind_hint(self, unknown: np.ndarray) -> str:
        if not len(self) or kind_name(unknown) == kind_name(self._ids):
            return ""
        told = f" The ids are {kind_name(self._ids)}, these are {kind_name(unknown)}."
        try:
            other: int | str = int(unknown[0]) if unknown.dtype == object else str(unknown[0])
        except ValueError:
            return told
        return f"{told} Did you mean {other!r}?" if other in self else told


class _Finder(Protocol):
    @property
    def nbytes(self) -> int: ...
    def find(self, ids: np.ndarray) -> np.ndarray: ...


def _finder(ids: np.ndarray) -> _Finder:
    if ids.dtype == object:
        return _StrFinder(ids)
    if not ids.size:
        return _SortedFinder(ids)
    low, span = int(ids.min()), int(ids.max()) - int(ids.min()) + 1
    # A table of at most 4 entries per id answers in one load; sparse ids take a binary search.
    return _TableFinder(ids, low, span) if span <= 4 * ids.size + 1024 else _SortedFinder(ids)


class _TableFinder:
    """Dense int ids: table[id - low] is the index."""

    def __init__(self, ids: np.ndarray, low: int, span: int) -> None:
        self._low = low
        self._high = low + span - 1
        self._table = np.full(span, -1, dtype=np.int32)
        self._table[ids - low] = np.arange(ids.size, dtype=np.int32)
        _check_distinct(ids, int((self._table >= 0).sum()))

    @property
    def nbytes(self) -> int:
        return self._table.nbytes

    def find(self, ids: np.ndarray) -> np.ndarray:
        inside = (ids >= self._low) & (ids <= self._high)
        if inside.all():
            return np.take(self._table, ids - self._low)
        found = np.full(ids.size, -1, dtype=np.int32)
        found[inside] = self._table[ids[inside] - self._low]
        return found


class _SortedFinder:
    """Sparse int ids: binary search among the sorted ids."""

    def __init__(self, ids: np.ndarray) -> None:
        self._order = np.argsort(ids, kind="stable").astype(np.int32)
        self._sorted = ids[self._order]
        _check_distinct(ids, ids.size - int((self._sorted[1:] == self._sorted[:-1]).sum()))

    @property
    def nbytes(self) -> int:
        return self._order.nbytes + self._sorted.nbytes

    def find(self, ids: np.ndarray) -> np.ndarray:
        at = np.minimum(np.searchsorted(self._sorted, ids), self._sorted.size - 1)
        return np.where(self._sorted[at] == ids, self._order[at], np.int32(-1))


class _StrFinder:
    """Str ids: a dict, walked by map() and not by Python code."""

    def __init__(self, ids: np.ndarray) -> None:
        self._index: dict[str, int] = {id_: at for at, id_ in enumerate(ids.tolist())}
        _check_distinct(ids, len(self._index))

    @property
    def nbytes(self) -> int:
        return sys.getsizeof(self._index) + sum(map(sys.getsizeof, chain.from_iterable(self._index.items())))

    def find(self, ids: np.ndarray) -> np.ndarray:
        return np.fromiter(map(self._index.get, ids.tolist(), repeat(-1)), dtype=np.int32, count=ids.size)


def _check_distinct(ids: np.ndarray, distinct: int) -> None:
    if distinct == ids.size:
        return
    seen: set[Any] = set()
    again = next(i for i in ids.tolist() if i in seen or seen.add(i))  # type: ignore[func-returns-value]
    raise DataError(
        f"`ids` must be distinct, but {ids.size - distinct} repeat ({again!r}). "
        "IdMap.from_values takes repeated ids."
    )
