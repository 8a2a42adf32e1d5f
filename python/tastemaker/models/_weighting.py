"""What the similarities of neighbourhood models make of interactions before they are summed, and after.

A matrix here is *terms x things*: the things are compared by the terms that they share (items by their users; users by
their items). The compiled core sums ``c_ij = sum_u (f_u v_ui) (f_u v_uj)`` over the terms u; a similarity is a choice
of the values v, the factors f and the score that is made of c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._validation import CsrParts, csr_parts
from tastemaker.errors import DataError

Similarity: TypeAlias = Literal["cosine", "pearson", "tfidf", "bm25", "jaccard", "random_walk", "dot"]
Float32: TypeAlias = npt.NDArray[np.float32]
Float64: TypeAlias = npt.NDArray[np.float64]

SIMILARITIES = ("cosine", "pearson", "tfidf", "bm25", "jaccard", "random_walk", "dot")
POSITIVE_ONLY = {"tfidf", "bm25", "random_walk"}

#: The score of the core that each similarity ends in.
SCORES = {"tfidf": "cosine", "bm25": "product", "random_walk": "product", "dot": "product"}


@dataclass(frozen=True)
class Weighted:
    """Things ready to be compared: their values, and their own constants in the score."""

    parts: CsrParts  # terms x things; values None: all 1
    own: Float32 | None = None
    other: Float32 | None = None

    def matrix(self, factor: Float32 | None) -> sp.csr_array:
        """Return f_u v_ui as a float64 matrix."""
        indptr, indices, values, things = self.parts
        data = np.ones(len(indices)) if values is None else values.astype(np.float64)
        if factor is not None:
            data *= np.repeat(factor.astype(np.float64), np.diff(indptr))
        return sp.csr_array((data, indices, indptr), shape=(len(indptr) - 1, things))


@dataclass(frozen=True)
class Weighting:
    """A similarity with what it learned from the training data; weighs training and new things alike."""

    similarity: Similarity
    k1: float
    b: float
    alpha: float
    beta: float
    factor: Float32 | None  # f, one per term
    average_length: float  # read by "bm25" alone

    @classmethod
    def of(
        cls, X: sp.csr_array, similarity: Similarity, *, k1: float, b: float, alpha: float, beta: float
    ) -> Weighting:
        """Learn the factors of the terms from X, terms x things."""
        factor: Float64 | None = None
        if similarity in ("tfidf", "bm25"):
            # below 0 only for a term with every thing; the core squares it, and is faster without negative weights
            factor = np.abs(np.log(X.shape[1]) - np.log1p(np.diff(X.indptr)))
        elif similarity == "random_walk":
            factor = _power(X.sum(axis=1, dtype=np.float64), -alpha / 2)
        return cls(
            similarity,
            k1,
            b,
            alpha,
            beta,
            None if factor is None else factor.astype(np.float32),
            float(X.data.sum(dtype=np.float64)) / X.shape[1] if similarity == "bm25" else 0.0,
        )

    def weigh(self, name: str, X: sp.csr_array) -> Weighted:
        """Return the things of X ready to be compared; name is the caller's argument, for messages."""
        if self.similarity in POSITIVE_ONLY and X.nnz and X.data.min() <= 0:
            raise DataError(
                f"`{name}` must hold weights > 0 for similarity={self.similarity!r}, got {X.data.min()}. "
                "Drop the dislikes, or use 'cosine' or 'pearson', which take them as they are."
            )
        indptr, indices, values, things = csr_parts(X)
        pattern = self.similarity == "jaccard" or bool((X.data == 1).all())
        parts: CsrParts = (indptr, indices, None if pattern else values, things)
        if self.similarity == "tfidf" and not pattern:
            return Weighted((indptr, indices, np.sqrt(X.data), things))
        if self.similarity == "bm25":
            length = _core.SparseMatrix(parts).column_sums()
            norm = self.k1 * (1 - self.b + self.b * length / self.average_length)
            if pattern:  # the weight of an interaction is then its thing's alone
                own = ((self.k1 + 1) / (norm + 1)).astype(np.float32)
                return Weighted(parts, own, own)
            weight = (self.k1 + 1) * X.data / (norm[indices] + X.data)
            return Weighted((indptr, indices, weight.astype(np.float32), things))
        if self.similarity == "random_walk":
            degree = _core.SparseMatrix(parts).column_sums()
            own, other = (_power(degree, -e).astype(np.float32) for e in (self.alpha, self.beta))
            powers = None if pattern else np.power(X.data, np.float32(self.alpha))
            return Weighted((indptr, indices, powers, things), own, other)
        return Weighted(parts)

    @property
    def score(self) -> str:
        """Name of the core's score."""
        return SCORES.get(self.similarity, self.similarity)

    def compare(self, new: Weighted, known: Weighted, shrinkage: float) -> sp.csr_array:
        """Return the similarity of each new thing (row) to each known thing that shares a term with it."""
        left, right = new.matrix(self.factor), known.matrix(self.factor)
        sums = sp.coo_array(left.T @ right)
        i, j = sums.coords
        if self.score == "product":
            score = sums.data * _at(new.own, i) * _at(known.other, j)
        elif self.score == "jaccard":
            sizes, others = (np.bincount(m.indices, minlength=m.shape[1]) for m in (left, right))
            score = sums.data / (sizes[i] + others[j] - sums.data + shrinkage)
        else:
            (shift, norm), (other_shift, other_norm) = (
                _moments(m, self.score == "pearson") for m in (left, right)
            )
            score = (sums.data - shift[i] * other_shift[j]) / (norm[i] * other_norm[j] + shrinkage)
        result = sp.csr_array((score.astype(np.float32), (i, j)), shape=sums.shape)
        result.sort_indices()
        return result


def _power(degree: Float64, exponent: float) -> Float64:
    """Return degree ** exponent, and 0 for what has no interactions."""
    return np.power(degree, exponent, out=np.zeros(len(degree)), where=degree > 0, dtype=np.float64)


def _at(constants: Float32 | None, index: npt.NDArray[np.int32]) -> Float64 | float:
    return 1.0 if constants is None else constants[index].astype(np.float64)


def _moments(m: sp.csr_array, centred: bool) -> tuple[Float64, Float64]:
    """Return (what centring takes off the root of a product, length) of each column; infinite where nothing varies."""
    terms, things = m.shape
    squares = np.bincount(m.indices, weights=m.data**2, minlength=things)
    shift = np.bincount(m.indices, weights=m.data, minlength=things) / np.sqrt(terms) * centred
    rest = squares - shift**2
    return shift, np.where(rest > 1e-12 * squares, np.sqrt(np.maximum(rest, 0)), np.inf)


def keep_best(scores: sp.csr_array, n: int) -> sp.csr_array:
    """Return the n best entries of each row: score descending, then index ascending."""
    rows = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    order = np.lexsort((scores.indices, -scores.data, rows))
    place = np.empty(scores.nnz, dtype=np.int64)
    place[order] = np.arange(scores.nnz) - np.repeat(scores.indptr[:-1], np.diff(scores.indptr))
    kept = (place < n) & (scores.data != 0)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=scores.shape[0]))])
    return sp.csr_array((scores.data[kept], scores.indices[kept], indptr), shape=scores.shape)
