"""Arithmetic that all splits share: sizes, and Datasets from a mask over interactions."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import check_float, check_int
from tastemaker.data import Dataset
from tastemaker.errors import DataError
from tastemaker.splits._split import Split


def as_dataset(data: Any) -> Dataset:
    """Return data itself, or a users x items sparse matrix as a Dataset."""
    return data if isinstance(data, Dataset) else Dataset.from_sparse(data)


def times_of(data: Dataset, owner: str) -> np.ndarray:
    """Return the times of the interactions, or raise with the remedy."""
    if data.times is None:
        raise DataError(
            f"`data` of `{owner}` must have times, got interactions without. Name their column with time= "
            "in Dataset.from_frame, or use splits.random, k_fold or users, which need none."
        )
    return data.times


def size_of(name: str, size: Any, total: int, what: str) -> int:
    """Return a part's size: an int as it is, a float as a share of total; both parts get at least one."""
    if total < 2:
        raise DataError(f"`data` must have at least 2 {what} to be split, got {total}.")
    if not isinstance(size, (float, np.floating)):
        return check_int(
            name, size, low=1, high=total - 1, remedy=f"A float in (0, 1) is a share of the {what}."
        )
    share = check_float(name, size, low=0, high=1, open_low=True)
    return min(max(round(share * total), 1), total - 1)


def rows_of(data: Dataset) -> np.ndarray:
    """Return the user index of every interaction, in the order of the matrix."""
    return np.repeat(np.arange(data.n_users), np.diff(data.matrix.indptr))


def order_within_users(data: Dataset, keys: np.ndarray) -> np.ndarray:
    """Return positions of interactions by user, then by key ascending, then by place in the matrix.

    The interactions of user u come at ``indptr[u]:indptr[u + 1]``, as in the matrix itself.
    """
    rank = np.empty(len(keys), dtype=np.int64)
    rank[np.argsort(keys, kind="stable")] = np.arange(len(keys))
    # One integer key sorts three times as fast as np.lexsort; it fits while users * interactions < 2^63.
    return np.argsort(rows_of(data) * len(keys) + rank)


def take(data: Dataset, mask: np.ndarray) -> Dataset:
    """Return data with only the interactions where mask is true: weights and times go with them."""
    matrix = data.matrix
    before = np.concatenate(([0], np.cumsum(mask)))
    kept = sp.csr_array((matrix.data[mask], matrix.indices[mask], before[matrix.indptr]), shape=matrix.shape)
    return data.with_interactions(kept, None if data.times is None else data.times[mask])


def parted(data: Dataset, in_test: np.ndarray, name: str) -> Split:
    """Return the split of data whose test part is in_test, a mask over interactions."""
    return Split(take(data, ~in_test), take(data, in_test), name)
