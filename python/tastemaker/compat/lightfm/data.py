"""Interactions and features from ids and names."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import check_finite, shown
from tastemaker.errors import DataError, NotFittedError

__all__ = ["Dataset"]

Places = dict[Any, int]


class Dataset:
    """Gives ids and feature names their places, and makes matrices of tuples; LightFM's interface.

    Parameters
    ----------
    user_identity_features, item_identity_features : bool, default True
        Give each user (item) a feature of its own, named by its id.

    Examples
    --------
    >>> from tastemaker.compat.lightfm.data import Dataset
    >>> dataset = Dataset()
    >>> dataset.fit(["ann", "bob"], ["alien", "emma"], item_features=["space", "love"])
    >>> interactions, weights = dataset.build_interactions([("ann", "alien"), ("bob", "emma", 2.0)])
    >>> dataset.build_item_features([("alien", ["space"]), ("emma", ["love"])]).toarray()
    array([[0.5, 0. , 0.5, 0. ],
           [0. , 0.5, 0. , 0.5]], dtype=float32)
    """

    def __init__(self, user_identity_features: bool = True, item_identity_features: bool = True) -> None:
        self._identity = {"user": user_identity_features, "item": item_identity_features}
        self._forget()

    def _forget(self) -> None:
        self._ids: dict[str, Places] = {"user": {}, "item": {}}
        self._features: dict[str, Places] = {"user": {}, "item": {}}

    def fit(
        self,
        users: Iterable[Any],
        items: Iterable[Any],
        user_features: Iterable[Any] | None = None,
        item_features: Iterable[Any] | None = None,
    ) -> None:
        """Place ids and names in the order in which they come, forgetting earlier ones.

        Parameters
        ----------
        users, items : iterable of ids
        user_features, item_features : iterable of names, optional
        """
        self._forget()
        self.fit_partial(users, items, user_features, item_features)

    def fit_partial(
        self,
        users: Iterable[Any] | None = None,
        items: Iterable[Any] | None = None,
        user_features: Iterable[Any] | None = None,
        item_features: Iterable[Any] | None = None,
    ) -> None:
        """Place new ids and names after those that are there; as ``fit`` otherwise."""
        for side, ids, names in (("user", users, user_features), ("item", items, item_features)):
            for one in ids or ():
                _place(self._ids[side], one)
                if self._identity[side]:
                    _place(self._features[side], one)
            for name in names or ():
                _place(self._features[side], name)

    def interactions_shape(self) -> tuple[int, int]:
        """Return (users, items)."""
        return len(self._ids["user"]), len(self._ids["item"])

    def build_interactions(self, data: Iterable[Any]) -> tuple[sp.coo_matrix, sp.coo_matrix]:
        """Return (interactions, weights) of tuples.

        Parameters
        ----------
        data : iterable of (user, item) or (user, item, weight)
            The weight is 1 by default.

        Returns
        -------
        interactions : coo_matrix of int32, (users, items)
            Ones; what comes twice stays twice.
        weights : coo_matrix of float32, (users, items)
            At the same places.
        """
        self._check_fitted()
        rows, columns, weights = [], [], []
        for entry in data:
            if len(entry) not in (2, 3):
                raise DataError(f"`data` must hold (user, item) or (user, item, weight), got {shown(entry)}.")
            rows.append(self._find("user", entry[0]))
            columns.append(self._find("item", entry[1]))
            weights.append(entry[2] if len(entry) == 3 else 1.0)
        sizes = np.array(weights, np.float32)
        check_finite("data", sizes)
        places = np.array(rows, np.int32), np.array(columns, np.int32)
        ones = np.ones(len(sizes), np.int32)
        shape = self.interactions_shape()
        return sp.coo_matrix((ones, places), shape=shape), sp.coo_matrix((sizes, places), shape=shape)

    def user_features_shape(self) -> tuple[int, int]:
        """Return (users, their features)."""
        return len(self._ids["user"]), len(self._features["user"])

    def build_user_features(self, data: Iterable[Any], normalize: bool = True) -> sp.csr_matrix:
        """Return users x features.

        Parameters
        ----------
        data : iterable of (user, names) or (user, dict of name to weight)
        normalize : bool, default True
            Divide each row by the sum of its absolute weights.

        Returns
        -------
        csr_matrix of float32
        """
        return self._build("user", data, normalize)

    def item_features_shape(self) -> tuple[int, int]:
        """Return (items, their features)."""
        return len(self._ids["item"]), len(self._features["item"])

    def build_item_features(self, data: Iterable[Any], normalize: bool = True) -> sp.csr_matrix:
        """Return items x features; as ``build_user_features``."""
        return self._build("item", data, normalize)

    def model_dimensions(self) -> tuple[int, int]:
        """Return (features of users, features of items): the lengths of a model's embeddings."""
        return len(self._features["user"]), len(self._features["item"])

    def mapping(self) -> tuple[Places, Places, Places, Places]:
        """Return the places of users, features of users, items and features of items."""
        return self._ids["user"], self._features["user"], self._ids["item"], self._features["item"]

    def _check_fitted(self) -> None:
        if not all(self._ids.values()):
            raise NotFittedError("This `Dataset` knows no ids. Call fit(users, items) first.")

    def _find(self, side: str, one: Any) -> int:
        try:
            return self._ids[side][one]
        except (KeyError, TypeError):
            raise DataError(
                f"`data` must hold {side}s that fit or fit_partial got, got {shown(one)}. "
                f"Call fit_partial({side}s=...) with it."
            ) from None

    def _build(self, side: str, data: Iterable[Any], normalize: bool) -> sp.csr_matrix:
        entries = self._identities(side) + [entry for row in data for entry in self._entries(side, row)]
        rows, columns, weights = zip(*entries, strict=True) if entries else ((), (), ())
        values = np.array(weights, np.float32)
        check_finite("data", values)
        places = np.array(rows, np.int32), np.array(columns, np.int32)
        shape = len(self._ids[side]), len(self._features[side])
        matrix = sp.csr_matrix((values, places), shape=shape)
        return _normalized(side, matrix) if normalize else matrix

    def _identities(self, side: str) -> list[tuple[int, int, float]]:
        if not self._identity[side]:
            return []
        return [(at, self._features[side][one], 1.0) for one, at in self._ids[side].items()]

    def _entries(self, side: str, row: Any) -> Iterable[tuple[int, int, float]]:
        if len(row) != 2:
            raise DataError(f"`data` must hold ({side}, features), got {shown(row)}.")
        at, features = self._find(side, row[0]), row[1]
        weights = features if isinstance(features, Mapping) else dict.fromkeys(features, 1.0)
        for name, weight in weights.items():
            if name not in self._features[side]:
                raise DataError(
                    f"`data` must hold features that fit or fit_partial got, got {shown(name)}. "
                    f"Call fit_partial({side}_features=...) with it."
                )
            yield at, self._features[side][name], weight


def _place(places: Places, one: Hashable) -> None:
    places.setdefault(one, len(places))


def _normalized(side: str, matrix: sp.csr_matrix) -> sp.csr_matrix:
    sums = np.asarray(abs(matrix).sum(axis=1), dtype=np.float32).ravel()
    empty = np.flatnonzero(sums == 0)
    if len(empty):
        raise DataError(
            f"`data` must give every {side} a feature to be normalised, got none for {len(empty)} of {len(sums)} "
            f"(first: row {empty[0]}). Use {side}_identity_features=True or normalize=False."
        )
    matrix.data /= np.repeat(sums, np.diff(matrix.indptr))
    return matrix
