"""Item-item nearest neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_csr, check_float, check_int, friendly
from tastemaker.compat._words import in_words
from tastemaker.compat.implicit import _files
from tastemaker.compat.implicit._arguments import (
    Asked,
    length_of,
    mask_of,
    rows_for,
    shaped,
    thread_count,
    words,
)
from tastemaker.compat.implicit._weights import bm25_weight, normalize, tfidf_weight
from tastemaker.compat.implicit.recommender_base import RecommenderBase
from tastemaker.compat.implicit.utils import check_csr
from tastemaker.errors import FormatError, NotFittedError, UnsupportedError
from tastemaker.models._outputs import Ranked
from tastemaker.models._weighting import keep_best
from tastemaker.models.knn import KNN
from tastemaker.retrieval import SparseScorer

__all__ = [
    "BM25Recommender",
    "CosineRecommender",
    "ItemItemRecommender",
    "NearestNeighboursScorer",
    "TFIDFRecommender",
    "all_pairs_knn",
    "bm25_weight",
    "normalize",
    "tfidf_weight",
]


class NearestNeighboursScorer:
    """Recommends what is similar to the items of a user.

    Parameters
    ----------
    similarity : csr_matrix (items, items)
        Row j holds the items similar to j.
    """

    def __init__(self, similarity: Any) -> None:
        size = similarity.shape[0]
        self._index = SparseScorer(as_csr("similarity", similarity, shape=(size, size)))

    @friendly
    def recommend(
        self,
        user_indptr: np.ndarray,
        user_indices: np.ndarray,
        user_data: np.ndarray,
        K: int = 10,
        remove_own_likes: bool = True,
    ) -> Ranked:
        """Return (ids, scores) of the K best items for one user, given as the parts of a CSR row."""
        size = self._index.table.shape[0]
        row = sp.csr_array((user_data, user_indices, user_indptr), shape=(len(user_indptr) - 1, size))
        liked = rows_for("user", row, 1, size)
        return self.best(liked, Asked.of("user", 0), check_int("K", K, low=1), None, remove_own_likes, None)

    def best(
        self,
        queries: sp.csr_array,
        asked: Asked,
        n: int,
        mask: np.ndarray | None,
        without_own: bool,
        threads: int | None,
    ) -> Ranked:
        """Return the answer of a call: the n items most similar to those of each row of queries."""
        count = max(1, min(n, self._index.table.shape[0]))
        exclude = queries if without_own else None
        ranked = self._index.topn(queries, count, exclude=exclude, allowed=mask, threads=threads)
        return shaped(ranked, n, asked, np.float64)


class ItemItemRecommender(RecommenderBase):
    """Recommends items similar to those of a user, by the inner product of their columns; `tastemaker.KNN` at work.

    Parameters
    ----------
    K : int, default 20
        Similar items kept for each item. The item itself is among them as long as its own inner product is.
    num_threads : int, default 0
        0 uses every CPU that the container allows.

    Attributes
    ----------
    similarity : csr_matrix of float64 (items, items), or None before ``fit``
        May be assigned.
    scorer : NearestNeighboursScorer, or None
    """

    @friendly
    def __init__(self, K: int = 20, num_threads: int = 0) -> None:
        self.K = K
        self.num_threads = num_threads
        self.similarity = None

    @property
    def similarity(self) -> Any:
        """The K most similar items of each item."""
        return self._similarity

    @similarity.setter
    def similarity(self, similarity: Any) -> None:
        self._similarity = similarity
        self.scorer = None if similarity is None else NearestNeighboursScorer(similarity)

    @friendly
    def fit(self, weighted: Any, show_progress: bool = True, callback: Any = None) -> None:
        """Find the most similar items of each item.

        Parameters
        ----------
        weighted : sparse matrix
            Users x items.
        show_progress : bool, default True
        callback
            Must be None: there are no epochs.
        """
        self._fit(weighted, KNN(similarity="dot"), lambda X: X, show_progress, callback)

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
        scorer, size = self._fitted()
        asked = Asked.of("userid", userid)
        liked = rows_for("user_items", user_items, len(asked.ids), size)
        mask = mask_of(("items", "filter_items"), items, filter_items, size)
        n, threads = length_of(N, mask, items), thread_count(self.num_threads)
        return scorer.best(liked, asked, n, mask, bool(filter_already_liked_items), threads)

    recommend.__doc__ = RecommenderBase.recommend.__doc__

    @friendly
    def similar_users(self, userid: Any, N: int = 10, filter_users: Any = None, users: Any = None) -> Ranked:
        """Raise: these models know no users."""
        raise UnsupportedError(
            f"`{type(self).__name__}` cannot do similar_users. tastemaker.KNN(axis='user') and "
            "AlternatingLeastSquares can."
        )

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
        if recalculate_item:
            raise UnsupportedError(
                f"`{type(self).__name__}` cannot do recalculate_item. AlternatingLeastSquares can."
            )
        scorer, size = self._fitted()
        asked = Asked.of("itemid", itemid, size)
        mask = mask_of(("items", "filter_items"), items, filter_items, size)
        count = len(asked.ids)
        one = sp.csr_array((np.ones(count), asked.ids, np.arange(count + 1)), shape=(count, size))
        return scorer.best(one, asked, length_of(N, mask, items), mask, False, thread_count(self.num_threads))

    similar_items.__doc__ = RecommenderBase.similar_items.__doc__

    def save(self, file: Any) -> None:
        """Write the model to a ``.npz`` file in implicit's layout, which implicit loads."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self._saved()}
        m = self.similarity
        if m is not None:
            values.update(shape=m.shape, data=m.data, indptr=m.indptr, indices=m.indices)
        _files.write(file, values)

    @classmethod
    def load(cls, fileobj_or_path: Any) -> Self:
        """Return the model of a file that ``save`` or implicit wrote; nothing in it is executed."""
        parts = ("data", "indices", "indptr", "shape")
        model = cls()
        values = _files.read(fileobj_or_path, (*model._saved(), *parts))
        for name, kind in model._saved().items():
            setattr(model, name, _files.take(values, name, kind, getattr(model, name)))
        if any(part in values for part in parts):
            model.similarity = _similarity_of(*(values.get(part) for part in parts))
        return model

    def _saved(self) -> dict[str, type]:
        """Return the parameters of a file with their types. implicit writes K only, and reads past the rest."""
        return {"K": int}

    def _fit(
        self,
        counts: Any,
        native: KNN,
        weigh: Callable[[Any], Any],
        show_progress: bool,
        callback: Any,
    ) -> None:
        """Keep the K best of what native finds and of each item with itself, by users x items weights."""
        if callback is not None:
            raise UnsupportedError(
                f"`callback` of `{type(self).__name__}` must be None: there are no epochs."
            )
        X = check_csr(counts)
        K = check_int("K", self.K, low=1)
        native.set_params(neighbors=K)
        with in_words(words):
            native.fit(X, progress=bool(show_progress), threads=thread_count(self.num_threads))
        self.similarity = _with_itself(native.similarity_, weigh(X), K)

    def _fitted(self) -> tuple[NearestNeighboursScorer, int]:
        if self.scorer is None or self.similarity is None:
            raise NotFittedError(
                f"This `{type(self).__name__}` is not fitted yet. Call fit(user_items) first."
            )
        return self.scorer, self.similarity.shape[0]


