"""The interface of every recommender of the façade."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

from tastemaker._validation import warn
from tastemaker.errors import ModelFitError, UnsupportedError
from tastemaker.models._outputs import Ranked

__all__ = ["ModelFitError", "RecommenderBase"]


class RecommenderBase(ABC):
    """What a recommender does. Matrices are users x items; ids are row and column numbers from 0.

    Notes
    -----
    For one id the answer is two 1-d arrays, ids (int32) and scores, best first and at most N long. For a sequence of
    ids both are (len(ids), N); where candidates run out, ids hold -1 and scores the lowest float32.
    """

    @abstractmethod
    def fit(self, user_items: Any, show_progress: bool = True, callback: Any = None) -> None:
        """Train on a users x items CSR matrix.

        Parameters
        ----------
        user_items : sparse matrix
            A stored value says how much the user liked the item.
        show_progress : bool, default True
        callback : callable, optional
            Called after each epoch; its arguments are the model's.
        """

    @abstractmethod
    def recommend(
        self,
        userid: Any,
        user_items: Any,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: Any = None,
        recalculate_user: bool = False,
        items: Any = None,
    ) -> Ranked:
        """Return the N best items for each user.

        Parameters
        ----------
        userid : int or sequence of int
        user_items : sparse matrix
            One row for each user asked for: what that user has liked.
        N : int, default 10
        filter_already_liked_items : bool, default True
            Leave out what stands in the user's row of ``user_items``.
        filter_items : sequence of int, optional
            Leave these out, too.
        recalculate_user : bool, default False
            Work out the user from ``user_items`` instead of using what was stored in training.
        items : sequence of int, optional
            Rank only these. Not together with ``filter_items``.

        Returns
        -------
        (ids, scores)
            See the class.
        """

    @abstractmethod
    def similar_users(self, userid: Any, N: int = 10, filter_users: Any = None, users: Any = None) -> Ranked:
        """Return the N users most similar to each user, who is among them, first unless another equals them.

        Parameters
        ----------
        userid : int or sequence of int
        N : int, default 10
        filter_users, users : sequence of int, optional
            Leave these out; answer with these only.
        """

    @abstractmethod
    def similar_items(
        self,
        itemid: Any,
        N: int = 10,
        recalculate_item: bool = False,
        item_users: Any = None,
        filter_items: Any = None,
        items: Any = None,
    ) -> Ranked:
        """Return the N items most similar to each item; it is among them, first unless another equals it.

        Parameters
        ----------
        itemid : int or sequence of int
        N : int, default 10
        recalculate_item : bool, default False
            Work out the item from ``item_users``, one row for each item asked for.
        item_users : sparse matrix, optional
        filter_items, items : sequence of int, optional
            Leave these out; answer with these only.
        """

    @abstractmethod
    def save(self, file: Any) -> None:
        """Write the model to a ``.npz`` file in implicit's layout: a path, or a binary file open for writing."""

    @classmethod
    def load(cls, fileobj_or_path: Any) -> Self:
        """Return the model that ``save`` or implicit wrote; nothing in the file is executed."""
        raise UnsupportedError(f"`{cls.__name__}` cannot be loaded: it has no file format.")

    def rank_items(
        self, userid: Any, user_items: Any, selected_items: Any, recalculate_user: bool = False
    ) -> Ranked:
        """Return the selected items best first; deprecated in favour of ``recommend(items=...)``."""
        warn(
            "rank_items is deprecated: call recommend with items=selected_items.",
            DeprecationWarning,
        )
        return self.recommend(
            userid,
            user_items,
            N=max(1, len(selected_items)),
            filter_already_liked_items=False,
            recalculate_user=recalculate_user,
            items=selected_items,
        )
