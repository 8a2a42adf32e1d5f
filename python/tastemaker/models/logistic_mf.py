"""LogisticMF: matrix factorisation of the chance that a user likes an item."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._runtime import generator, num_threads
from tastemaker._validation import check_float, check_int, csr_parts
from tastemaker.errors import DataError
from tastemaker.models._biased import _Biased
from tastemaker.models._sgd import Epoch, Parameters, Table, likes_of, popularity_of

Array = npt.NDArray[np.float32]


class LogisticMF(_Biased):
    """Logistic matrix factorisation: the chance of a like is ``1 / (1 + exp(-(q.p + b_u + b_i)))``.

    Maximises ``sum_likes weight log chance + sum_negatives log(1 - chance) - reg / 2 |parameters|^2``, where negatives
    are items drawn as often as they occur. Users move by one Adagrad step along their whole gradient, then items.
    Dislikes (values below 0) count as unseen. Results do not depend on the number of threads.

    Parameters
    ----------
    factors : int, default 30
        Length of the factor vectors, >= 1.
    learning_rate : float, default 1.0
        > 0: the size of each parameter's first step. Lower it when training diverges.
    reg : float, default 0.6
        L2 penalty, >= 0. Raise it against overfitting.
    negatives_per_positive : int, default 30
        Negatives of a user (item) per like, >= 0. More tell better what is not liked, at a cost in proportion.
    max_negatives : int, optional
        At most so many negatives of a user (item), >= 0. Default: no limit.
    epochs : int, default 30
        Passes over users and items, >= 1.
    rng : int, SeedSequence, Generator or None
        Source of the starting factors and of the draws.

    Attributes
    ----------
    user_factors_, item_factors_ : ndarray of float32, (users or items, factors)
    user_biases_, item_biases_ : ndarray of float32, (users or items,)
    user_gradients_, item_gradients_ : ndarray of float32, (users or items, factors + 1)
        Sums of squared gradients, the biases' last.

    Raises
    ------
    ModelFitError
        By ``fit`` and ``partial_fit``, when parameters stop being finite; the last good epoch stays.

    References
    ----------
    Johnson: Logistic Matrix Factorization for Implicit Feedback Data. NIPS 2014 workshop.

    Examples
    --------
    >>> import tastemaker as tm
    >>> from scipy.sparse import csr_array
    >>> X = csr_array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1], [1, 0, 0, 0]])
    >>> model = tm.LogisticMF(factors=4, negatives_per_positive=2, rng=0).fit(X)
    >>> model.recommend(4, n=1)[0]
    array([1], dtype=int32)
    """

    abilities: ClassVar[frozenset[str]] = frozenset(
        {"fold_in", "partial_fit", "similar_items", "similar_users"}
    )
    _name = "LogisticMF"
    _optimizer = "adagrad"

    def __init__(
        self,
        *,
        factors: int = 30,
        learning_rate: float = 1.0,
        reg: float = 0.6,
        negatives_per_positive: int = 30,
        max_negatives: int | None = None,
        epochs: int = 30,
        rng: Any = None,
    ) -> None:
        self.factors = factors
        self.learning_rate = learning_rate
        self.reg = reg
        self.negatives_per_positive = negatives_per_positive
        self.max_negatives = max_negatives
        self.epochs = epochs
        self.rng = rng

    def _check_params(self) -> None:
        check_int("factors", self.factors, low=1)
        check_float("learning_rate", self.learning_rate, low=0, open_low=True)
        check_float("reg", self.reg, low=0)
        check_int("negatives_per_positive", self.negatives_per_positive, low=0, high=10_000)
        if self.max_negatives is not None:
            check_int("max_negatives", self.max_negatives, low=0)
        check_int("epochs", self.epochs, low=1)
        generator(self.rng)

    def _start(self, rows: int, rng: np.random.Generator) -> Parameters:
        """Return normal factors and biases, as the first steps are of the size of the learning rate."""
        both = rng.standard_normal((rows, self.factors + 1), dtype=np.float32)
        none = np.zeros((0, self.factors + 1), np.float32)
        return Parameters(both[:, :-1].copy(), both[:, -1].copy(), np.zeros_like(both), none)

    def _epochs_of(self, X: sp.csr_array, tables: list[Table], seed: int) -> Epoch:
        likes = likes_of(X)
        if likes.nnz == 0:
            raise DataError(
                "`data` must hold at least one like (a value > 0) for `LogisticMF`, got dislikes only."
            )
        users, items = tables
        matrices = likes, likes.T.tocsr()
        by_user, by_item = (_core.SgdMatrix(csr_parts(matrix)) for matrix in matrices)
        of_items, of_users = map(popularity_of, matrices)

        def run(epoch: int, threads: int) -> None:
            self._half_epoch(by_user, users, items, of_items, seed + 2 * epoch, threads)
            self._half_epoch(by_item, items, users, of_users, seed + 2 * epoch + 1, threads)

        return run

    def _half_epoch(
        self,
        likes: _core.SgdMatrix,
        table: Table,
        others: Table,
        popularity: _core.SgdPopularity,
        key: int,
        threads: int,
        *,
        by_row: bool = True,
    ) -> None:
        unlimited = np.iinfo(np.int64).max
        _core.logistic_half_epoch(
            likes,
            table.data,
            others.data,
            popularity,
            table.factors,
            learning_rate=self.learning_rate,
            reg=self.reg,
            negatives_per_positive=self.negatives_per_positive,
            max_negatives=unlimited if self.max_negatives is None else self.max_negatives,
            key=key,
            by_row=by_row,
            threads=threads,
        )

    def _fold_in_biased(self, X: sp.csr_array) -> Array:
        factors = self.item_factors_.shape[1]
        state = np.zeros((X.shape[0], factors + 1), np.float32)
        if X.nnz == 0:
            return state
        users = Table(Parameters(state[:, :-1], state[:, -1], state, state[:0]))
        items = Table(self._published()[1])
        likes = _core.SgdMatrix(csr_parts(likes_of(X)))
        popularity = popularity_of(likes_of(self.seen_))
        for epoch in range(self.epochs):
            self._half_epoch(likes, users, items, popularity, epoch, num_threads(), by_row=False)
        return users.data[:, : factors + 1].copy()
