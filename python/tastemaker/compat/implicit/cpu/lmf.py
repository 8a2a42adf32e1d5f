"""Logistic matrix factorisation on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from tastemaker._validation import check_int, friendly
from tastemaker.compat.implicit._arguments import check_callback, dtype_of
from tastemaker.compat.implicit.cpu._stochastic import Stochastic, _LogisticMF, ones
from tastemaker.compat.implicit.cpu.matrix_factorization_base import Factors, Side
from tastemaker.compat.implicit.utils import check_csr
from tastemaker.models._sgd import Parameters

__all__ = ["LogisticMatrixFactorization"]


class LogisticMatrixFactorization(Stochastic):
    """Matrix factorisation of the chance of a like; `tastemaker.LogisticMF` at work.

    Parameters
    ----------
    factors : int, default 30
    learning_rate : float, default 1.0
    regularization : float, default 0.6
    dtype : dtype, default float32
        Of the factors. Training computes in float32 either way.
    iterations : int, default 30
    neg_prop : int, default 30
        Negatives per like.
    num_threads : int, default 0
        0 uses every CPU that the container allows. Results do not depend on it.
    random_state : int, RandomState, Generator or None

    Attributes
    ----------
    user_factors : ndarray (users, factors + 2)
        The last columns are 1 and the bias.
    item_factors : ndarray (items, factors + 2)
        The last columns are the bias and 1.
    """

    _saved: ClassVar[dict[str, type]] = {
        "regularization": float,
        "factors": int,
        "learning_rate": float,
        "neg_prop": int,
        "num_threads": int,
        "iterations": int,
    }
    _extra = 2

    @friendly
    def __init__(
        self,
        factors: int = 30,
        learning_rate: float = 1.0,
        regularization: float = 0.6,
        dtype: Any = np.float32,
        iterations: int = 30,
        neg_prop: int = 30,
        num_threads: int = 0,
        random_state: Any = None,
    ) -> None:
        super().__init__(num_threads=num_threads)
        self.factors = factors
        self.learning_rate = learning_rate
        self.regularization = regularization
        self.dtype = dtype_of(dtype)
        self.iterations = iterations
        self.neg_prop = neg_prop
        self.random_state = random_state

    @friendly
    def fit(
        self, user_items: Any, show_progress: bool = True, callback: Callable[..., Any] | None = None
    ) -> None:
        """Train, from the present factors where there are any.

        Parameters
        ----------
        user_items : sparse matrix
            Users x items; values are weights of the likes.
        show_progress : bool, default True
        callback : callable, optional
            Called as ``callback(epoch, seconds)``.
        """
        check_callback(callback)
        matrix = check_csr(user_items)
        native = _LogisticMF(
            factors=check_int("factors", self.factors, low=1),
            learning_rate=self.learning_rate,
            reg=self.regularization,
            negatives_per_positive=check_int("neg_prop", self.neg_prop, low=0, high=10_000),
            epochs=check_int("iterations", self.iterations, low=1),
        )
        report = None if callback is None else lambda s: callback(s.epoch - 1, s.seconds)
        self._train(native, matrix, show_progress, report)

    def _rows(self, rows: int, rng: np.random.Generator) -> Parameters:
        both = rng.standard_normal((rows, self.factors + 1), dtype=np.float32)
        return Parameters(both[:, :-1].copy(), both[:, -1].copy(), np.zeros_like(both), both[:0])

    def _split(self, side: Side, table: Factors) -> tuple[Factors, Factors]:
        return table[:, :-2], table[:, -1 if side == "users" else -2]

    def _joined(self, side: Side, factors: Factors, biases: Factors) -> Factors:
        last = [ones(factors), biases[:, None]]
        return np.hstack([factors, *(last if side == "users" else last[::-1])])
