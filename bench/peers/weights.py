"""Item weights whose products are the similarities, by their formulas: x of item i and user u.

cosine  x / |x_i|
tfidf   t / |t_i|,  t = sqrt(x) idf_u
bm25    x (k1 + 1) / (k1 L_i + x) idf_u,  L_i = 1 - b + b (sum of x_i) / (mean sum)
with idf_u = log(items) - log(1 + items of u), k1 = 1.2, b = 0.75.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

K1, B = 1.2, 0.75


def weighted(train: sp.csr_matrix, similarity: str, dtype: type = np.float32) -> sp.csr_matrix:
    """Return W (items x users); the similarity of two items is the product of their rows."""
    by_item = train.T.tocsr().astype(dtype)
    x, users = by_item.data, by_item.indices
    items = np.repeat(np.arange(by_item.shape[0]), np.diff(by_item.indptr))
    if similarity == "bm25":
        sums = np.bincount(items, x, by_item.shape[0])
        length = 1 - B + B * sums / sums.mean()
        w = x * (K1 + 1) / (K1 * length[items] + x) * _idf(train)[users]
    else:
        w = x if similarity == "cosine" else np.sqrt(x) * _idf(train)[users]
        norms = np.sqrt(np.bincount(items, w.astype(np.float64) ** 2, by_item.shape[0]))
        w = w / norms[items]
    return sp.csr_matrix((w.astype(dtype), users, by_item.indptr), shape=by_item.shape)


def _idf(train: sp.csr_matrix) -> np.ndarray:
    idf: np.ndarray = np.log(train.shape[1]) - np.log1p(np.diff(train.indptr))
    return idf
