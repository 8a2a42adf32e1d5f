"""Scores from sums over features: what a hybrid model answers once its embeddings are learned."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker._runtime import num_threads
from tastemaker._validation import as_csr, check_bool, check_choice, check_int
from tastemaker.errors import ArgumentError
from tastemaker.models._features import Features, SideName
from tastemaker.models._fitting import request
from tastemaker.models._inputs import NewUsers, Who, indices, is_scalar_id, new_users
from tastemaker.models._outputs import Output, Ranked, as_frame, frame_ids, ranked_frame
from tastemaker.models._representations import queries_of, standardized, with_ones
from tastemaker.models.base import Recommender
from tastemaker.retrieval import DenseScorer, Mask

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ColdUsers:
    """New users given by features, and perhaps by interactions too."""

    features: sp.csr_array
    interactions: Any


@dataclass(frozen=True)
class ColdWho(Who):
    """The new users of a call, who are known by features too."""

    queries: Array = field(kw_only=True)


class _Hybrid(Recommender):
    """A model whose users and items are weighted sums of the embeddings and biases of their features.

    A query is ``[q, 1, b_u]`` and an item ``[p, b_i, 1]``, so that their product is the score.
    """

    feature_weights: Mapping[str, float] | None
    user_embeddings_: Array
    item_embeddings_: Array
    user_biases_: Array
    item_biases_: Array
    user_features_: sp.csr_array
    item_features_: sp.csr_array
    user_layout_: Array  # whether there are indicators, and whether rows are normalised
    item_layout_: Array
    user_feature_names_: tuple[str, ...] | None
    item_feature_names_: tuple[str, ...] | None

    @abstractmethod
    def _fold_in_from(self, X: sp.csr_array, start: Array) -> Array:
        """Return representations of new users (embedding, then bias) learned from X and these starting points."""

    def _features_of(self, side: SideName) -> Features:
        matrix: sp.csr_array = getattr(self, f"{side}_features_")
        indicators, normalize = getattr(self, f"{side}_layout_") != 0
        names: tuple[str, ...] | None = getattr(self, f"{side}_feature_names_")
        return Features(side, matrix, matrix.shape[0] if indicators else 0, names, bool(normalize))

    def _represent(self, side: SideName, features: sp.csr_array) -> Array:
        """Return (rows x factors + 1): embeddings, then biases, summed over each row's features."""
        embeddings, biases = getattr(self, f"{side}_embeddings_"), getattr(self, f"{side}_biases_")
        both = np.hstack([embeddings, biases[:, None]])
        return np.ascontiguousarray(features @ both, dtype=np.float32)

    def _items(self) -> Array:
        if "item_representations" not in self._cache:
            self._cache["item_representations"] = self._represent("item", self.item_features_)
        items: Array = self._cache["item_representations"]
        return items

    def _users(self) -> Array:
        """Return the users' representations, without features of which training said nothing; rows may be zero."""
        if "user_representations" not in self._cache:
            self._cache["user_representations"] = self._represent("user", self._learned_features())
        users: Array = self._cache["user_representations"]
        return users

    def _learned_features(self) -> sp.csr_array:
        """Return the users' features that some user with interactions has: the others are still random numbers."""
        active = (np.diff(self.seen_.indptr) > 0).astype(np.float32)
        learned = (abs(self.user_features_).T @ active) > 0
        if learned.all():
            return self.user_features_
        features = self.user_features_.copy()
        features.data = features.data * learned[features.indices]
        features.eliminate_zeros()
        return features

    def _scorer(self) -> DenseScorer:
        return DenseScorer(with_ones(self._items()))

    def _queries(self, rows: np.ndarray | None) -> Array:
        if "queries" not in self._cache:
            known = np.diff(self._learned_features().indptr) > 0
            self._cache["queries"] = queries_of(self._users(), known)
        queries: Array = self._cache["queries"]
        return queries if rows is None else queries[rows]

    def _fold_in(self, X: sp.csr_array) -> Array:
        start = np.zeros((X.shape[0], self.item_embeddings_.shape[1] + 1), np.float32)
        return queries_of(self._fold_in_from(X, start), np.diff(X.indptr) > 0)

    def _item_vectors(self) -> Array:
        return np.ascontiguousarray(self._items()[:, :-1])

    def _user_vectors(self) -> Array:
        return np.ascontiguousarray(self._users()[:, :-1])

    @request
    def recommend(
        self,
        users: Any = None,
        n: int = 10,
        *,
        user_features: Any = None,
        exclude_seen: bool = True,
        allow: Any = None,
        deny: Any = None,
        interactions: Any = None,
        titles: Any = None,
        output: Output = "auto",
        threads: int | None = None,
    ) -> Any:
        """Return the n best items for each user.

        Parameters
        ----------
        users, n, exclude_seen, allow, deny, titles, output, threads
            As in ``Recommender.recommend``.
        user_features : list, dict or sparse matrix, optional
            Recommend to *new* users, by their features: the names of one user's features, a dict name -> weight, or
            a row per user. Unknown names are ignored with a warning.
        interactions : optional
            Recommend to new users by what they did, as in ``Recommender.recommend``; with ``user_features``, one row
            each, by both.

        Returns
        -------
        frame, or (ids, scores)
            As in ``Recommender.recommend``.
        """
        if user_features is not None:
            rows = self._fitted()._features_of("user").rows(user_features, self.feature_weights)
            interactions = ColdUsers(rows, interactions)
        return super().recommend(
            users,
            n,
            exclude_seen=exclude_seen,
            allow=allow,
            deny=deny,
            interactions=interactions,
            titles=titles,
            output=output,
            threads=threads,
        )

    def _resolve(self, users: Any, interactions: Any) -> Who:
        if not isinstance(interactions, ColdUsers):
            return super()._resolve(users, interactions)
        if users is not None:
            raise ArgumentError(
                "`users` and `user_features` must not both be given: the features of known users are known."
            )
        rows = interactions.features.shape[0]
        given = NewUsers(as_csr("interactions", sp.csr_array((rows, self.n_items_))), None)
        if interactions.interactions is not None:
            given = new_users(interactions.interactions, self.items_, self.n_items_)
        new, labels = given.matrix, given.labels
        if new.shape[0] != rows:
            raise ArgumentError(
                f"`interactions` must be of the {rows} users of `user_features`, got {new.shape[0]} users."
            )
        if labels is None and rows > 1:
            labels = np.arange(rows)
        known = (np.diff(interactions.features.indptr) > 0) | (np.diff(new.indptr) > 0)
        start = self._represent("user", interactions.features)
        queries = queries_of(self._fold_in_from(new, start), known)
        return ColdWho(None, new, labels, labels is None, rows, queries=queries)

    def _lists(self, who: Who, n: int, **options: Any) -> Ranked:
        if not isinstance(who, ColdWho):
            return super()._lists(who, n, **options)
        exclude = self._excluded(who, options["exclude_seen"], options["denied"])
        ranked: Ranked = self._index().topn(
            who.queries, n, exclude=exclude, allowed=options["allowed"], threads=options["threads"]
        )
        return ranked

    @request
    def represent_items(self, item_features: Any) -> Array:
        """Return what stands for new items, by their features alone.

        Parameters
        ----------
        item_features : list, dict or sparse matrix
            The names of one item's features, a dict name -> weight, or a row per item.

        Returns
        -------
        ndarray of float32, (items, factors + 1)
            Embeddings, and in the last column biases. The score for a user is the product with the user's embedding
            plus the bias, plus the user's bias.
        """
        return self._represent("item", self._fitted()._new_items(None, item_features))

    @request
    def recommend_users(
        self,
        items: Any = None,
        n: int = 10,
        *,
        item_features: Any = None,
        exclude_seen: bool = True,
        output: Output = "auto",
        threads: int | None = None,
    ) -> Any:
        """Return the n users to whom each item means most: those to whom to show it.

        Scores of different users are not comparable, as ranking losses compare the items of one user. What counts here
        is how far the item's score stands above the mean of the user's scores of all items, in their standard
        deviations.

        Parameters
        ----------
        items : id or sequence of ids, optional
            Known items; None means all of them in order.
        n : int, default 10
            Length of each list, >= 1.
        item_features : list, dict or sparse matrix, optional
            Ask for *new* items instead, by their features, as in ``represent_items``.
        exclude_seen : bool, default True
            Leave out users who have interacted with the item.
        output, threads
            As in ``recommend``.

        Returns
        -------
        frame, or (ids, scores)
            As from ``recommend``, items and users exchanged; scores are those standard deviations.
        """
        ids, column = frame_ids(output, self._fitted().users_), self._source.item_column
        n, threads = check_int("n", n, low=1), num_threads(threads)
        exclude_seen = check_bool("exclude_seen", exclude_seen)
        if item_features is None:
            at = (
                np.arange(self.n_items_)
                if items is None
                else indices("items", items, self.items_, self.n_items_)
            )
            features, single = self.item_features_[at], items is not None and is_scalar_id(items)
            seen = sp.csr_array(self.seen_[:, at].T) if exclude_seen else None
            labels = at if self.items_ is None else self.items_.take(at)
        else:
            features, seen = self._new_items(items, item_features), None
            labels, single = np.arange(features.shape[0]), features.shape[0] == 1
        vectors = with_ones(self._represent("item", features))
        vectors[np.diff(features.indptr) == 0] = 0  # nothing is known of them, so nobody likes them best
        scorer, known = self._audience()
        ranked: Ranked = scorer.topn(vectors, n, exclude=seen, allowed=known, threads=threads)
        if ids is None:
            return (ranked[0][0], ranked[1][0]) if single else ranked
        owners = None if single and item_features is not None else (column, labels)
        return ranked_frame(ranked, owners, self._source.user_column, ids, self._source.frame)

    def _audience(self) -> tuple[DenseScorer, Mask]:
        """Return what finds the users of items, and which of them have preferences."""
        if "audience" not in self._cache:
            users = standardized(self._queries(None), with_ones(self._items()))
            self._cache["audience"] = DenseScorer(users), users.any(axis=1).astype(np.uint8)
        audience: tuple[DenseScorer, Mask] = self._cache["audience"]
        return audience

    def _new_items(self, items: Any, item_features: Any) -> sp.csr_array:
        """Return the features of new items from a call that must not name known ones."""
        if items is not None:
            raise ArgumentError(
                "`items` and `item_features` must not both be given: the features of known items are known."
            )
        return self._features_of("item").rows(item_features, self.feature_weights)

    @request
    def explain(
        self,
        user: Any,
        item: Any = None,
        *,
        item_features: Any = None,
        by: Literal["item", "user"] = "item",
        titles: Any = None,
        output: Output = "auto",
    ) -> Any:
        """Return what each feature of the item (or of the user) adds to the score.

        Parameters
        ----------
        user : id
        item : id, optional
        item_features : list, dict or sparse matrix, optional
            Of a *new* item instead, as in ``represent_items``.
        by : {"item", "user"}
            Whose features share the score among them. The other side counts as a whole: its bias is one more row.
        titles
            Not used: what is explained by has names.
        output
            As in ``recommend``.

        Returns
        -------
        frame, or (features, contributions)
            Largest contribution first, with columns feature and contribution; they sum to the score. An indicator
            is called "this item" or "this user", the other side's bias "bias of the user" or "bias of the item". On
            a matrix, whose features have no names, column numbers, and -1 for the bias.
        """
        check_choice("by", by, ("item", "user"))
        ids = frame_ids(output, self._fitted().items_)
        if item_features is None:
            row, column, single = self._pairs(user, item)
            of_item = self.item_features_[column]
        else:
            row = indices("users", user, self.users_, self.n_users_)
            of_item = self._new_items(item, item_features)
            single = is_scalar_id(user) and of_item.shape[0] == 1
        if not single:
            raise ArgumentError("`user` and `item` of `explain` must be one id each; call it once per pair.")
        features = self._features_of(by)
        if by == "item":
            own, other = of_item, self._users()[row[0]]
        else:
            own, other = self._learned_features()[row], self._represent("item", of_item)[0]
        embeddings, biases = getattr(self, f"{by}_embeddings_"), getattr(self, f"{by}_biases_")
        parts = own.data * (embeddings[own.indices] @ other[:-1] + biases[own.indices])
        at, contributions = np.append(own.indices, -1), np.append(parts, other[-1])
        order = np.lexsort((at, -contributions))
        at, contributions = at[order], contributions[order].astype(np.float32)
        if ids is None:
            return at, contributions
        names = np.array([_called(features, int(k)) for k in at], dtype=object)
        return as_frame({"feature": names, "contribution": contributions}, self._source.frame)

    @request
    def feature_embeddings(self, side: SideName = "item") -> tuple[tuple[str, ...], Array]:
        """Return (names, embeddings) of the named features of a side, (features x factors)."""
        check_choice("side", side, ("item", "user"))
        features = self._fitted()._features_of(side)
        embeddings: Array = getattr(self, f"{side}_embeddings_")
        return features.named(), embeddings[features.indicators :]

    @request
    def similar_features(
        self, feature: str, n: int = 10, *, side: SideName = "item"
    ) -> tuple[np.ndarray, Array]:
        """Return the n features most like one: tags near a tag.

        Parameters
        ----------
        feature : str
            A name of a feature, as ``feature_embeddings`` lists them.
        n : int, default 10
        side : {"item", "user"}

        Returns
        -------
        (names, cosines) : (ndarray of str, ndarray of float32)
            Best first, the feature itself excluded.
        """
        names, embeddings = self.feature_embeddings(side)
        check_choice("feature", feature, names)
        unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), np.float32(1e-30))
        cosines = unit @ unit[names.index(feature)]
        order = np.lexsort((np.arange(len(names)), -cosines))
        best = order[order != names.index(feature)][: check_int("n", n, low=1)]
        return np.array(names, dtype=object)[best], cosines[best]


def _called(features: Features, column: int) -> str:
    if column < 0:
        return "bias of the user" if features.side == "item" else "bias of the item"
    if column < features.indicators:
        return f"this {features.side}"
    return features.names[column - features.indicators] if features.names is not None else str(column)
