"""Naive twins of the neighbourhood models, dense and in float64, from their formulas; import nothing of ours.

X is terms x things: things (items) are compared by the terms (users) that they share. A matrix of similarities holds
NaN where a pair is no pair of neighbours: things that share no term, and a thing with itself.
"""

import numpy as np


def similarity(X, name, shrinkage=0.0, k1=1.2, b=0.75, alpha=1.0, beta=0.5):
    """Similarity of every pair of columns of X; row i holds what i's list is made of."""
    X = np.asarray(X, dtype=np.float64)
    formula = {
        "cosine": lambda: cosine(X, shrinkage),
        "pearson": lambda: cosine(X - X.mean(axis=0), shrinkage),
        "tfidf": lambda: cosine(np.sqrt(X) * idf(X)[:, None], shrinkage),
        "bm25": lambda: products(bm25(X, k1, b)),
        "jaccard": lambda: jaccard(X != 0, shrinkage),
        "random_walk": lambda: random_walk(X, alpha, beta),
        "dot": lambda: products(X),
    }
    S = formula[name]()
    pattern = (X != 0).astype(np.float64)
    S[pattern.T @ pattern == 0] = np.nan
    np.fill_diagonal(S, np.nan)
    return S


def products(W):
    return W.T @ W


def cosine(W, shrinkage):
    """0 where a column does not vary (its length is 0 up to rounding)."""
    length = np.sqrt((W**2).sum(axis=0))
    dead = length < 1e-6
    with np.errstate(invalid="ignore", divide="ignore"):
        S = products(W) / (np.outer(length, length) + shrinkage)
    S[dead] = 0
    S[:, dead] = 0
    return S


def idf(X):
    """Inverse document frequency of each term: things are the documents."""
    return np.log(X.shape[1]) - np.log1p((X != 0).sum(axis=1))


def bm25(X, k1, b):
    length = X.sum(axis=0)
    norm = k1 * (1 - b + b * length / length.mean())
    with np.errstate(invalid="ignore"):
        weight = np.where(X != 0, (k1 + 1) * X / (norm + X), 0)
    return weight * idf(X)[:, None]


def jaccard(P, shrinkage):
    both = products(P.astype(np.float64))
    size = P.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return both / (size[:, None] + size[None, :] - both + shrinkage)


def random_walk(X, alpha, beta):
    """P3alpha and RP3beta: item -> user to the power of alpha, times user -> item likewise, times d_j^-beta."""
    items = X.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        leave = np.where(X > 0, (X / items) ** alpha, 0)
        arrive = np.where(X > 0, (X / X.sum(axis=1, keepdims=True)) ** alpha, 0)
        return leave.T @ arrive * items**-beta


def best(S, n):
    """S with NaN for all but the n best of each row: score descending, then index ascending."""
    kept = np.full(S.shape, np.nan, dtype=S.dtype)
    for i, row in enumerate(S):
        order = sorted(np.flatnonzero(~np.isnan(row)), key=lambda j: (-row[j], j))[:n]
        kept[i, order] = row[order]
    return kept


def item_scores(X, S):
    """score(u, j) = sum_i x_ui s_ij."""
    return X @ np.nan_to_num(S)


def user_scores(X, S):
    """score(u, j) = sum_v s_uv x_vj."""
    return np.nan_to_num(S) @ X
