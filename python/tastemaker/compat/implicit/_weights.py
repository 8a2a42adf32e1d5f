"""The weightings of the nearest-neighbour models. Rows are documents, columns are terms."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp


def tfidf_weight(X: Any) -> sp.coo_matrix:
    """Return ``sqrt(x) * idf``, with ``idf = log N - log(1 + n)`` for a term that n of N documents have.

    Examples
    --------
    >>> from scipy.sparse import coo_matrix
    >>> from tastemaker.compat.implicit.nearest_neighbours import tfidf_weight
    >>> tfidf_weight(coo_matrix([[4, 0], [1, 0], [0, 0], [0, 1]])).toarray().round(2)
    array([[0.58, 0.  ],
           [0.29, 0.  ],
           [0.  , 0.  ],
           [0.  , 0.69]])
    """
    X = sp.coo_matrix(X, dtype=np.float64)
    return _with_values(X, np.sqrt(X.data) * _idf(X)[X.col])


def normalize(X: Any) -> sp.coo_matrix:
    """Return X with rows of length 1; a row without entries stays empty.

    Examples
    --------
    >>> from scipy.sparse import coo_matrix
    >>> from tastemaker.compat.implicit.nearest_neighbours import normalize
    >>> normalize(coo_matrix([[3, 4], [0, 0]])).toarray()
    array([[0.6, 0.8], [0. , 0. ]])
    """
    X = sp.coo_matrix(X, dtype=np.float64)
    length = np.sqrt(np.bincount(X.row, weights=X.data**2, minlength=X.shape[0]))
    return _with_values(X, np.divide(X.data, length[X.row], out=np.zeros(X.nnz), where=length[X.row] > 0))


def bm25_weight(X: Any, K1: float = 100, B: float = 0.8) -> sp.coo_matrix:
    """Return ``x (K1 + 1) / (K1 (1 - B + B l / mean l) + x) * idf``; l is the sum of a document, idf as in tf-idf.

    Examples
    --------
    >>> from scipy.sparse import coo_matrix
    >>> from tastemaker.compat.implicit.nearest_neighbours import bm25_weight
    >>> bm25_weight(coo_matrix([[4, 0], [1, 0], [0, 0], [0, 1]])).toarray().round(2)
    array([[0.49, 0.  ],
           [0.39, 0.  ],
           [0.  , 0.  ],
           [0.  , 0.94]])
    """
    X = sp.coo_matrix(X, dtype=np.float64)
    length = np.bincount(X.row, weights=X.data, minlength=X.shape[0])
    norm = K1 * (1 - B + B * length / length.mean())
    return _with_values(X, X.data * (K1 + 1) / (norm[X.row] + X.data) * _idf(X)[X.col])


def _idf(X: sp.coo_matrix) -> np.ndarray:
    idf: np.ndarray = np.log(X.shape[0]) - np.log1p(np.bincount(X.col, minlength=X.shape[1]))
    return idf


def _with_values(X: sp.coo_matrix, values: np.ndarray) -> sp.coo_matrix:
    return sp.coo_matrix((values, (X.row, X.col)), shape=X.shape)
