"""EASE: a linear item-item model with a closed form."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._runtime import available_memory
from tastemaker._validation import check_float, csr_parts
from tastemaker.errors import ModelFitError, NotEnoughMemoryError
from tastemaker.models._inverse import Square, invert
from tastemaker.models._outputs import Ranked
from tastemaker.models._similarity import Axis
from tastemaker.models._training import Training
from tastemaker.models.base import Recommender
from tastemaker.retrieval import TableScorer


class EASE(Recommender):
    """The linear model that best restores every user's items from their other items.

    With X users x items, B minimises ``|X - XB|^2 + reg |B|^2`` under ``diag(B) = 0`` and has a closed form:
    ``B = I - P diag(1 / diag(P))`` with ``P = (X'X + reg I)^-1``. A user's scores are their row of XB, so new users are
    folded in exactly as known ones. Often as accurate as any model where there are up to some ten thousand items;
    beyond, the memory (4 n_items^2 bytes) and the time (some n_items^3 operations) of ``fit`` forbid it.

    Parameters
    ----------
    reg : float, default 500
        Weight of the penalty, > 0: the larger, the smaller the weights of rare items. The paper's best values for
        data of 20 to 100 million interactions lie between 200 and 1000; less data wants less.

    Attributes
    ----------
    weights_ : ndarray of float32, (items, items)
        B. Entry (i, j) is what an interaction with i adds to the score of j; negative for items that exclude each
        other.

    Raises
    ------
    NotEnoughMemoryError
        By ``fit``, before anything is allocated.
    ModelFitError
        By ``fit``, when ``reg`` is so small that rounding makes X'X + reg I singular.

    Notes
    -----
    ``fit`` holds one dense matrix, 4 n_items^2 bytes, which X'X, its factor, P and B share. The inversion uses the
    threads that BLAS is set to, not ``threads``.

    References
    ----------
    Steck: Embarrassingly Shallow Autoencoders for Sparse Data. WWW 2019.

    Examples
    --------
    >>> import tastemaker as tm
    >>> from scipy.sparse import csr_array
    >>> X = csr_array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [0, 1, 1, 1]])
    >>> model = tm.EASE(reg=1).fit(X)
    >>> ids, scores = model.recommend(0, n=1)
    >>> ids
    array([2], dtype=int32)
    """

    abilities: ClassVar[frozenset[str]] = frozenset({"explain", "fold_in", "similar_items"})
    _learned = {"weights_": ("items", "items")}  # noqa: RUF012

    weights_: Square

    def __init__(self, *, reg: float = 500.0) -> None:
        self.reg = reg

    def _check_params(self) -> None:
        check_float("reg", self.reg, low=0, open_low=True)

    def _fit(self, X: sp.csr_array, run: Training) -> None:
        _check_memory(X.shape[1])
        for _ in run.epochs(1):
            G = np.empty((X.shape[1], X.shape[1]), dtype=np.float32)
            _core.ease_gram(_core.SparseMatrix(csr_parts(X)), G, run.threads)
            G.flat[:: len(G) + 1] += np.float32(self.reg)
            if not invert(G):
                raise ModelFitError(
                    f"`EASE` cannot invert X'X + reg I in float32 with reg={self.reg}. Raise `reg`, or scale the "
                    "weights down."
                )
            # Column j is divided by -P_jj; the diagonal, which is -1 then, is not part of the model.
            G /= -G.diagonal()
            np.fill_diagonal(G, 0)
            self.weights_ = G

    def _scorer(self) -> TableScorer:
        return TableScorer(self.weights_)

    def _queries(self, rows: np.ndarray | None) -> sp.csr_array:
        return self.seen_ if rows is None else self.seen_[rows]

    def _fold_in(self, X: sp.csr_array) -> sp.csr_array:
        return X

    def _explain(self, history: sp.csr_array, item: int) -> np.ndarray:
        contributions: np.ndarray = history.data * self.weights_[history.indices, item]
        return contributions

    def _neighbors(self, axis: Axis, at: np.ndarray, n: int, threads: int) -> Ranked:
        one = np.ones(len(at), np.float32)
        itself = sp.csr_array((one, at, np.arange(len(at) + 1)), shape=(len(at), len(self.weights_)))
        ranked: Ranked = self._index().topn(itself, n, exclude=itself, threads=threads)
        return ranked


def _check_memory(n_items: int) -> None:
    need, room = 4 * n_items**2, available_memory()
    if room is not None and need > room:
        raise NotEnoughMemoryError(
            f"`EASE` needs {need / 2**30:.1f} GiB for its {n_items} x {n_items} weights, and {room / 2**30:.1f} GiB "
            "are available. Leave out the rarest items, use a larger machine, or use KNN, which keeps few weights "
            "per item."
        )
