"""Bayesian personalised ranking on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from tastemaker._validation import check_int, friendly
from tastemaker.compat.implicit.cpu._stochastic import _BPR, Stochastic, ones
from tastemaker.compat.implicit.cpu.matrix_factorization_base import Factors
from tastemaker.compat.implicit.utils import check_csr
from tastemaker.models._sgd import Parameters

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
        self.dtype = np.dtype(dtype)
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
            Called as ``callback(epoch, seconds, correct, skipped)``; the last two are None, as nothing counts them.
        """
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
        report = None if callback is None else lambda s: callback(s.epoch - 1, s.seconds, None, None)
        self._train(native, matrix, show_progress, report)

    def _rows(self, rows: int, rng: np.random.Generator) -> Parameters:
        return Parameters.start(rows, self.factors, "descent", rng)

    def _split(self, side: str, table: Factors) -> tuple[Factors, Factors]:
        return table[:, :-1], np.zeros(len(table)) if side == "user" else table[:, -1]

    def _joined(self, side: str, factors: Factors, biases: Factors) -> Factors:
        return np.hstack([factors, ones(factors) if side == "user" else biases[:, None]])
