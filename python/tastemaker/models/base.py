"""The contract of every model: recommend, score, rank, compare and explain, the same for all."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from tastemaker import _modelfile
from tastemaker._runtime import num_threads
from tastemaker._validation import check_bool, check_int, warn
from tastemaker.data import IdMap
from tastemaker.errors import ArgumentError, DataWarning
from tastemaker.models._blending import BlendScorer
from tastemaker.models._filters import allowed_items, denied_items
from tastemaker.models._fitting import request
from tastemaker.models._inputs import Who, indices, is_scalar_id, new_users
from tastemaker.models._outputs import Output, Ranked, as_frame, frame_ids, ranked_frame
from tastemaker.models._saving import arrays_of, facts_of
from tastemaker.models._similarity import Comparable
from tastemaker.models._titles import Titles, put_titles, titles_of
from tastemaker.retrieval import DenseScorer, SparseScorer, TableScorer

Queries: TypeAlias = "np.ndarray | sp.csr_array | dict[str, Any]"
Scorer: TypeAlias = "DenseScorer | SparseScorer | TableScorer | BlendScorer"


class Recommender(Comparable):
    """Base class of every model.

    A model scores items for users; everything else follows from the scores. Results are ordered by score
    descending, then by index ascending, and never depend on the number of threads.
    """

    @abstractmethod
    def _scorer(self) -> Scorer:
        """Return what scores queries against all items; built once per fit."""

    @abstractmethod
    def _queries(self, rows: np.ndarray | None) -> Queries:
        """Return the queries of known users (None: all): dense (n x factors), sparse (n x table rows) or by member."""

    def _fold_in(self, X: sp.csr_array) -> Queries:
        """Return the queries of new users from their interactions (n x items)."""
        raise NotImplementedError

    def _explain(self, history: sp.csr_array, item: int) -> np.ndarray:
        """Return what each entry of a user's history (1 x items) adds to the score of item, in its order."""
        raise NotImplementedError

    @request
    def recommend(
        self,
        users: Any = None,
        n: int = 10,
        *,
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
        users : id or sequence of ids, optional
            Known users; None means all of them in order. On a matrix, row numbers.
        n : int, default 10
            Length of each list, >= 1. Lists are shorter where candidates run out.
        exclude_seen : bool, default True
            Leave out what the user has interacted with.
        allow : sequence of item ids, optional
            Only these may be recommended. An empty list allows nothing.
        deny : sequence of item ids, or dict user -> items, optional
            These are never recommended, to anybody or to the user named.
        interactions : optional
            Recommend to *new* users instead, by what they did; nothing is stored. A list of items or a dict
            item -> weight is one user; a dict user -> items, a Dataset or a sparse matrix (users x items of this
            model) is several. Items that the model does not know are ignored with a warning.
        titles : dict item id -> title, or frame, optional
            Adds a column "title" after the items. In a frame, the columns of items (named as in the training data
            or obviously) and of titles ("title", "name", ...) are recognised; items without a title have None.
        output : {"auto", "frame", "arrays"}
            "auto": a frame if the model was fitted on a Dataset, else arrays.
        threads : int, optional
            See ``tastemaker.num_threads``.

        Returns
        -------
        frame
            One row per recommendation: user, item (named as in the training data), rank from 1, score.
            Of the kind that the Dataset was made from.
        (ids, scores) : (ndarray of int32, ndarray of float32)
            Users x n (1-d for a single user); item indices and scores. Where fewer than n items are left, ids hold
            -1 and scores NaN.

        Raises
        ------
        UnknownIdError
            A user was not seen in training.
        UnsupportedError
            ``interactions`` given to a model without fold-in.
        """
        self._fitted()
        n, threads = check_int("n", n, low=1), num_threads(threads)
        ids = frame_ids(output, self.items_)
        names = titles_of(titles, self._source.item_column, ids)
        who = self._resolve(users, interactions)
        ranked = self._lists(
            who,
            n,
            exclude_seen=check_bool("exclude_seen", exclude_seen),
            allowed=allowed_items(allow, deny, self.items_, self.n_items_),
            denied=denied_items(deny, who, self.items_, self.n_items_),
            threads=threads,
        )
        if ids is not None:
            return self._framed(who, ranked, ids, names)
        return (ranked[0][0], ranked[1][0]) if who.single else ranked

    @request
    def recommend_batches(
        self,
        users: Any = None,
        n: int = 10,
        *,
        batch_size: int = 8192,
        exclude_seen: bool = True,
        allow: Any = None,
        deny: Any = None,
        titles: Any = None,
        output: Output = "auto",
        threads: int | None = None,
    ) -> Iterator[Any]:
        """Yield the lists of many users batch by batch, in constant memory.

        Parameters
        ----------
        batch_size : int, default 8192
            Users per batch: large enough to keep every thread busy, small enough that a batch is a few MB.
        users, n, exclude_seen, allow, deny, titles, output, threads
            As in ``recommend``.

        Yields
        ------
        frame, or (users, ids, scores)
            What ``recommend`` returns for the batch; arrays come with the users' indices first.
        """
        batch_size, n = check_int("batch_size", batch_size, low=1), check_int("n", n, low=1)
        exclude_seen, threads = check_bool("exclude_seen", exclude_seen), num_threads(threads)
        who = self._fitted()._resolve(users, None)
        ids = frame_ids(output, self.items_)
        # The arguments are read once, not for each batch.
        names = titles_of(titles, self._source.item_column, ids)
        allowed = allowed_items(allow, deny, self.items_, self.n_items_)
        denied = denied_items(deny, who, self.items_, self.n_items_)
        for start in range(0, who.size, batch_size):
            batch = who.part(start, start + batch_size)
            ranked = self._lists(
                batch,
                n,
                exclude_seen=exclude_seen,
                allowed=allowed,
                denied=None if denied is None else denied[start : start + batch_size],
                threads=threads,
            )
            yield (batch.rows, *ranked) if ids is None else self._framed(batch, ranked, ids, names)

    @request
    def score(self, users: Any, items: Any) -> Any:
        """Return the model's score of each (user, item) pair.

        Parameters
        ----------
        users, items : id or sequence of ids
            Pairs: two sequences of the same length, or one id against a sequence.

        Returns
        -------
        float or ndarray of float32
            Equal to the scores that ``recommend`` gives.
        """
        rows, items, single = self._pairs(users, items)
        unique, places = _unique(rows)
        scores = self._index().score(self._queries(unique), places, items)
        return float(scores[0]) if single else scores

    @request
    def rank(self, users: Any, items: Any, *, exclude_seen: bool = True, threads: int | None = None) -> Any:
        """Return the place of each item in its user's full list, from 1 (best).

        Parameters
        ----------
        users, items : id or sequence of ids
            Pairs, as in ``score``.
        exclude_seen : bool, default True
            Count only items that the user has not seen; the item of the pair always counts.
        threads : int, optional
            See ``tastemaker.num_threads``.

        Returns
        -------
        int or ndarray of int64
        """
        rows, items, single = self._pairs(users, items)
        unique, places = _unique(rows)
        exclude = self.seen_[unique] if check_bool("exclude_seen", exclude_seen) else None
        ranks = self._index().rank(
            self._queries(unique), places, items, exclude=exclude, threads=num_threads(threads)
        )
        return int(ranks[0]) if single else ranks

    @request
    def explain(self, user: Any, item: Any, *, titles: Any = None, output: Output = "auto") -> Any:
        """Return what each item of the user's history adds to the score of an item.

        Parameters
        ----------
        user, item : id
        titles, output
            As in ``recommend``; titles are those of the history.

        Returns
        -------
        frame, or (ids, contributions)
            History items, largest contribution first, with columns item and contribution. They sum to the score
            that the model gives the user's history when it is folded in.
        """
        self._require("explain")
        ids, column_name = frame_ids(output, self._fitted().items_), self._source.item_column
        names = titles_of(titles, column_name, ids)
        row, column, single = self._pairs(user, item)
        if not single:
            raise ArgumentError("`user` and `item` of `explain` must be one id each; call it once per pair.")
        history = self.seen_[row]
        contributions = self._explain(history, int(column[0]))
        order = np.lexsort((history.indices, -contributions))
        at, contributions = history.indices[order], contributions[order]
        if ids is None:
            return at, contributions
        columns = {column_name: ids.take(at)}
        put_titles(columns, column_name, names)
        return as_frame(columns | {"contribution": contributions}, self._source.frame)

    @request
    def fold_in(self, interactions: Any) -> Any:
        """Return what stands for new users in this model, from their interactions; nothing is stored.

        Parameters
        ----------
        interactions
            As in ``recommend``.

        Returns
        -------
        ndarray of float32 (users x factors), or csr_array
            Their factors; for item-item models the sparse rows that are multiplied with the weights. Of a blend, a
            dict of these by member.
        """
        self._require("fold_in")
        return self._fold_in(new_users(interactions, self._fitted().items_, self.n_items_).matrix)

    @request
    def save(self, path: str | os.PathLike[str], *, notes: Mapping[str, Any] | None = None) -> None:
        """Write the fitted model to one file without pickle; ``tastemaker.load`` reads it.

        Parameters
        ----------
        path : path-like
            Customarily ``*.safetensors``. An existing file is replaced only by a complete one.
        notes : mapping, optional
            What else the file should say of itself, as ``tastemaker.inspect`` shows it: metrics, the commit of the
            code that trained it. Anything that JSON can hold. Default: nothing.

        Raises
        ------
        NotFittedError, FileError, ArgumentTypeError
        """
        self._fitted()
        _modelfile.write(Path(path), facts_of(self, notes or {}), arrays_of(self))

    def _index(self) -> Any:
        """Return the cached scorer; its queries are whatever this model's ``_queries`` makes."""
        if "scorer" not in self._cache:
            self._cache["scorer"] = self._scorer()
        return self._cache["scorer"]

    def _topn(
        self,
        rows: np.ndarray | None,
        interactions: sp.csr_array | None,
        n: int,
        *,
        exclude: sp.csr_array | None,
        allowed: np.ndarray | None = None,
        threads: int,
    ) -> Ranked:
        """Return (ids, scores) for known users, or for new ones when interactions are given; indices only."""
        queries = self._queries(rows) if interactions is None else self._fold_in(interactions)
        ranked: Ranked = self._index().topn(queries, n, exclude=exclude, allowed=allowed, threads=threads)
        return ranked

    def _lists(
        self,
        who: Who,
        n: int,
        *,
        exclude_seen: bool,
        allowed: np.ndarray | None,
        denied: sp.csr_array | None,
        threads: int,
    ) -> Ranked:
        """Return (ids, scores) for the users of a call; warn of those who cannot be served."""
        exclude = self._excluded(who, exclude_seen, denied)
        ranked = self._topn(who.rows, who.new, n, exclude=exclude, allowed=allowed, threads=threads)
        self._warn_cold(who, ranked[0])
        return ranked

    def _framed(self, who: Who, ranked: Ranked, ids: IdMap, names: Titles | None) -> Any:
        owners = None if who.labels is None else (self._source.user_column, who.labels)
        return ranked_frame(ranked, owners, self._source.item_column, ids, self._source.frame, names)

    def _resolve(self, users: Any, interactions: Any) -> Who:
        if interactions is not None:
            if users is not None:
                raise ArgumentError(
                    "`users` and `interactions` must not both be given: `users` are known, `interactions` are new."
                )
            self._require("fold_in")
            new = new_users(interactions, self.items_, self.n_items_)
            return Who(None, new.matrix, new.labels, new.labels is None, new.matrix.shape[0])
        if users is None:
            labels = None if self.users_ is None else self.users_.ids
            return Who(None, None, labels, False, self.n_users_)
        rows = indices("users", users, self.users_, self.n_users_)
        labels = None if self.users_ is None else self.users_.take(rows)
        return Who(rows, None, labels, is_scalar_id(users), len(rows))

    def _excluded(self, who: Who, exclude_seen: bool, denied: sp.csr_array | None) -> sp.csr_array | None:
        """Return the items that each row must not get: what was seen, and what is denied to that user."""
        if not exclude_seen:
            return denied
        seen = who.new if who.new is not None else self.seen_ if who.rows is None else self.seen_[who.rows]
        return seen if denied is None else abs(seen) + denied

    def _warn_cold(self, who: Who, ids: np.ndarray) -> None:
        empty = ids[:, 0] < 0
        if who.new is not None or not empty.any():
            return
        cold = np.diff(self.seen_.indptr) == 0
        unserved = int((empty & (cold if who.rows is None else cold[who.rows])).sum())
        if unserved:
            warn(
                f"{unserved} of {who.size} users have no interactions in training and got no recommendations; "
                "Popular() serves such users.",
                DataWarning,
            )

    def _pairs(self, users: Any, items: Any) -> tuple[np.ndarray, np.ndarray, bool]:
        rows = indices("users", users, self._fitted().users_, self.n_users_)
        at = indices("items", items, self.items_, self.n_items_)
        if len(rows) != len(at) and 1 not in (len(rows), len(at)):
            raise ArgumentError(
                f"`users` and `items` must be pairs of the same length, got {len(rows)} and {len(at)}."
            )
        rows, at = (np.ascontiguousarray(side) for side in np.broadcast_arrays(rows, at))
        return rows, at, is_scalar_id(users) and is_scalar_id(items)


def _unique(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct rows, and where each row stands among them."""
    unique, places = np.unique(rows, return_inverse=True)
    return unique, places.astype(np.int32)
