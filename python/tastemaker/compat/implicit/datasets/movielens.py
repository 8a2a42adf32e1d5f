"""MovieLens."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import scipy.sparse as sp

from tastemaker import datasets
from tastemaker._validation import check_choice
from tastemaker.compat.implicit.datasets import _download

__all__ = ["generate_dataset", "get_movielens"]


def get_movielens(variant: str = "20m") -> tuple[np.ndarray, sp.csr_matrix]:
    """Return (titles, ratings); row i of the movies x users matrix is the film with MovieLens id i.

    Parameters
    ----------
    variant : {"20m", "10m", "1m", "100k"}
        "1m" and "100k" come from ``tastemaker.datasets.movielens``, the others from the cache of implicit.

    Returns
    -------
    titles : ndarray of str
    ratings : csr_matrix of float32
    """
    check_choice("variant", variant, ("20m", "10m", "1m", "100k"))
    if variant in ("20m", "10m"):
        titles, ratings = _download.read(f"movielens_{variant}.hdf5", "movie_user_ratings", "movie")
        return titles, ratings
    bundle: Any = datasets.movielens("1m" if variant == "1m" else "100k")
    data = bundle.dataset
    entries = data.matrix.tocoo()
    places = data.items.ids[entries.coords[1]], data.users.ids[entries.coords[0]]
    names = np.full(max(bundle.titles) + 1, "", dtype=object)
    names[list(bundle.titles)] = list(bundle.titles.values())
    return names, sp.csr_matrix((entries.data, places), dtype=np.float32)


def generate_dataset(path: Any, variant: str = "20m", outputpath: Any = ".") -> NoReturn:
    """Raise UnsupportedError."""
    _download.not_generated("movielens")
