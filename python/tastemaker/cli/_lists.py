"""Recommendations batch by batch, as columns of ids, titles, ranks and scores."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tastemaker.cli._ids import items_of, users_of
from tastemaker.data import Dataset
from tastemaker.errors import DataWarning
from tastemaker.models import Recommender
from tastemaker.models._titles import Titles, put_titles

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Batch:
    """The lists of some users: rows, how many users were asked for, how many got nothing."""

    rows: Columns
    users: int
    unserved: int


@dataclass(frozen=True)
class Lists:
    """What to recommend, and how rows of it look."""

    model: Recommender
    user_column: str
    item_column: str
    titles: Titles | None
    n: int
    batch_size: int
    options: dict[str, Any]  # exclude_seen, allow, deny

    def schema(self, users: np.ndarray) -> dict[str, Any]:
        """Return the dtype of each column of rows for such users."""
        empty = self._rows(users[:0], np.empty((0, 1), np.int32), np.empty((0, 1), np.float32))
        return {name: column.dtype for name, column in empty.items()}

    def known(self, users: list[Any] | None) -> Iterator[Batch]:
        """Yield the lists of known users; None for all."""
        ids = users_of(self.model)
        with _silent():
            for rows, items, scores in self.model.recommend_batches(
                users, self.n, batch_size=self.batch_size, output="arrays", **self.options
            ):
                yield self._batch(ids.take(rows), items, scores)

    def new(self, events: Dataset) -> Iterator[Batch]:
        """Yield the lists of users whom the model does not know, from what they did."""
        for start in range(0, events.n_users, self.batch_size):
            part = events.take_users(np.arange(start, min(start + self.batch_size, events.n_users)))
            items, scores = self.model.recommend(n=self.n, interactions=part, output="arrays", **self.options)
            yield self._batch(part.users.ids, items, scores)

    def _batch(self, users: np.ndarray, items: np.ndarray, scores: np.ndarray) -> Batch:
        unserved = int((items[:, 0] < 0).sum())
        return Batch(self._rows(users, items, scores), len(users), unserved)

    def _rows(self, users: np.ndarray, items: np.ndarray, scores: np.ndarray) -> Columns:
        found = items >= 0
        rows, places = np.nonzero(found)
        columns = {self.user_column: users[rows], self.item_column: items_of(self.model).take(items[found])}
        put_titles(columns, self.item_column, self.titles)
        return columns | {"rank": (places + 1).astype(np.int32), "score": scores[found]}


class _silent(warnings.catch_warnings):  # noqa: N801 - reads as a function
    """No warnings per batch of users without a list; they are counted."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.filterwarnings(
            "ignore", message=r"\d+ of \d+ users have no interactions", category=DataWarning
        )
