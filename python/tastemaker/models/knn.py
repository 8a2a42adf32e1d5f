"""Neighbourhood models: recommend what is similar to what a user has, or what similar users have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._validation import check_choice, check_float, check_int
from tastemaker.errors import ArgumentError, ModelFitError
from tastemaker.models._outputs import Ranked
from tastemaker.models._similarity import Axis
from tastemaker.models._training import Training
from tastemaker.models._weighting import SIMILARITIES, Similarity, Weighted, Weighting, keep_best
from tastemaker.models.base import Recommender
from tastemaker.retrieval import SparseScorer

#: Which similarities read a parameter; at any other it must keep its default.
_READ_BY = {
    "shrinkage": ("cosine", "pearson", "tfidf", "jaccard"),
    "k1": ("bm25",),
    "b": ("bm25",),
    "alpha": ("random_walk",),
    "beta": ("random_walk",),
}


class KNN(Recommender):
    """Item-based or user-based nearest neighbours, exact.

    Similarities are computed once, in ``fit``; each item (or user) keeps its ``neighbors`` most similar ones. With
    X users x items, ``axis="item"`` scores item j for user u as ``sum_i x_ui s_ij`` over the items i of the user's
    history, and ``axis="user"`` as ``sum_v s_uv x_vj`` over the users v most similar to u.

    Parameters
    ----------
    similarity : {"cosine", "pearson", "tfidf", "bm25", "jaccard", "random_walk", "dot"}, default "cosine"
        What s_ij is; see Notes.
    neighbors : int, default 50
        Neighbours kept per item (or user), >= 1; itself is never among them. Beyond some 50 accuracy hardly moves
        while memory and the time of ``recommend`` grow in proportion.
    shrinkage : float, default 0
        Added to the denominator, >= 0: the larger, the less a similarity that rests on few interactions counts.
        Of the order of the denominator itself. Not for "bm25", "random_walk" and "dot", which have no denominator.
    k1 : float, default 1.2
        BM25's saturation of repeated interactions, >= 0. 1.2 is the customary value [1]_.
    b : float, default 0.75
        BM25's normalisation by popularity, within [0, 1]. 0.75 is the customary value [1]_.
    alpha : float, default 1
        Exponent of the probabilities of the random walk's two steps, >= 0. 1 leaves them probabilities.
    beta : float, default 0.5
        Exponent of the degree that the random walk arrives at, >= 0: 0 is P3alpha [2]_, larger values (RP3beta [3]_)
        favour the long tail.
    axis : {"item", "user"}, default "item"
        Whose neighbours to find.

    Attributes
    ----------
    similarity_ : csr_array of float32, (items, items) or (users, users)
        Row i holds the neighbours of i; at most ``neighbors`` entries, none on the diagonal.

    Notes
    -----
    Written for items; for users, read X transposed. Only pairs that share a user are neighbours; a similarity of
    exactly 0 is not stored, negative ones are. With x_i the column of item i, N the number of items, n_u the number
    of items of user u:

    - cosine: ``x_i.x_j / (|x_i| |x_j| + shrinkage)``
    - pearson: the same for the columns minus their means over *all* users (missing is 0), so it is the entry of
      ``numpy.corrcoef`` on the dense matrix when shrinkage is 0. 0 for an item that everybody rates the same.
    - tfidf: the cosine of ``sqrt(x_ui) idf_u``, with ``idf_u = log N - log(1 + n_u)``: users that like everything
      say little. Weights must be > 0.
    - bm25: the dot product of ``idf_u (k1 + 1) x_ui / (k1 (1 - b + b l_i / l) + x_ui)``, where l_i is the sum of x_i
      and l its mean over the items. Weights must be > 0.
    - jaccard: ``n_ij / (n_i + n_j - n_ij + shrinkage)``, n counting users; weights are ignored.
    - random_walk: ``sum_u (x_ui / d_i)^alpha (x_uj / d_u)^alpha d_j^-beta``: from item i to a user, on to item j. A
      degree d is the sum of the weights (the number of interactions when all are 1). Weights must be > 0. On
      check-ins (Gowalla) alpha 0.9, beta 0.1 and 200 neighbours rank best.
    - dot: ``x_i.x_j``, for weights that are ready to be multiplied.

    The result does not depend on the number of threads: same bits.

    References
    ----------
    .. [1] Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
    .. [2] Cooper, Lee, Radinsky and Siantos, "Random walks in recommender systems", WWW 2014.
    .. [3] Christoffel, Paudel, Newell and Bernstein, "Blockbusters and wallflowers", RecSys 2015.

    Examples
    --------
    >>> import numpy as np
    >>> import scipy.sparse as sp
    >>> import tastemaker as tm
    >>> X = sp.csr_array(np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]], dtype=np.float32))
    >>> model = tm.KNN(neighbors=2).fit(X)
    >>> ids, scores = model.similar_items(0, n=2)
    >>> ids, scores.round(2)
    (array([1, 2], dtype=int32), array([1. , 0.5], dtype=float32))
    >>> model.recommend(0, n=1)[0]
    array([2], dtype=int32)
    """

    similarity_: sp.csr_array

    def __init__(
        self,
        *,
        similarity: Similarity = "cosine",
        neighbors: int = 50,
        shrinkage: float = 0.0,
        k1: float = 1.2,
        b: float = 0.75,
        alpha: float = 1.0,
        beta: float = 0.5,
        axis: Literal["item", "user"] = "item",
    ) -> None:
        self.similarity = similarity
        self.neighbors = neighbors
        self.shrinkage = shrinkage
        self.k1 = k1
        self.b = b
        self.alpha = alpha
        self.beta = beta
        self.axis = axis

    @property
    def abilities(self) -> frozenset[str]:  # type: ignore[override]  # here they depend on a parameter
        """What the model can do beyond recommend, score and rank; depends on the axis."""
        own = {"similar_users"} if self.axis == "user" else {"similar_items", "explain"}
        return frozenset({"fold_in", *own})

    @property
    def _learned(self) -> Mapping[str, tuple[str, ...]]:  # type: ignore[override]  # as above
        return {"similarity_": ("csr", self._things, self._things)}

    @property
    def _things(self) -> Axis:
        return "users" if self.axis == "user" else "items"

    def _check_params(self) -> None:
        check_choice("similarity", self.similarity, SIMILARITIES)
        check_int("neighbors", self.neighbors, low=1)
        check_float("shrinkage", self.shrinkage, low=0)
        check_float("k1", self.k1, low=0)
        check_float("b", self.b, low=0, high=1)
        check_float("alpha", self.alpha, low=0)
        check_float("beta", self.beta, low=0)
        check_choice("axis", self.axis, ("item", "user"))
        for name, readers in _READ_BY.items():
            default = self._defaults()[name]
            if self.similarity not in readers and getattr(self, name) != default:
                raise ArgumentError(
                    f"`{name}` of `KNN` must be left at {default} with similarity={self.similarity!r}, "
                    f"got {getattr(self, name)}. It is read by {', '.join(map(repr, readers))} only."
                )

    def _fit(self, X: sp.csr_array, run: Training) -> None:
        for _ in run.epochs(1):
            things, weighting = self._weighted(X)
            try:
                indptr, indices, scores = _core.knn_neighbours(
                    things.parts,
                    int(self.neighbors),
                    score=weighting.score,
                    shrinkage=float(self.shrinkage),
                    row_factor=weighting.factor,
                    own=things.own,
                    other=things.other,
                    threads=run.threads,
                )
            except _core.NumericalError as error:
                raise ModelFitError(
                    f"`KNN` cannot compare these weights: {error}. Scale them down."
                ) from error
            size = len(indptr) - 1
            self.similarity_ = sp.csr_array((scores, indices, indptr), shape=(size, size))
            self.similarity_.eliminate_zeros()

    def _weighted(self, X: sp.csr_array) -> tuple[Weighted, Weighting]:
        """Return the things to compare, from users x items interactions, and what weighs new ones like them."""
        oriented = self._oriented(X)
        weighting = Weighting.of(
            oriented, self.similarity, k1=self.k1, b=self.b, alpha=self.alpha, beta=self.beta
        )
        return weighting.weigh("data", oriented), weighting

    def _oriented(self, X: sp.csr_array) -> sp.csr_array:
        return sp.csr_array(X.T) if self.axis == "user" else X

    def _scorer(self) -> SparseScorer:
        return SparseScorer(self.seen_ if self.axis == "user" else self.similarity_)

    def _queries(self, rows: np.ndarray | None) -> sp.csr_array:
        queries = self.similarity_ if self.axis == "user" else self.seen_
        return queries if rows is None else queries[rows]

    def _fold_in(self, X: sp.csr_array) -> sp.csr_array:
        if self.axis == "item":
            return X
        if "known" not in self._cache:
            self._cache["known"] = self._weighted(self.seen_)
        known, weighting = self._cache["known"]
        new = weighting.weigh("interactions", self._oriented(X))
        return keep_best(weighting.compare(new, known, self.shrinkage), self.neighbors)

    def _explain(self, history: sp.csr_array, item: int) -> np.ndarray:
        similar = self.similarity_[history.indices][:, [item]].toarray().ravel()
        contributions: np.ndarray = history.data * similar
        return contributions

    def _neighbors(self, axis: Axis, at: np.ndarray, n: int, threads: int) -> Ranked:
        if "similar" not in self._cache:
            self._cache["similar"] = SparseScorer(self.similarity_)
        one = np.ones(len(at), np.float32)
        queries = sp.csr_array((one, at, np.arange(len(at) + 1)), shape=(len(at), self.similarity_.shape[0]))
        scorer: SparseScorer = self._cache["similar"]
        return scorer.topn(queries, n, threads=threads)
