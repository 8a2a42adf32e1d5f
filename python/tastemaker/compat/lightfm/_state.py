"""The parameters and arrays of a model, to and from the native one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker._validation import check_choice, check_float, check_int
from tastemaker.compat.lightfm import _arguments
from tastemaker.compat.lightfm._arguments import ParameterError, lightfm_words
from tastemaker.compat.lightfm._native import _LightFM
from tastemaker.errors import ArgumentError, ArgumentTypeError, NotFittedError
from tastemaker.models._sgd import Parameters

Array = npt.NDArray[np.float32]

PARAMETERS = (
    "loss",
    "learning_schedule",
    "no_components",
    "learning_rate",
    "k",
    "n",
    "rho",
    "epsilon",
    "max_sampled",
    "item_alpha",
    "user_alpha",
    "random_state",
)
SIDES = ("user", "item")

#: The arrays of a side, without what stands before: "user_" or "item_".
ARRAYS = (
    "embeddings",
    "embedding_gradients",
    "embedding_momentum",
    "biases",
    "bias_gradients",
    "bias_momentum",
)


class State:
    """What a model is set to and what it has learned."""

    loss: str
    learning_schedule: str
    no_components: int
    learning_rate: float
    k: int
    n: int
    rho: float
    epsilon: float
    max_sampled: int
    item_alpha: float
    user_alpha: float
    random_state: np.random.RandomState

    user_embeddings: Any
    user_embedding_gradients: Any
    user_embedding_momentum: Any
    user_biases: Any
    user_bias_gradients: Any
    user_bias_momentum: Any
    item_embeddings: Any
    item_embedding_gradients: Any
    item_embedding_momentum: Any
    item_biases: Any
    item_bias_gradients: Any
    item_bias_momentum: Any

    def _check_parameters(self) -> None:
        try:
            check_int("no_components", self.no_components, low=1)
            check_int("k", self.k, low=1)
            check_int("n", self.n, low=1)
            check_choice("learning_schedule", self.learning_schedule, ("adagrad", "adadelta"))
            check_choice("loss", self.loss, ("logistic", "warp", "bpr", "warp-kos"))
            check_float("learning_rate", self.learning_rate, low=0, open_low=True)
            check_float("rho", self.rho, low=0, high=1 - 1e-6, open_low=True)
            check_float("epsilon", self.epsilon, low=0, open_low=True)
            check_float("item_alpha", self.item_alpha, low=0)
            check_float("user_alpha", self.user_alpha, low=0)
            check_int("max_sampled", self.max_sampled, low=1)
        except ArgumentError as error:
            raise ParameterError(str(error)) from None

    def _reset(self) -> None:
        self.__dict__ |= {f"{side}_{name}": None for side in SIDES for name in ARRAYS}

    def _check_fitted(self) -> None:
        if any(getattr(self, f"{side}_{name}") is None for side in SIDES for name in ARRAYS):
            raise NotFittedError("This `LightFM` is not fitted. Call fit(interactions) first.")

    def _width(self, side: str) -> int | None:
        embeddings = getattr(self, f"{side}_embeddings")
        return None if embeddings is None else len(embeddings)

    def _initialize(self, n_users: int, n_items: int) -> None:
        """Start as LightFM does from the same seed: items first."""
        adagrad = self.learning_schedule == "adagrad"
        for side, rows in (("item", n_items), ("user", n_users)):
            start = (self.random_state.rand(rows, self.no_components) - 0.5) / self.no_components
            self.__dict__ |= {
                f"{side}_embeddings": start.astype(np.float32),
                f"{side}_embedding_gradients": np.full(start.shape, adagrad, np.float32),
                f"{side}_embedding_momentum": np.zeros(start.shape, np.float32),
                f"{side}_biases": np.zeros(rows, np.float32),
                f"{side}_bias_gradients": np.full(rows, adagrad, np.float32),
                f"{side}_bias_momentum": np.zeros(rows, np.float32),
            }

    def _train(
        self, matrix: sp.csr_array, features: list[Any], epochs: int, threads: int, verbose: bool
    ) -> None:
        native = _LightFM(
            factors=self.no_components,
            loss=self.loss.replace("-", "_"),  # type: ignore[arg-type]
            optimizer=self.learning_schedule,  # type: ignore[arg-type]
            learning_rate=self.learning_rate,
            rho=self.rho,
            epsilon=self.epsilon,
            reg_user=self.user_alpha,
            reg_item=self.item_alpha,
            max_sampled=self.max_sampled,
            k=self.k,
            n_kos=self.n,
            epochs=epochs,
        )
        native.start = [self._side(side) for side in SIDES]
        native.seed = int(self.random_state.randint(2**31))
        users, items = features
        try:
            with lightfm_words():
                native.fit(
                    matrix, user_features=users, item_features=items, progress=verbose, threads=threads
                )
        finally:
            if hasattr(native, "item_embeddings_"):
                self._take(native)

    def _side(self, side: str) -> Parameters:
        """Return the parameters of a side as the native model keeps them: the biases' state last."""
        embeddings, gradients, momentum, *of_biases = (getattr(self, f"{side}_{name}") for name in ARRAYS)
        biases, bias_gradients, bias_momentum = of_biases
        momentum = np.column_stack([momentum, bias_momentum])
        return Parameters(
            embeddings,
            biases,
            np.column_stack([gradients, bias_gradients]),
            momentum if self.learning_schedule == "adadelta" else momentum[:0],
        )

    def _take(self, native: _LightFM) -> None:
        for side in SIDES:
            embeddings, biases, gradients, momentum = (
                getattr(native, f"{side}_{name}_")
                for name in ("embeddings", "biases", "gradients", "momentum")
            )
            self.__dict__ |= {
                f"{side}_embeddings": embeddings,
                f"{side}_biases": biases,
                f"{side}_embedding_gradients": gradients[:, :-1].copy(),
                f"{side}_bias_gradients": gradients[:, -1].copy(),
            }
            if len(momentum):
                self.__dict__ |= {
                    f"{side}_embedding_momentum": momentum[:, :-1].copy(),
                    f"{side}_bias_momentum": momentum[:, -1].copy(),
                }

    def _representations(self, side: str, features: Any) -> tuple[Array, Array]:
        self._check_fitted()
        if features is None:
            return getattr(self, f"{side}_biases"), getattr(self, f"{side}_embeddings")
        return self._represented(
            side, _arguments.features(side, features, features.shape[0], self._width(side))
        )

    def _represented(self, side: str, features: sp.csr_array) -> tuple[Array, Array]:
        return features @ getattr(self, f"{side}_biases"), features @ getattr(self, f"{side}_embeddings")

    def _asked(self, side: str, ids: np.ndarray, features: Any) -> tuple[tuple[Array, Array], np.ndarray]:
        """Return the representations of the different ids, and which of them each id has."""
        if ids.ndim != 1 or (ids.size and not np.issubdtype(ids.dtype, np.number)):
            raise ArgumentTypeError(
                f"`{side}_ids` must be ints, the rows of `interactions`, got {ids.dtype} of shape {ids.shape}. "
                "Dataset.mapping() gives the int of an id."
            )
        if ids.size and ids.min() < 0:
            raise ArgumentError(
                f"`{side}_ids` must be >= 0, got {ids.min()}. Very large ids overflow to negative ones."
            )
        unique, places = np.unique(ids.astype(np.int64), return_inverse=True)
        size = int(unique[-1]) + 1 if unique.size else 0
        rows = _arguments.features(side, features, size, self._width(side))[unique]
        return self._represented(side, rows), places.astype(np.int32)