class CosineRecommender(ItemItemRecommender):
    """Recommends by the cosine of the items' columns; see ItemItemRecommender.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> from tastemaker.compat.implicit.nearest_neighbours import CosineRecommender
    >>> likes = csr_matrix([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]])
    >>> model = CosineRecommender(K=3)
    >>> model.fit(likes, show_progress=False)
    >>> ids, scores = model.similar_items(0, N=3)
    >>> ids, scores.round(2)
    (array([0, 1, 2], dtype=int32), array([1.  , 0.82, 0.5 ]))
    """

    @friendly
    def fit(self, counts: Any, show_progress: bool = True, callback: Any = None) -> None:
        self._fit(counts, KNN(similarity="cosine"), lambda X: normalize(X.T).T, show_progress, callback)

    fit.__doc__ = ItemItemRecommender.fit.__doc__


class TFIDFRecommender(ItemItemRecommender):
    """Recommends by the cosine of the items' tf-idf weighted columns; see ItemItemRecommender."""

    @friendly
    def fit(self, counts: Any, show_progress: bool = True, callback: Any = None) -> None:
        native = KNN(similarity="tfidf")
        self._fit(counts, native, lambda X: normalize(tfidf_weight(X.T)).T, show_progress, callback)

    fit.__doc__ = ItemItemRecommender.fit.__doc__


