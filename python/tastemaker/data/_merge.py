"""From rows of interactions to one sparse matrix: time decay, duplicates, cap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import check_choice, check_finite, check_float, index_width
from tastemaker.errors import ArgumentError, DataError

Duplicates: TypeAlias = Literal["sum", "last", "max", "error"]

_day = 86_400.0


@dataclass(frozen=True, slots=True)
class WeightPolicy:
    """How rows become weights: what repeated pairs do, half-life in seconds, cap of a pair's weight."""

    on_duplicate: Duplicates = "sum"
    half_life: float | None = None
    cap: float | None = None

    @classmethod
    def checked(cls, on_duplicate: Any, half_life: Any, cap: Any) -> WeightPolicy:
        """Return the policy of three public arguments."""
        on_duplicate = check_choice("on_duplicate", on_duplicate, ("sum", "last", "max", "error"))
        if isinstance(half_life, timedelta):
            half_life = half_life.total_seconds() / _day
        if half_life is not None:
            remedy = "A number counts days; a timedelta works too."
            half_life = _day * check_float("half_life", half_life, low=0, open_low=True, remedy=remedy)
        if cap is not None:
            cap = check_float("cap", cap, low=0, open_low=True)
        return cls(cast(Duplicates, on_duplicate), half_life, cap)


@dataclass(frozen=True, slots=True)
class Rows:
    """Interactions as indices, one entry per row: int32 users and items, float64 weights and times."""

    users: np.ndarray
    items: np.ndarray
    weights: np.ndarray
    times: np.ndarray | None

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True, slots=True)
class Merged:
    """One entry per pair: the matrix, times aligned with its data, rows merged away, pairs that were zero."""

    matrix: sp.csr_array
    times: np.ndarray | None
    duplicates: int
    zeros: int


def decay(rows: Rows, policy: WeightPolicy, newest: float | None) -> Rows:
    """Return rows whose weights halve with every half-life before newest, the time of the last event."""
    if policy.half_life is None:
        return rows
    if rows.times is None or newest is None:
        raise ArgumentError("`half_life` must come with times, got none. Pass the column of times as time=.")
    weights = rows.weights * np.exp2((rows.times - newest) / policy.half_life)
    return Rows(rows.users, rows.items, weights, rows.times)


def merge(rows: Rows, shape: tuple[int, int], policy: WeightPolicy) -> Merged:
    """Return the canonical matrix of decayed rows; a pair's time is that of its newest row.

    "last" takes the newest row, or the last one where there are no times or equal ones. Pairs whose weight
    is zero are dropped: no interaction. Sums are float64.
    """
    order = _pair_order(rows, by_time=policy.on_duplicate == "last")
    users, items, weights = rows.users[order], rows.items[order], rows.weights[order]
    times = None if rows.times is None else rows.times[order]
    first = np.empty(len(rows), dtype=bool)
    first[:1] = True
    np.not_equal(users[1:], users[:-1], out=first[1:])
    first[1:] |= items[1:] != items[:-1]
    duplicates = len(rows) - int(first.sum())
    if duplicates:
        if policy.on_duplicate == "error":
            raise _duplicate_error(duplicates)
        starts = np.flatnonzero(first)
        weights = _reduce(weights, starts, policy.on_duplicate)
        times = None if times is None else np.maximum.reduceat(times, starts)
        users, items = users[starts], items[starts]
    if policy.cap is not None:
        weights = np.clip(weights, -policy.cap, policy.cap)
    values = _float32(weights)
    kept = values != 0
    zeros = values.size - int(kept.sum())
    if zeros:
        users, items, values = users[kept], items[kept], values[kept]
        times = None if times is None else times[kept]
    return Merged(_csr(values, users, items, shape), times, duplicates, zeros)


def _csr(values: np.ndarray, users: np.ndarray, items: np.ndarray, shape: tuple[int, int]) -> sp.csr_array:
    """Return the matrix of entries sorted by user, then item."""
    width = index_width(values.size)
    indptr = np.zeros(shape[0] + 1, dtype=width)
    np.cumsum(np.bincount(users, minlength=shape[0]), out=indptr[1:])
    return sp.csr_array((values, items.astype(width, copy=False), indptr), shape=shape)


def _reduce(weights: np.ndarray, starts: np.ndarray, on_duplicate: Duplicates) -> np.ndarray:
    if on_duplicate == "last":
        return np.take(weights, np.append(starts[1:], weights.size) - 1)
    return (np.add if on_duplicate == "sum" else np.maximum).reduceat(weights, starts)


def _pair_order(rows: Rows, by_time: bool) -> np.ndarray:
    """Return the stable order by user, item and, if wanted and there are any, time: least significant key first."""
    times = rows.times if by_time else None
    order = np.arange(len(rows)) if times is None else np.argsort(times, kind="stable")
    for codes in (rows.items, rows.users):
        # numpy sorts 16-bit integers by radix, in linear time: eight times faster than 32-bit at 1M rows.
        for shift in range(0, int(codes.max(initial=0)).bit_length(), 16):
            digit = (codes >> shift).astype(np.uint16)
            order = order[np.argsort(digit[order], kind="stable")]
    return order


def _float32(weights: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = weights.astype(np.float32)
    check_finite("weight", values, after_cast=True)
    return values


def _duplicate_error(duplicates: int) -> DataError:
    return DataError(
        f'`on_duplicate` is "error", and {duplicates} rows repeat a (user, item) pair. '
        'Drop them, or choose "sum", "last" or "max".'
    )
