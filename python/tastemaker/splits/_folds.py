"""Splits by chance: random, k-fold, and users held out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tastemaker._runtime import generator
from tastemaker._validation import check_float, check_int, friendly
from tastemaker.data import Dataset
from tastemaker.errors import ArgumentError, DataError
from tastemaker.splits._parts import as_dataset, order_within_users, parted, size_of, take
from tastemaker.splits._split import Split


@friendly
def random(data: Any, test_size: float | int = 0.2, *, rng: Any = None) -> Split:
    """Hold out interactions drawn at random, all with the same chance.

    Parameters
    ----------
    data : Dataset or users x items sparse matrix
    test_size : float or int, default 0.2
        Share (float in (0, 1)) or number of interactions in test. A fifth leaves most users a history and
        most items a neighbour.
    rng : int, Generator, SeedSequence or None
        Seed; the same int gives the same split.

    Returns
    -------
    Split

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.datasets.make_movies(rng=1, n_users=100, n_items=50).dataset
    >>> split = tm.splits.random(data, 0.25, rng=0)
    >>> split.train.nnz + split.test.nnz == data.nnz
    True
    """
    data = as_dataset(data)
    count = size_of("test_size", test_size, data.nnz, "interactions")
    in_test = np.zeros(data.nnz, dtype=bool)
    in_test[generator(rng).choice(data.nnz, size=count, replace=False, shuffle=False)] = True
    return parted(data, in_test, f"random({test_size})")


@friendly
def k_fold(data: Any, k: int = 5, *, rng: Any = None) -> Iterator[Split]:
    """Part the interactions at random into `k` equal folds; each is the test part of one split.

    Parameters
    ----------
    data : Dataset or users x items sparse matrix
    k : int, default 5
        Number of folds, from 2 to the number of interactions.
    rng : int, Generator, SeedSequence or None
        Seed; the same int gives the same folds.

    Returns
    -------
    iterator of Split
        Made one at a time, so memory holds one copy of the data; ``list(...)`` keeps all.

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.datasets.make_movies(rng=1, n_users=100, n_items=50).dataset
    >>> sum(split.test.nnz for split in tm.splits.k_fold(data, 4, rng=0)) == data.nnz
    True
    """
    data = as_dataset(data)
    if data.nnz < 2:
        raise DataError(f"`data` of `k_fold` must have at least 2 interactions, got {data.nnz}.")
    k = check_int("k", k, low=2, high=data.nnz)
    fold = generator(rng).permutation(np.arange(data.nnz) % k)
    return (parted(data, fold == at, f"k_fold({at + 1} of {k})") for at in range(k))


@friendly
def users(
    data: Any,
    test_size: float | int | None = None,
    *,
    n_users: int | None = None,
    holdout: float = 0.2,
    rng: Any = None,
) -> Split:
    """Hold out users altogether (strong generalisation); part of what they did is given, the rest asked for.

    Parameters
    ----------
    data : Dataset or users x items sparse matrix
    test_size : float or int, optional
        Share (float in (0, 1)) or number of all users to hold out; 0.2 if neither this nor `n_users` is
        given.
    n_users : int, optional
        The number of users to hold out.
    holdout : float, default 0.2
        Share in (0, 1) of a held-out user's interactions that go to test, rounded, at least one each in test
        and history; they are drawn at random. Users with fewer than 2 interactions are never held out.
    rng : int, Generator, SeedSequence or None
        Seed; the same int gives the same split.

    Returns
    -------
    Split
        With ``history``: its users and those of ``test`` are the held-out ones, in ascending order of their
        index, and do not occur in ``train``. Items keep their indices.

    Raises
    ------
    DataError
        Fewer users with 2 interactions than are to be held out.

    References
    ----------
    B. Marlin, "Collaborative Filtering: A Machine Learning Perspective", 2004; D. Liang et al., "Variational
    Autoencoders for Collaborative Filtering", WWW 2018 (`holdout` 0.2).

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.datasets.make_movies(rng=1, n_users=100, n_items=50).dataset
    >>> split = tm.splits.users(data, n_users=10, rng=0)
    >>> split.train.n_users, split.history.n_users, split.test.n_users
    (90, 10, 10)
    """
    data = as_dataset(data)
    if n_users is not None and test_size is not None:
        raise ArgumentError("`test_size` and `n_users` of `users` exclude each other; pass one of them.")
    if n_users is not None:
        count = size_of("n_users", check_int("n_users", n_users, low=1), data.n_users, "users")
    else:
        count = size_of("test_size", 0.2 if test_size is None else test_size, data.n_users, "users")
    holdout = check_float("holdout", holdout, low=0, high=1, open_low=True)
    draw = generator(rng)
    held = _draw_users(data, count, draw)
    others = np.ones(data.n_users, dtype=bool)
    others[held] = False
    asked = data.take_users(held)
    in_test = _draw_interactions(asked, holdout, draw)
    train = data.take_users(np.flatnonzero(others))
    return Split(train, take(asked, in_test), f"users({count})", history=take(asked, ~in_test))


def _draw_users(data: Dataset, count: int, draw: np.random.Generator) -> np.ndarray:
    eligible = np.flatnonzero(np.diff(data.matrix.indptr) >= 2)
    if len(eligible) < count:
        raise DataError(
            f"`data` of `users` must have {count} users with 2 interactions or more to hold out, "
            f"got {len(eligible)}. Hold out fewer with n_users=."
        )
    return np.sort(draw.choice(eligible, size=count, replace=False))


def _draw_interactions(data: Dataset, share: float, draw: np.random.Generator) -> np.ndarray:
    """Return the mask of a random share of each user's interactions, with at least one left on each side."""
    indptr = data.matrix.indptr.astype(np.int64)
    lengths = np.diff(indptr)
    wanted = np.clip(np.rint(share * lengths), 1, lengths - 1).astype(np.int64)
    place = np.arange(data.nnz) - np.repeat(indptr[:-1], lengths)
    in_test = np.empty(data.nnz, dtype=bool)
    in_test[order_within_users(data, draw.random(data.nnz))] = place < np.repeat(wanted, lengths)
    return in_test
