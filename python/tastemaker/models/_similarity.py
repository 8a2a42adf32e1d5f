"""Neighbours of items and of users, the same for every model."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from tastemaker._runtime import num_threads
from tastemaker._validation import check_int
from tastemaker.models._fitting import Trainable, request
from tastemaker.models._inputs import indices, is_scalar_id
from tastemaker.models._outputs import Output, Ranked, frame_ids, ranked_frame
from tastemaker.models._titles import titles_of
from tastemaker.retrieval import DenseScorer

Axis: TypeAlias = Literal["items", "users"]


class Comparable(Trainable):
    """A model that may know which items, and which users, are alike."""

    def _item_vectors(self) -> np.ndarray:
        """Return (items x factors) vectors whose cosine says how similar two items are."""
        raise NotImplementedError

    def _user_vectors(self) -> np.ndarray:
        """Return (users x factors) vectors whose cosine says how similar two users are."""
        raise NotImplementedError

    @request
    def similar_items(
        self,
        items: Any,
        n: int = 10,
        *,
        titles: Any = None,
        output: Output = "auto",
        threads: int | None = None,
    ) -> Any:
        """Return the n items most similar to each item, itself excluded.

        Parameters
        ----------
        items : id or sequence of ids
        n : int, default 10
        titles, output, threads
            As in ``recommend``; titles are those of the answers.

        Returns
        -------
        frame, or (ids, scores)
            As in ``recommend``; the answers are in a column ``similar_<item column>``.
        """
        self._require("similar_items")
        at = indices("items", items, self._fitted().items_, self.n_items_)
        ids = frame_ids(output, self.items_)
        column = self._source.item_column
        names = titles_of(titles, column, ids)
        ranked = self._neighbors("items", at, check_int("n", n, low=1), num_threads(threads))
        if ids is None:
            return self._arrays(ranked, items)
        owners = (column, ids.take(at))
        return ranked_frame(ranked, owners, f"similar_{column}", ids, self._source.frame, names)

    @request
    def similar_users(
        self, users: Any, n: int = 10, *, output: Output = "auto", threads: int | None = None
    ) -> Any:
        """Return the n users most similar to each user, themselves excluded; as ``similar_items``."""
        self._require("similar_users")
        at = indices("users", users, self._fitted().users_, self.n_users_)
        ids = frame_ids(output, self.users_)
        column = self._source.user_column
        ranked = self._neighbors("users", at, check_int("n", n, low=1), num_threads(threads))
        if ids is None:
            return self._arrays(ranked, users)
        return ranked_frame(ranked, (column, ids.take(at)), f"similar_{column}", ids, self._source.frame)

    @staticmethod
    def _arrays(ranked: Ranked, asked: Any) -> Ranked:
        return (ranked[0][0], ranked[1][0]) if is_scalar_id(asked) else ranked

    def _neighbors(self, axis: Axis, at: np.ndarray, n: int, threads: int) -> Ranked:
        """Return (ids, scores) of the nearest neighbours by cosine; models with their own similarity override."""
        if axis not in self._cache:
            vectors = self._item_vectors() if axis == "items" else self._user_vectors()
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            unit = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
            self._cache[axis] = (unit, DenseScorer(unit))
        unit, scorer = self._cache[axis]
        itself = sp.csr_array(
            (np.ones(len(at), np.float32), at, np.arange(len(at) + 1)), shape=(len(at), len(unit))
        )
        ranked: Ranked = scorer.topn(unit[at], n, exclude=itself, allowed=None, threads=threads)
        return ranked
