"""Bayesian personalised ranking on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import check_int, friendly
from tastemaker.compat.implicit._arguments import check_callback, dtype_of
from tastemaker.compat.implicit.cpu._stochastic import _BPR, Stochastic, ones
from tastemaker.compat.implicit.cpu.matrix_factorization_base import Factors, Side
from tastemaker.compat.implicit.utils import check_csr
from tastemaker.models._sgd import Parameters
from tastemaker.models._training import TrainingState

__all__ = ["BayesianPersonalizedRanking"]


class BayesianPersonalizedRanking(Stochastic):
    """Matrix factorisation that ranks likes above other items; `tastemaker.BPR` at work.

    Parameters
    ----------
    factors : int, default 100
    learning_rate : float, default 0.01
    regularization : float, default 0.01
    dtype : dtype, default float32
        Of the factors. Training computes in float32 either way.
    iterations : int, default 100
    num_threads : int, default 0
        0 uses every CPU that the container allows; more than one share the factors without locks.
    verify_negative_samples : bool, default True
    random_state : int, RandomState, Generator or None

    Attributes
    ----------
    user_factors : ndarray (users, factors + 1)
        The last column is 1.
    item_factors : ndarray (items, factors + 1)
        The last column is the bias.
    """

    _saved: ClassVar[dict[str, type]] = {
        "regularization": float,
        "factors": int,
        "learning_rate": float,
        "verify_negative_samples": bool,
        "num_threads": int,
        "iterations": int,
    }
    _extra = 1

    @friendly
    def __init__(
        self,
        factors: int = 100,
        learning_rate: float = 0.01,
        regularization: float = 0.01,
        dtype: Any = np.float32,
        iterations: int = 100,
        num_threads: int = 0,
        verify_negative_samples: bool = True,
        random_state: Any = None,
    ) -> None:
        super().__init__(num_threads=num_threads)
        self.factors = factors
        self.learning_rate = learning_rate
        self.regularization = regularization
        self.dtype = dtype_of(dtype)
        self.iterations = iterations
        self.verify_negative_samples = verify_negative_samples
        self.random_state = random_state

    @friendly
    def fit(
        self, user_items: Any, show_progress: bool = True, callback: Callable[..., Any] | None = None
    ) -> None:
        """Train, from the present factors where there are any. Every stored value is a like.

        Parameters
        ----------
        user_items : sparse matrix
            Users x items.
        show_progress : bool, default True
        callback : callable, optional
            Called as ``callback(epoch, seconds, correct, skipped)``: how many likes score above an item drawn for them,
            and how many draws hit another like of the user. Both are measured after the epoch, on up to 20,000 likes,
            and scaled to all.
        """
        check_callback(callback)
        matrix = check_csr(user_items)
        matrix.data = np.ones_like(matrix.data)
        native = _BPR(
            factors=check_int("factors", self.factors, low=1),
            learning_rate=self.learning_rate,
            reg=self.regularization,
            sampler="popularity",
            verify_negatives=bool(self.verify_negative_samples),
            epochs=check_int("iterations", self.iterations, low=1),
        )

        def report(state: TrainingState) -> None:
            if callback is not None:
                callback(state.epoch - 1, state.seconds, *self._counts(matrix, state.epoch))

        self._train(native, matrix, show_progress, report)

    def _counts(self, likes: sp.csr_array, epoch: int) -> tuple[int, int]:
        """Return (correct, skipped) of an epoch, as its callback wants them."""
        rng = np.random.default_rng(epoch)
        size = min(likes.nnz, 20_000)
        at, other = rng.integers(likes.nnz, size=size), likes.indices[rng.integers(likes.nnz, size=size)]
        users = np.searchsorted(likes.indptr, at, side="right") - 1
        items = self._of("items")
        margins = ((items[likes.indices[at]] - items[other]) * self._of("users")[users]).sum(axis=1)
        drawn = sp.csr_array(
            (np.ones(size, np.float32), other, np.arange(size + 1)), shape=(size, likes.shape[1])
        )
        skipped = likes[users].multiply(drawn).sum(axis=1) > 0
        skipped &= bool(self.verify_negative_samples)
        each = likes.nnz / size
        return round(each * int((margins[~skipped] > 0).sum())), round(each * int(skipped.sum()))

    def _rows(self, rows: int, rng: np.random.Generator) -> Parameters:
        return Parameters.start(rows, self.factors, "descent", rng)

    def _split(self, side: Side, table: Factors) -> tuple[Factors, Factors]:
        return table[:, :-1], np.zeros(len(table)) if side == "users" else table[:, -1]

    def _joined(self, side: Side, factors: Factors, biases: Factors) -> Factors:
        return np.hstack([factors, ones(factors) if side == "users" else biases[:, None]])