class BM25Recommender(ItemItemRecommender):
    """Recommends by the inner product of the items' BM25 weighted columns; see ItemItemRecommender.

    Parameters
    ----------
    K : int, default 20
    K1 : float, default 1.2
        Saturation of repeated interactions.
    B : float, default 0.75
        Normalisation by popularity, within [0, 1].
    num_threads : int, default 0
    """

    @friendly
    def __init__(self, K: int = 20, K1: float = 1.2, B: float = 0.75, num_threads: int = 0) -> None:
        super().__init__(K, num_threads)
        self.K1 = K1
        self.B = B

    @friendly
    def fit(self, counts: Any, show_progress: bool = True, callback: Any = None) -> None:
        K1, B = check_float("K1", self.K1, low=0), check_float("B", self.B, low=0, high=1)
        native = KNN(similarity="bm25", k1=K1, b=B)
        self._fit(counts, native, lambda X: bm25_weight(X.T, K1, B).T, show_progress, callback)

    fit.__doc__ = ItemItemRecommender.fit.__doc__

    def _saved(self) -> dict[str, type]:
        return {"K": int, "K1": float, "B": float}


def all_pairs_knn(
    users: Any, K: int = 100, num_threads: int = 0, show_progress: bool = True
) -> sp.coo_matrix:
    """Return the K largest inner products of each column of a users x items matrix with the columns, itself included.

    Returns
    -------
    coo_matrix of float64 (items, items)
    """
    model = ItemItemRecommender(K, num_threads)
    model.fit(users, show_progress)
    return sp.coo_matrix(model.similarity)


def _with_itself(similarity: sp.csr_array, weighted: Any, K: int) -> sp.csr_matrix:
    """Return the K best of each item's neighbours and itself, which counts with the square of its weights."""
    weighted = sp.csr_array(weighted)
    own = weighted.multiply(weighted).sum(axis=0)
    # A few roundings larger while the best are chosen: among duplicates an item keeps itself.
    preferred = (own * (1 + 4 * np.finfo(np.float32).eps)).astype(np.float32)
    full = sp.csr_array(similarity + sp.diags_array(preferred, format="csr"))
    full.sort_indices()
    best = keep_best(full, K)
    values = best.data.astype(np.float64)
    itself = best.indices == np.repeat(np.arange(len(own)), np.diff(best.indptr))
    values[itself] = own[best.indices[itself]]
    return sp.csr_matrix((values, best.indices, best.indptr), shape=best.shape)


def _similarity_of(data: Any, indices: Any, indptr: Any, shape: Any) -> sp.csr_matrix:
    """Return the checked similarity of a file."""
    arrays = [np.asarray(part) for part in (data, indices, indptr, shape)]
    if any(part.ndim != 1 for part in arrays) or len(arrays[3]) != 2 or arrays[3].dtype.kind not in "iu":
        raise FormatError("The file must hold `data`, `indices`, `indptr` and `shape` of a CSR matrix.")
    size = arrays[3].tolist()
    if size[0] != size[1] or len(arrays[2]) != size[0] + 1 or len(arrays[0]) != len(arrays[1]):
        raise FormatError("`data`, `indices`, `indptr` and `shape` of the file do not belong together.")
    broken: Any = sp.csr_matrix((size[0], size[1]), dtype=np.float64)
    broken.data, broken.indices, broken.indptr = arrays[:3]
    return sp.csr_matrix(as_csr("similarity", broken, shape=(size[0], size[0])).astype(np.float64))
