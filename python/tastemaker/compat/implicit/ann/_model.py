"""What the three wrappers have in common."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from tastemaker._validation import check_choice, friendly
from tastemaker.compat.implicit._arguments import thread_count
from tastemaker.compat.implicit.ann._index import GraphIndex, Settings
from tastemaker.compat.implicit.cpu.matrix_factorization_base import MatrixFactorizationBase, unit
from tastemaker.compat.implicit.recommender_base import RecommenderBase
from tastemaker.errors import UnsupportedError
from tastemaker.models._outputs import Ranked


class IndexedModel(RecommenderBase):
    """A factorisation that recommends from an index of its item factors.

    Parameters
    ----------
    model : MatrixFactorizationBase
    approximate_similar_items, approximate_recommend : bool, default True
        Whether to build an index for that method; without one it asks the model. Only with ``index="usearch"``.
    index : {"exact", "usearch"}, default "exact"
        "exact" asks the model, which is fast enough up to millions of items (``docs/move-from-implicit.md`` has the
        figures) and needs no building. "usearch" builds a graph and may miss items (``pip install tastemaker[ann]``).

    Attributes
    ----------
    recommend_index, similar_items_index : object, or None where the model answers
    """

    def __init__(
        self,
        model: MatrixFactorizationBase,
        approximate_similar_items: bool,
        approximate_recommend: bool,
        index: str,
        settings: Settings,
    ) -> None:
        self.model = model
        self.approximate_similar_items = approximate_similar_items
        self.approximate_recommend = approximate_recommend
        self.index = check_choice("index", index, ("exact", "usearch"))
        self.recommend_index: GraphIndex | None = None
        self.similar_items_index: GraphIndex | None = None
        self._settings = settings

    @friendly
    def fit(self, Cui: Any, show_progress: bool = True, callback: Any = None) -> None:
        """Train the model and build the indexes; see the model's ``fit``."""
        self.model.fit(Cui, show_progress, callback)
        self.build()

    def build(self) -> None:
        """Build the indexes of a model that is trained."""
        if self.index == "exact":
            return
        factors = self.model._of("items")
        threads = thread_count(self.model.num_threads)
        if self.approximate_recommend:
            self.recommend_index = GraphIndex(factors, self._settings, threads)
        if self.approximate_similar_items:
            self.similar_items_index = GraphIndex(unit(factors), self._settings, threads)

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
        if self.recommend_index is None or items is not None:
            return self.model.recommend(
                userid, user_items, N, filter_already_liked_items, filter_items, recalculate_user, items
            )
        request = self.model._to_recommend(
            userid, user_items, N, filter_already_liked_items, filter_items, recalculate_user, None
        )
        return self.recommend_index.answer(request)

    recommend.__doc__ = RecommenderBase.recommend.__doc__

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
        if self.similar_items_index is None or items is not None:
            return self.model.similar_items(itemid, N, recalculate_item, item_users, filter_items, items)
        request = self.model._to_compare(itemid, N, recalculate_item, item_users, filter_items, None)
        return self.similar_items_index.answer(request)

    similar_items.__doc__ = RecommenderBase.similar_items.__doc__

    @friendly
    def similar_users(self, userid: Any, N: int = 10, filter_users: Any = None, users: Any = None) -> Ranked:
        """Raise: the model itself answers that."""
        self._refuse("similar_users", "self.model.similar_users")

    def save(self, file: Any) -> None:
        """Raise: save the model itself."""
        self._refuse("save", "self.model.save")

    @classmethod
    def load(cls, fileobj_or_path: Any) -> Self:
        """Raise: load the model itself."""
        cls._refuse("load", "cpu.als.AlternatingLeastSquares.load, and wrap what it returns")

    @classmethod
    def _refuse(cls, what: str, instead: str) -> NoReturn:
        raise UnsupportedError(f"`{cls.__name__}` cannot do {what}. Call {instead}.")
