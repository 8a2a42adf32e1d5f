"""What a split asks of a model: lists for its test users."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker.errors import ArgumentTypeError, DataError
from tastemaker.evaluation._lists import Lists
from tastemaker.models.base import Recommender
from tastemaker.splits import Split

# Users per call of a model: enough work for every thread, and lists of a few MB however many users there are.
_batch_users = 8192


@dataclass(frozen=True)
class Answers:
    """What a model gave the test users of a task; see Lists."""

    ids: np.ndarray
    ranks: np.ndarray | None
    seconds: float  # that the lists took


@dataclass(frozen=True)
class Task:
    """The test users of a split: those with at least one relevant item."""

    split: Split
    exclude_seen: bool
    rows: np.ndarray  # of split.test
    truth: sp.csr_array  # one row per test user; a stored entry is a relevant item

    @classmethod
    def of(cls, split: Any, exclude_seen: bool) -> Task:
        if not isinstance(split, Split):
            raise ArgumentTypeError(
                f"`split` must be a Split, got {type(split).__name__}. Make one with tastemaker.splits, "
                "for example splits.leave_last(data)."
            )
        liked = split.test.matrix.copy()
        liked.data = (liked.data > 0).astype(np.float32)  # a dislike is not a relevant item
        liked.eliminate_zeros()
        rows = np.flatnonzero(np.diff(liked.indptr)).astype(np.int32)
        if not len(rows):
            raise DataError(
                "`split` must have test interactions of positive weight, got none. Make its test part larger."
            )
        return cls(split, exclude_seen, rows, liked[rows])

    @property
    def users(self) -> np.ndarray:
        """Ids of the test users."""
        return self.split.test.users.take(self.rows)

    def ask(self, model: Recommender, n: int, *, ranks: bool, threads: int) -> Answers:
        """Return a model's lists of n items, and the places of the relevant ones if wanted."""
        seconds = 0.0
        lists, places = [], []
        for batch in self._batches():
            start = time.perf_counter()
            lists.append(self._topn(model, batch, n, threads))
            seconds += time.perf_counter() - start
            if ranks:
                places.append(self._ranks(model, batch, threads))
        return Answers(np.concatenate(lists), np.concatenate(places) if ranks else None, seconds)

    def lists(self, answers: Answers) -> Lists:
        """Return a model's answers with what is known of the users."""
        return Lists(answers.ids, self.truth, answers.ranks, *self._users)

    @cached_property
    def _users(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Candidates, activity and taste of each user; see Lists."""
        known = _ones_like(self.split.known.matrix[self.rows])
        activity = np.diff(known.indptr).astype(np.int64)
        repeated = known.multiply(self.truth).sum(axis=1)
        excluded = (activity - repeated) * self.exclude_seen
        train = self.split.train.matrix
        popularity = np.bincount(train.indices, minlength=train.shape[1])
        taste = (known @ popularity) / np.maximum(activity, 1)
        return (known.shape[1] - excluded).astype(np.int32), activity, taste

    def _batches(self) -> Iterator[slice]:
        return (slice(at, at + _batch_users) for at in range(0, len(self.rows), _batch_users))

    def _topn(self, model: Recommender, batch: slice, n: int, threads: int) -> np.ndarray:
        rows = self.rows[batch]
        known = self.split.known.matrix[rows]
        exclude = known if self.exclude_seen else None
        if self.split.history is None:
            lists = model._topn(rows, None, n, exclude=exclude, threads=threads)
        else:
            model._require("fold_in")
            lists = model._topn(None, known, n, exclude=exclude, threads=threads)
        ids: np.ndarray = lists[0]
        return ids

    def _ranks(self, model: Recommender, batch: slice, threads: int) -> np.ndarray:
        """Return the mean place of each relevant item, and those of its score, among all that may be recommended."""
        rows, truth = self.rows[batch], self.truth[batch]
        known = self.split.known.matrix[rows]
        queries = model._queries(rows) if self.split.history is None else model._fold_in(known)
        exclude = _without(known, truth) if self.exclude_seen else None
        users = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(truth.indptr))
        scorer = model._index()
        ranks: np.ndarray = scorer.mean_rank(queries, users, truth.indices, exclude=exclude, threads=threads)
        return ranks

    def check_fitted_on_train(self, name: str, model: Recommender) -> None:
        """Raise where a fitted model cannot have been fitted on the split's training part alone."""
        train = self.split.train.matrix
        if model.seen_.shape != train.shape:
            got, want = (" x ".join(map(str, shape)) for shape in (model.seen_.shape, train.shape))
            raise DataError(
                f"`{name}` must be fitted on split.train ({want}), but it was fitted on {got} (users x items). "
                "Pass it unfitted and it will be fitted here."
            )
        if self.split.history is not None:
            return  # the test users are in nobody's training part
        leaked = self._known_answers(model.seen_) - self._known_answers(train)
        if leaked > 0:
            raise DataError(
                f"`{name}` must be fitted on split.train, but it was fitted on data that holds {leaked} of the "
                f"{self.truth.nnz} test interactions. Pass it unfitted and it will be fitted here."
            )

    def _known_answers(self, seen: sp.csr_array) -> int:
        return int(self.truth.multiply(seen[self.rows]).nnz)


def _without(known: sp.csr_array, truth: sp.csr_array) -> sp.csr_array:
    """Return the entries of known that are not in truth, as ones."""
    ones = _ones_like(known)
    rest = sp.csr_array(ones - ones.multiply(truth))
    rest.eliminate_zeros()
    rest.sort_indices()
    return rest


def _ones_like(matrix: sp.csr_array) -> sp.csr_array:
    return sp.csr_array((np.ones(matrix.nnz, np.float32), matrix.indices, matrix.indptr), matrix.shape)
