"""What a split asks of a model: lists for its test users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker.errors import ArgumentTypeError, DataError
from tastemaker.evaluation._beyond import auc_of_ranks
from tastemaker.models.base import Recommender
from tastemaker.splits import Split

# Users per call of a model: enough work for every thread, and lists of a few MB however many users there are.
_batch_users = 8192


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

    def batches(self) -> Iterator[slice]:
        return (slice(at, at + _batch_users) for at in range(0, len(self.rows), _batch_users))

    def recommend(self, model: Recommender, batch: slice, n: int, threads: int) -> np.ndarray:
        """Return the lists of one batch of test users as item indices."""
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

    def known(self, batch: slice) -> sp.csr_array:
        """Return the history of one batch of test users."""
        return self.split.known.matrix[self.rows[batch]]

    def auc(self, model: Recommender, batch: slice, served: np.ndarray, threads: int) -> np.ndarray:
        """Return each user's exact AUC over all items that may be recommended; 0.5 where not served."""
        truth, known = self.truth[batch], self.known(batch)
        queries = model._queries(self.rows[batch]) if self.split.history is None else model._fold_in(known)
        exclude = _without(known, truth) if self.exclude_seen else None
        users = np.repeat(np.arange(truth.shape[0], dtype=np.int32), np.diff(truth.indptr))
        ranks = model._index().rank(queries, users, truth.indices, exclude=exclude, threads=threads)
        excluded = 0 if exclude is None else np.diff(exclude.indptr)
        figures = auc_of_ranks(ranks, truth, np.full(truth.shape[0], truth.shape[1]) - excluded)
        return np.where(served, figures, 0.5)

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
    ones = sp.csr_array((np.ones(known.nnz, np.float32), known.indices, known.indptr), known.shape)
    rest = sp.csr_array(ones - ones.multiply(truth))
    rest.eliminate_zeros()
    rest.sort_indices()
    return rest
