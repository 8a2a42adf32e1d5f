"""Recommendations and similarities from two matrices of factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker._validation import check_finite, friendly, shown, warn
from tastemaker.compat.implicit._arguments import (
    Asked,
    length_of,
    mask_of,
    max_size,
    rows_for,
    shaped,
    thread_count,
)
from tastemaker.compat.implicit.recommender_base import RecommenderBase
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, NotFittedError, UnsupportedError
from tastemaker.models._outputs import Ranked
from tastemaker.retrieval import DenseScorer

__all__ = ["MatrixFactorizationBase"]

Side: TypeAlias = Literal["users", "items"]
Factors: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class Request:
    """A call that is checked: the ids asked about, their vectors, the length of a list, what may not be in it."""

    asked: Asked
    queries: Factors
    n: int
    mask: np.ndarray | None
    exclude: sp.csr_array | None = None


class MatrixFactorizationBase(RecommenderBase):
    """A recommender that scores by the inner product of a user's and an item's factors.

    Parameters
    ----------
    num_threads : int, default 0
        Threads of every call; 0 uses every CPU that the container allows. Results do not depend on it.

    Attributes
    ----------
    user_factors, item_factors : ndarray (n, factors), or None before ``fit``
        May be assigned. Read-only as arrays: what is derived from them would not notice a change in place.
    user_norms, item_norms : ndarray (n,)
        Lengths of the factors; 1e-10 for a row of zeros.
    """

    def __init__(self, num_threads: int = 0) -> None:
        self.num_threads = num_threads
        self._factors: dict[Side, Factors | None] = {"users": None, "items": None}
        self._derived: dict[Side, dict[str, Any]] = {"users": {}, "items": {}}

    @property
    def user_factors(self) -> Factors | None:
        """Factors of the users, one row each; None before ``fit``."""
        return _read_only(self._factors["users"])

    @user_factors.setter
    def user_factors(self, factors: Any) -> None:
        self._set("users", "user_factors", factors)

    @property
    def item_factors(self) -> Factors | None:
        """Factors of the items, one row each; None before ``fit``."""
        return _read_only(self._factors["items"])

    @item_factors.setter
    def item_factors(self, factors: Any) -> None:
        self._set("items", "item_factors", factors)

    @property
    def user_norms(self) -> Factors:
        """Lengths of the users' factors."""
        return self._norms("users")

    @property
    def item_norms(self) -> Factors:
        """Lengths of the items' factors."""
        return self._norms("items")

    @friendly
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
        return self._answer(
            "items",
            self._to_recommend(
                userid, user_items, N, filter_already_liked_items, filter_items, recalculate_user, items
            ),
            self._scorer("items"),
        )

    recommend.__doc__ = RecommenderBase.recommend.__doc__

    @friendly
    def recommend_all(
        self,
        user_items: Any,
        N: int = 10,
        recalculate_user: bool = False,
        filter_already_liked_items: bool = True,
        filter_items: Any = None,
        users_items_offset: int = 0,
    ) -> np.ndarray:
        """Return the ids that ``recommend`` gives each row of user_items; deprecated in its favour.

        Row r is user ``r + users_items_offset``.
        """
        warn(
            "recommend_all is deprecated: call recommend with an array of user ids.",
            DeprecationWarning,
        )
        ids, _ = self.recommend(
            np.arange(user_items.shape[0]) + users_items_offset,
            user_items,
            N=N,
            recalculate_user=recalculate_user,
            filter_already_liked_items=filter_already_liked_items,
            filter_items=filter_items,
        )
        return ids

    def recalculate_user(self, userid: Any, user_items: Any) -> Factors:
        """Return factors worked out from interactions; not every model can."""
        raise UnsupportedError(f"`{type(self).__name__}` cannot do recalculate_user.")

    def recalculate_item(self, itemid: Any, item_users: Any) -> Factors:
        """Return factors worked out from interactions; not every model can."""
        raise UnsupportedError(f"`{type(self).__name__}` cannot do recalculate_item.")

    @friendly
    def similar_users(self, userid: Any, N: int = 10, filter_users: Any = None, users: Any = None) -> Ranked:
        factors = self._of("users")
        asked = Asked.of("userid", userid, len(factors))
        mask = mask_of(("users", "filter_users"), users, filter_users, len(factors))
        request = Request(asked, unit(factors[asked.ids]), length_of(N, mask, users), mask)
        return self._answer("users", request, self._scorer("users", cosine=True))

    similar_users.__doc__ = RecommenderBase.similar_users.__doc__

    @friendly
    def similar_items(
        self,
        itemid: Any,
        N: int = 10,
        recalculate_item: bool = False,
        item_users: Any = None,
        filter_items: Any = None,
        items: Any = None,
    ) -> Ranked:
        request = self._to_compare(itemid, N, recalculate_item, item_users, filter_items, items)
        return self._answer("items", request, self._scorer("items", cosine=True))

    similar_items.__doc__ = RecommenderBase.similar_items.__doc__

    def _set(self, side: Side, name: str, factors: Any) -> None:
        self._derived[side] = {}
        self._factors[side] = None if factors is None else _checked(name, factors)

    def _update(self, side: Side, ids: np.ndarray, rows: Factors) -> None:
        """Set rows in place where the matrix is long enough, so that an update costs no copy of all factors."""
        factors = self._of(side)
        size = max(len(factors), int(ids.max(initial=-1)) + 1)
        if size > len(factors) or not factors.flags.writeable:
            longer = np.zeros((size, factors.shape[1]), dtype=factors.dtype)
            longer[: len(factors)] = factors
            self._factors[side] = factors = longer
        factors[ids] = rows
        self._derived[side] = {}

    def _of(self, side: Side) -> Factors:
        factors = self._factors[side]
        if factors is None:
            raise NotFittedError(
                f"This `{type(self).__name__}` has no factors of {side}. Call fit(user_items) first."
            )
        return factors

    def _to_go_on(self, side: Side, rows: int, factors: int, extra: int = 0) -> Factors | None:
        """Return the present factors, from which a training with that many rows and columns goes on; None to start."""
        present = self._factors[side]
        if present is None:
            return None
        if present.shape[1] != factors + extra:
            raise ArgumentError(
                f"`factors` must be {present.shape[1] - extra}, as in the factors that fit goes on from, "
                f"got {factors}. Set user_factors and item_factors to None to start anew."
            )
        if len(present) > rows:
            raise DataError(
                f"`user_items` must have at least the {len(present)} {side} of the factors that fit goes on from, got "
                f"{rows}. Set user_factors and item_factors to None to start anew."
            )
        return present

    def _to_recommend(
        self,
        userid: Any,
        user_items: Any,
        N: int,
        filter_already_liked_items: bool,
        filter_items: Any,
        recalculate_user: bool,
        items: Any,
    ) -> Request:
        """Return what a call of ``recommend`` asks of the items."""
        size = len(self._of("items"))
        known = max_size if recalculate_user else len(self._of("users"))
        asked = Asked.of("userid", userid, known)
        mask = mask_of(("items", "filter_items"), items, filter_items, size)
        n = length_of(N, mask, items)
        liked = None
        if filter_already_liked_items or recalculate_user:
            liked = rows_for("user_items", user_items, len(asked.ids), size)
        queries = (
            self.recalculate_user(asked.ids, liked) if recalculate_user else self._of("users")[asked.ids]
        )
        return Request(asked, queries, n, mask, liked if filter_already_liked_items else None)

    def _to_compare(
        self,
        itemid: Any,
        N: int,
        recalculate_item: bool,
        item_users: Any,
        filter_items: Any,
        items: Any,
    ) -> Request:
        """Return what a call of ``similar_items`` asks of the items."""
        factors = self._of("items")
        asked = Asked.of("itemid", itemid, max_size if recalculate_item else len(factors))
        mask = mask_of(("items", "filter_items"), items, filter_items, len(factors))
        n = length_of(N, mask, items)
        queries = self.recalculate_item(asked.ids, item_users) if recalculate_item else factors[asked.ids]
        return Request(asked, unit(queries), n, mask)

    def _norms(self, side: Side) -> Factors:
        derived = self._derived[side]
        if "norms" not in derived:
            norms = np.linalg.norm(self._of(side), axis=1)
            derived["norms"] = np.where(norms > 0, norms, norms.dtype.type(1e-10))
        cached: Factors = derived["norms"]
        return cached

    def _scorer(self, side: Side, cosine: bool = False) -> DenseScorer:
        derived, name = self._derived[side], "cosine" if cosine else "product"
        if name not in derived:
            factors = self._of(side)
            derived[name] = DenseScorer(unit(factors) if cosine else factors)
        scorer: DenseScorer = derived[name]
        return scorer

    def _answer(self, side: Side, request: Request, scorer: DenseScorer) -> Ranked:
        count = max(1, min(request.n, len(self._of(side))))
        threads = thread_count(self.num_threads)
        ranked = scorer.topn(
            request.queries, count, exclude=request.exclude, allowed=request.mask, threads=threads
        )
        return shaped(ranked, request.n, request.asked, request.queries.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_derived": {"users": {}, "items": {}}}


def unit(vectors: Factors) -> Factors:
    """Return rows of length 1; a row of zeros stays."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows: Factors = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return rows


def _checked(name: str, factors: Any) -> Factors:
    array = np.asarray(factors)
    if array.dtype not in (np.float32, np.float64):
        raise ArgumentTypeError(
            f"`{name}` must be an array of float32 or float64, got {shown(factors)} of {array.dtype}."
        )
    if array.ndim != 2:
        raise ArgumentError(f"`{name}` must be 2-d, one row of factors each, got {array.ndim}-d.")
    check_finite(name, array)
    return array


def _read_only(factors: Factors | None) -> Factors | None:
    if factors is not None:
        factors = factors.view()
        factors.flags.writeable = False
    return factors
