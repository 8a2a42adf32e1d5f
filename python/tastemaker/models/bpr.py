"""BPR: matrix factorisation that ranks likes above what was drawn at random."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._runtime import generator, num_threads
from tastemaker._validation import check_bool, check_choice, check_float, check_int, csr_parts
from tastemaker.models._biased import _Biased
from tastemaker.models._sgd import (
    Engine,
    Epoch,
    Parameters,
    Table,
    examples_of,
    fold_in,
    likes_of,
    popularity_of,
)

Array = npt.NDArray[np.float32]


class BPR(_Biased):
    """Matrix factorisation for rankings: Bayesian personalised ranking by stochastic gradient descent.

    Minimises ``sum weight log(1 + exp(score of another - score of the like)) + reg |parameters|^2`` over likes and,
    for each, another item drawn at random. A pair scores ``q.p + b_i``. Values above 0 are likes and their sizes
    weights; values below 0 are dislikes, which may be drawn as the other item.

    Parameters
    ----------
    factors : int, default 64
        Length of the factor vectors, >= 1.
    learning_rate : float, default 0.05
        > 0. Lower it when training diverges.
    reg : float, default 0.01
        L2 penalty of what an example touches, >= 0. Raise it against overfitting.
    sampler : {"uniform", "popularity"}
        How the other item is drawn: any item alike, or as often as it occurs. "popularity" learns more from each
        example and recommends less popular items.
    verify_negatives : bool, default True
        Never take a like of the user as the other item. Costs little and ranks better.
    epochs : int, default 30
        Passes over the likes, >= 1.
    deterministic : bool, default False
        Same result for any number of threads: examples are taken in batches that all look at the parameters of
        before. Otherwise threads share the parameters without locks, and only one thread gives reproducible results.
    rng : int, SeedSequence, Generator or None
        Source of the starting factors, of the order of the examples and of the draws.

    Attributes
    ----------
    user_factors_, item_factors_ : ndarray of float32, (users or items, factors)
    item_biases_ : ndarray of float32, (items,)
    user_biases_ : ndarray of float32, (users,)
        Zeros: a user's bias changes no ranking.

    Raises
    ------
    ModelFitError
        By ``fit`` and ``partial_fit``, when parameters stop being finite; the last good epoch stays.

    References
    ----------
    Rendle, Freudenthaler, Gantner, Schmidt-Thieme: BPR: Bayesian Personalized Ranking from Implicit Feedback. UAI 2009.

    Examples
    --------
    >>> import tastemaker as tm
    >>> from scipy.sparse import csr_array
    >>> X = csr_array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1], [1, 0, 0, 0]])
    >>> model = tm.BPR(factors=4, epochs=300, deterministic=True, rng=0).fit(X)
    >>> model.recommend(4, n=1)[0]
    array([1], dtype=int32)
    """

    abilities: ClassVar[frozenset[str]] = frozenset(
        {"fold_in", "partial_fit", "similar_items", "similar_users"}
    )
    _name = "BPR"
    _optimizer = "descent"

    def __init__(
        self,
        *,
        factors: int = 64,
        learning_rate: float = 0.05,
        reg: float = 0.01,
        sampler: Literal["uniform", "popularity"] = "uniform",
        verify_negatives: bool = True,
        epochs: int = 30,
        deterministic: bool = False,
        rng: Any = None,
    ) -> None:
        self.factors = factors
        self.learning_rate = learning_rate
        self.reg = reg
        self.sampler = sampler
        self.verify_negatives = verify_negatives
        self.epochs = epochs
        self.deterministic = deterministic
        self.rng = rng

    def _check_params(self) -> None:
        check_int("factors", self.factors, low=1)
        check_float("learning_rate", self.learning_rate, low=0, open_low=True)
        check_float("reg", self.reg, low=0)
        check_choice("sampler", self.sampler, ("uniform", "popularity"))
        check_bool("verify_negatives", self.verify_negatives)
        check_int("epochs", self.epochs, low=1)
        check_bool("deterministic", self.deterministic)
        generator(self.rng)

    def _start(self, rows: int, rng: np.random.Generator) -> Parameters:
        return Parameters.start(rows, self.factors, self._optimizer, rng)

    def _epochs_of(self, X: sp.csr_array, tables: list[Table], seed: int) -> Epoch:
        return Engine(
            examples_of(X, "bpr", by_popularity=self.sampler == "popularity"),
            tables,
            [None, None],
            self._settings(),
            seed=seed,
            deterministic=self.deterministic,
        ).epoch

    def _settings(self) -> _core.SgdSettings:
        return _core.SgdSettings(
            loss="bpr",
            optimizer=self._optimizer,
            learning_rate=self.learning_rate,
            reg_user=self.reg,
            reg_item=self.reg,
            popularity=self.sampler == "popularity",
            verify=self.verify_negatives,
            user_bias=False,
        )

    def _fold_in_biased(self, X: sp.csr_array) -> Array:
        likes = likes_of(X)
        width = self.item_factors_.shape[1]
        users = Parameters.start(X.shape[0], width, self._optimizer, np.random.default_rng(0))
        users.embeddings[:] = 0
        items = np.hstack([self.item_factors_, self.item_biases_[:, None]])
        popularity = popularity_of(self.seen_) if self.sampler == "popularity" else None
        examples = _core.SgdExamples(csr_parts(likes), popularity)
        return fold_in(examples, users, items, self._settings(), self.epochs, num_threads())
