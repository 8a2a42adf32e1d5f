"""Splits by time: what comes last is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from tastemaker._validation import check_int, friendly
from tastemaker.data._times import as_seconds
from tastemaker.errors import ArgumentError, DataError
from tastemaker.splits._parts import as_dataset, order_within_users, parted, size_of, times_of
from tastemaker.splits._split import Split


@friendly
def leave_last(data: Any, n: int = 1, *, min_history: int = 1) -> Split:
    """Hold out every user's last `n` interactions.

    Parameters
    ----------
    data : Dataset
        Must have times. Among interactions of a user at the same time, the one that is stored later (higher
        item index) counts as later.
    n : int, default 1
        Interactions per user in test, >= 1; 1 is the "leave one out" of the literature.
    min_history : int, default 1
        Users who would keep fewer than this in train stay in train with all they have. 0 lets users
        lose everything, and be cold.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        No times, or no user with ``n + min_history`` interactions.

    Examples
    --------
    >>> import tastemaker as tm
    >>> rows = [("a", "x", 1, 10), ("a", "y", 1, 30), ("a", "z", 1, 20), ("b", "x", 1, 5)]
    >>> data = tm.Dataset.from_tuples(rows)
    >>> split = tm.splits.leave_last(data)
    >>> split.test.items.take(split.test.matrix.indices)
    array(['y'], dtype=object)
    """
    data = as_dataset(data)
    n = check_int("n", n, low=1)
    min_history = check_int("min_history", min_history, low=0)
    times = times_of(data, "leave_last")
    indptr = data.matrix.indptr.astype(np.int64)
    ends = indptr[1:][np.diff(indptr) >= n + min_history]
    if not ends.size:
        raise DataError(
            f"`data` of `leave_last` must have a user with at least {n + min_history} interactions "
            f"(n={n}, min_history={min_history}), got at most {np.diff(indptr).max(initial=0)}."
        )
    last = (ends[:, None] - np.arange(1, n + 1)).ravel()
    in_test = np.zeros(data.nnz, dtype=bool)
    in_test[order_within_users(data, times)[last]] = True
    return parted(data, in_test, f"leave_last(n={n})")


@friendly
def by_time(data: Any, test_size: float | int | None = None, *, at: Any = None) -> Split:
    """Cut all interactions at one moment: the past is train, the rest is test.

    The most honest split for a system in production: nothing of the future leaks into training, and users
    and items that appear after the moment are cold, as they would be.

    Parameters
    ----------
    data : Dataset
        Must have times.
    test_size : float or int, optional
        Share (float in (0, 1)) or number of the latest interactions in test; 0.2 if neither this nor `at` is
        given. Interactions at one instant stay together, so test may be larger.
    at : number, datetime or ISO 8601 str, optional
        First moment of test, read as times are in a Dataset: numbers are unix times (seconds, or finer units
        where they are that large), times without a zone are UTC.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        No times, or all interactions on one side.

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.datasets.make_movies(rng=1, n_users=100, n_items=50).dataset
    >>> split = tm.splits.by_time(data, 0.25)
    >>> bool(split.train.times.max() < split.test.times.min())
    True
    """
    data = as_dataset(data)
    if at is not None and test_size is not None:
        raise ArgumentError("`test_size` and `at` of `by_time` exclude each other; pass one of them.")
    times = times_of(data, "by_time")
    if at is None:
        count = size_of("test_size", 0.2 if test_size is None else test_size, data.nnz, "interactions")
        moment = _moment(times, count)
    else:
        moment = float(as_seconds("`at`", [at])[0])
    in_test = times >= moment
    if in_test.all() or not in_test.any():
        side = "after" if in_test.all() else "before"
        raise DataError(
            f"`at` of `by_time` must part the interactions, but all are {side} it: they span "
            f"{_iso(times.min(initial=np.inf))} to {_iso(times.max(initial=-np.inf))}."
        )
    return parted(data, in_test, f"by_time({_iso(moment)})")


def _moment(times: np.ndarray, count: int) -> float:
    """Return the time of the count-th latest interaction, or the first later than the earliest."""
    moment = np.partition(times, len(times) - count)[len(times) - count]
    earliest = times.min()
    later = times[times > earliest]
    if not later.size:
        raise DataError("`data` of `by_time` must have more than one moment, but all times are equal.")
    return float(moment if moment > earliest else later.min())


def _iso(seconds: float) -> str:
    """Return seconds since 1970 as UTC text, or the number where that is no date."""
    if not abs(seconds) < 2**53:
        return str(seconds)
    return str(np.datetime64(round(seconds), "s"))
