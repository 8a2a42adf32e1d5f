"""Neighbours of items and of users, the same for every model."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from tastemaker._runtime import num_threads
from tastemaker._validation import check_int, friendly
from tastemaker.data import IdMap
from tastemaker.models._fitting import Trainable
from tastemaker.models._inputs import indices, is_scalar_id
from tastemaker.models._outputs import Output, Ranked, frame_ids, ranked_frame
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

    @friendly
    def similar_items(
        self, items: Any, n: int = 10, *, output: Output = "auto", threads: int | None = None
    ) -> Any:
        """Return the n items most similar to each item, itself excluded.

        Parameters
        ----------
        items : id or sequence of ids
        n : int, default 10
        output, threads
            As in ``recommend``.

        Returns
        -------
        frame, or (ids, scores)
            As in ``recommend``; the answers are in a column ``similar_<item column>``.
        """
        self._require("similar_items")
        at = indices("items", items, self._fitted().items_, self.n_items_)
        ranked = self._neighbors("items", at, check_int("n", n, low=1), num_threads(threads))
        return self._similar(ranked, items, at, self.items_, self._source.item_column, output)

    @friendly
    def similar_users(
        self, users: Any, n: int = 10, *, output: Output = "auto", threads: int | None = None
    ) -> Any:
        """Return the n users most similar to each user, themselves excluded; as ``similar_items``."""
        self._require("similar_users")
        at = indices("users", users, self._fitted().users_, self.n_users_)
        ranked = self._neighbors("users", at, check_int("n", n, low=1), num_threads(threads))
        return self._similar(ranked, users, at, self.users_, self._source.user_column, output)

    def _similar(
        self, ranked: Ranked, asked: Any, at: np.ndarray, known: IdMap | None, column: str, output: Output
    ) -> Any:
        ids = frame_ids(output, known)
        if ids is not None:
            return ranked_frame(ranked, (column, ids.take(at)), f"similar_{column}", ids, self._source.frame)
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
