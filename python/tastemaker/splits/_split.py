"""One way to part interactions into what a model learns from and what it is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tastemaker._table import Table, Tabular
from tastemaker.data import Dataset
from tastemaker.errors import DataError


@dataclass(frozen=True, repr=False, eq=False)
class Split(Tabular):
    """Train and test interactions, with a report of the users and items that training never saw.

    Prints as a table of its parts; ``to_frame()``, ``to_dict()`` and ``to_markdown()`` give the same table.

    Parameters
    ----------
    train : Dataset
        What a model is fitted on.
    test : Dataset
        What it must find. Columns are the items of `train`, with the same indices; rows are its users, or
        the users of `history` where that is given.
    name : str, default "custom"
        How it was made, for tables.
    history : Dataset, optional
        For users whom training never saw: the interactions to recommend from (fold-in).

    Raises
    ------
    DataError
        The shapes of the parts do not fit each other.

    Examples
    --------
    >>> from tastemaker import splits
    >>> from tastemaker.datasets import make_movies
    >>> split = splits.leave_last(make_movies(rng=1, n_users=100, n_items=50).dataset)
    >>> split.test.nnz, len(split.cold_users)
    (100, 0)
    """

    train: Dataset
    test: Dataset
    name: str = "custom"
    history: Dataset | None = None

    def __post_init__(self) -> None:
        items = self.train.n_items
        for part, data in (("test", self.test), ("history", self.history)):
            if data is not None and data.n_items != items:
                raise DataError(
                    f"`{part}` of a Split must have the {items} items of train, got {data.n_items}."
                )
        users = self.known.n_users
        if self.test.n_users != users:
            part = "train" if self.history is None else "history"
            raise DataError(
                f"`test` of a Split must have the {users} users of {part}, got {self.test.n_users}."
            )

    @property
    def known(self) -> Dataset:
        """What is known of the test users: `history`, or `train` where there is none."""
        return self.train if self.history is None else self.history

    @cached_property
    def cold_users(self) -> np.ndarray:
        """Ids of the users in test of whom nothing is known."""
        return self.test.users.take(np.flatnonzero((_per_user(self.test) > 0) & (_per_user(self.known) == 0)))

    @cached_property
    def cold_items(self) -> np.ndarray:
        """Ids of the items in test with which nobody in train interacted."""
        return self.test.items.take(np.flatnonzero((_per_item(self.test) > 0) & (_per_item(self.train) == 0)))

    @cached_property
    def n_cold(self) -> int:
        """Number of test interactions with cold items: out of reach for models without item features."""
        return int(_per_item(self.test)[_per_item(self.train) == 0].sum())

    def to_table(self) -> Table:
        """Return users, items and interactions per part, counting only users and items that have any."""
        parts = {"train": self.train, "history": self.history, "test": self.test}
        given = {name: data for name, data in parts.items() if data is not None}
        columns = {
            "part": list(given),
            "users": [np.count_nonzero(_per_user(data)) for data in given.values()],
            "items": [np.count_nonzero(_per_item(data)) for data in given.values()],
            "interactions": [data.nnz for data in given.values()],
        }
        caption = (
            f"{self.name}; cold in test: {len(self.cold_users):,} users, {len(self.cold_items):,} items "
            f"({self.n_cold:,} interactions)"
        )
        return Table(columns, caption=caption)


def _per_user(data: Dataset) -> np.ndarray:
    return np.diff(data.matrix.indptr)


def _per_item(data: Dataset) -> np.ndarray:
    return np.bincount(data.matrix.indices, minlength=data.n_items)
