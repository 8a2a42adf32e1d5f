"""Models of factors and biases, one row for each user and item: how they learn, and what they answer with."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker._runtime import generator
from tastemaker.errors import ModelFitError
from tastemaker.models._sgd import Epoch, Parameters, Table, another_seed, learn
from tastemaker.models._training import Training, kept
from tastemaker.models.base import Recommender
from tastemaker.retrieval import DenseScorer

Array = npt.NDArray[np.float32]


class _Biased(Recommender):
    """A pair scores ``q.p + b_u + b_i``: the product of a query ``[q, 1, b_u]`` with an item ``[p, b_i, 1]``."""

    _learned = {  # noqa: RUF012
        "user_factors_": ("users", "factors"),
        "item_factors_": ("items", "factors"),
        "user_biases_": ("users",),
        "item_biases_": ("items",),
        "user_gradients_": ("user gradients", "weights"),
        "item_gradients_": ("item gradients", "weights"),
    }

    _name: ClassVar[str]  # in messages; a subclass elsewhere speaks of it too
    _optimizer: ClassVar[str]
    factors: int
    learning_rate: float
    epochs: int
    rng: Any
    user_factors_: Array
    item_factors_: Array
    user_biases_: Array
    item_biases_: Array
    user_gradients_: Array
    item_gradients_: Array

    @abstractmethod
    def _start(self, rows: int, rng: np.random.Generator) -> Parameters:
        """Return the parameters of a side of which nothing was learned yet."""

    @abstractmethod
    def _epochs_of(self, X: sp.csr_array, tables: list[Table], seed: int) -> Epoch:
        """Return what improves the tables by an epoch over X."""

    @abstractmethod
    def _fold_in_biased(self, X: sp.csr_array) -> Array:
        """Return the factors, then the bias, of new users (n x factors + 1)."""

    def _fit(self, X: sp.csr_array, run: Training) -> None:
        rng = generator(self.rng)
        # Tables at once: who keeps the parameters too has them twice.
        tables = [Table(self._start(n, rng)) for n in X.shape]
        self._learn(X, run, tables, int(rng.integers(2**63)))

    def _partial_fit(self, X: sp.csr_array, run: Training) -> None:
        rng = generator(self.rng)
        sides = [self._start(n, rng) for n in X.shape]
        for side, before in zip(sides, self._published(), strict=True):
            before.check_goes_on(self._name, self.factors, self._optimizer)
            side.take(before, np.arange(len(before.embeddings)))
        seed = another_seed(rng, self.item_factors_)
        self._learn(X, run, [Table(side) for side in sides], seed)

    def _learn(self, X: sp.csr_array, run: Training, tables: list[Table], seed: int) -> None:
        epoch = self._epochs_of(X, tables, seed)
        for sides in learn(tables, epoch, run, self.epochs, partial(self._failure, X)):
            self._publish(*sides)

    def _failure(self, X: sp.csr_array, error: Exception, epoch: int) -> ModelFitError:
        return ModelFitError(
            f"Epoch {epoch + 1} of `{self._name}` failed: {error}. Lower `learning_rate` "
            f"({self.learning_rate:g}) or the weights (up to {X.data.max():g}). {kept(epoch)}"
        )

    def _publish(self, users: Parameters, items: Parameters) -> None:
        """Set the fitted attributes, in one step that Ctrl-C cannot part."""
        self.__dict__ |= {
            f"{side}_{name}_": value
            for side, parameters in (("user", users), ("item", items))
            for name, value in (
                ("factors", parameters.embeddings),
                ("biases", parameters.biases),
                ("gradients", parameters.gradients),
            )
        }

    def _published(self) -> tuple[Parameters, Parameters]:
        """Return what ``_publish`` got."""
        none = np.zeros((0, self.item_factors_.shape[1] + 1), np.float32)
        return (
            Parameters(self.user_factors_, self.user_biases_, self.user_gradients_, none),
            Parameters(self.item_factors_, self.item_biases_, self.item_gradients_, none),
        )

    def _scorer(self) -> DenseScorer:
        ones = np.ones((len(self.item_factors_), 1), np.float32)
        return DenseScorer(np.hstack([self.item_factors_, self.item_biases_[:, None], ones]))

    def _queries(self, rows: np.ndarray | None) -> Array:
        if "queries" not in self._cache:
            both = np.hstack([self.user_factors_, self.user_biases_[:, None]])
            self._cache["queries"] = _queries(both, np.diff(self.seen_.indptr) > 0)
        queries: Array = self._cache["queries"]
        return queries if rows is None else queries[rows]

    def _fold_in(self, X: sp.csr_array) -> Array:
        return _queries(self._fold_in_biased(X), np.diff(X.indptr) > 0)

    def _item_vectors(self) -> Array:
        return self.item_factors_

    def _user_vectors(self) -> Array:
        return self.user_factors_


def _queries(both: Array, known: np.ndarray) -> Array:
    """Return [q, 1, b_u] of each user; zeros, which prefer nothing, for those who did nothing."""
    ones = np.ones((len(both), 1), np.float32)
    queries = np.hstack([both[:, :-1], ones, both[:, -1:]])
    queries[~known] = 0
    return queries
