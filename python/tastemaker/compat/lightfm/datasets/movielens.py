"""MovieLens 100k."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker import datasets
from tastemaker._validation import check_bool, check_float
from tastemaker.errors import ArgumentError, UnsupportedError

__all__ = ["fetch_movielens"]

#: Ratings of each user in the test part, as in the files ua.base and ua.test that come with the set.
_held_out = 10


def fetch_movielens(
    data_home: Any = None,
    indicator_features: bool = True,
    genre_features: bool = False,
    min_rating: float = 0.0,
    download_if_missing: bool = True,
) -> dict[str, Any]:
    """Return MovieLens 100k, ten ratings of each user held out, by ``tastemaker.datasets.movielens``.

    Parameters
    ----------
    data_home : None
        Set the environment variable TASTEMAKER_DATA instead.
    indicator_features : bool, default True
        A feature for each film.
    genre_features : bool, default False
        A feature for each genre.
    min_rating : float, default 0.0
        Leave out lower ratings.
    download_if_missing : bool, default True

    Returns
    -------
    dict
        "train" and "test" (coo_matrix of int32, users x items, the ratings), "item_features" (csr_matrix),
        "item_feature_labels" and "item_labels" (ndarray of str).
    """
    indicators = check_bool("indicator_features", indicator_features)
    genres = check_bool("genre_features", genre_features)
    if not (indicators or genres):
        raise ArgumentError("`indicator_features` or `genre_features` must be True, got neither.")
    if data_home is not None:
        raise UnsupportedError(
            "`data_home` must be None. Set the environment variable TASTEMAKER_DATA instead."
        )
    bundle = datasets.movielens("100k", download=download_if_missing)
    train, test = _split(bundle.dataset.matrix, check_float("min_rating", min_rating))
    films = bundle.dataset.items.ids
    titles = np.array([bundle.titles.get(int(film), "") for film in films], dtype=object)
    own = sp.identity(len(films), format="csr", dtype=np.float32)
    parts: list[tuple[Any, np.ndarray]] = [(own, titles)] if indicators else []
    if genres:
        parts.append(_genres(bundle.dataset.item_features))
    return {
        "train": train,
        "test": test,
        "item_features": sp.csr_matrix(sp.hstack([matrix for matrix, _ in parts])),
        "item_feature_labels": np.concatenate([names for _, names in parts]),
        "item_labels": titles,
    }


def _split(ratings: sp.csr_array, min_rating: float) -> tuple[sp.coo_matrix, sp.coo_matrix]:
    """Return (train, test): the same ratings of each user at every call."""
    entries = ratings.tocoo()
    rows, columns = entries.coords
    order = np.lexsort((np.random.default_rng(0).random(entries.nnz), rows))
    held = np.empty(entries.nnz, bool)
    held[order] = np.arange(entries.nnz) - ratings.indptr[rows] < _held_out
    kept = entries.data >= min_rating
    train, test = (
        sp.coo_matrix((entries.data[part].astype(np.int32), (rows[part], columns[part])), shape=ratings.shape)
        for part in (kept & ~held, kept & held)
    )
    return train, test


def _genres(table: Any) -> tuple[sp.csr_array, np.ndarray]:
    """Return (items x genres) of ones and their names, out of all features of the items."""
    names = [name for name in table.names if name.startswith("genre")]
    columns = [table.n_indicators + table.names.index(name) for name in names]
    features = table.matrix[:, columns].copy()
    features.data[:] = 1
    return features, np.array([name.replace("=", ":", 1) for name in names], dtype=object)
