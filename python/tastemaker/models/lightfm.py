"""LightFM: hybrid matrix factorisation over features, by stochastic gradient descent."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._runtime import generator, num_threads
from tastemaker._validation import (
    check_bool,
    check_choice,
    check_float,
    check_int,
    csr_parts,
    friendly,
)
from tastemaker.errors import ArgumentError, ModelFitError
from tastemaker.models._features import (
    SIDES,
    Features,
    Given,
    SideName,
    check_groups,
    check_weights,
    read_features,
    with_features,
)
from tastemaker.models._hybrid import _Hybrid
from tastemaker.models._inputs import training_data
from tastemaker.models._sgd import (
    Engine,
    Parameters,
    Table,
    another_seed,
    examples_of,
    fold_in,
    learn,
    likes_of,
    popularity_of,
    weighted,
)
from tastemaker.models._training import Callback, Training, kept

Array = npt.NDArray[np.float32]

LOSSES = ("warp", "bpr", "logistic", "warp_kos")


class LightFM(_Hybrid):
    """Hybrid matrix factorisation: users and items are sums over their features.

    A pair scores ``q.p + b_u + b_i``, where q and b_u are weighted sums of the embeddings and biases of the user's
    features, p and b_i of the item's. Without features each user and item has an indicator of its own, which makes
    it plain matrix factorisation; with features, what was learned of them serves new users and items.

    Values of the interactions above 0 are likes, below 0 dislikes, and their sizes weights of the gradients.

    Parameters
    ----------
    factors : int, default 64
        Length of the embeddings, >= 1.
    loss : {"warp", "bpr", "logistic", "warp_kos"}
        "warp" moves a like above an item that violates it, found by drawing up to ``max_sampled``, and more when it
        is found sooner: best for the top of lists. "bpr" compares with one item, drawn like the interactions.
        "logistic" separates likes from dislikes, and is of use only with both. "warp_kos" is "warp" for the k-th
        best of ``n_kos`` likes drawn at random. The ranking losses ignore dislikes, which they may draw as negatives.
    optimizer : {"adagrad", "adadelta"}
        Rates per parameter. "adadelta" needs no learning rate.
    learning_rate : float, default 0.05
        Of "adagrad", > 0. Lower it when training diverges.
    rho : float, default 0.95
        Memory of "adadelta", in [0, 1).
    epsilon : float, default 1e-6
        Conditioning of "adadelta", > 0.
    reg_user, reg_item : float, default 0.0
        L2 penalties of each side's parameters, >= 0. Small values act, such as 4e-5, the best for WARP on check-ins
        (Gowalla): all parameters shrink at each example.
    max_sampled : int, default 10
        Draws in search of a violator, likes of the user among them, >= 1. More find rarer violators and cost time.
    k, n_kos : int, default 5 and 10
        Of "warp_kos": 1 <= k <= n_kos.
    epochs : int, default 20
        Passes over the interactions, >= 1.
    user_indicators, item_indicators : bool, optional
        Whether each user (item) has an indicator beside its features. Default: as the Dataset says; for features
        given as matrices, no.
    feature_weights : dict of str to float, optional
        Factors for groups of features: what stands before "=" in their names ("genre" for "genre=Action"), or
        "indicators". Raise one to make its features count and learn more.
    deterministic : bool, default False
        Same result for any number of threads: examples are taken in batches that all look at the parameters of
        before. Otherwise threads share the parameters without locks, and only one thread gives reproducible results.
    rng : int, SeedSequence, Generator or None
        Source of the starting embeddings, of the order of the examples and of the draws.

    Attributes
    ----------
    user_embeddings_, item_embeddings_ : ndarray of float32, (features, factors)
    user_biases_, item_biases_ : ndarray of float32, (features,)
    user_gradients_, item_gradients_ : ndarray of float32, (features, factors + 1)
        State of the optimiser, biases last; without rows after ``slim``.
    user_momentum_, item_momentum_ : ndarray of float32, (features, factors + 1)
        The same, of "adadelta" only.
    user_features_, item_features_ : csr_array of float32
        Users (items) x features, with indicators first and ``feature_weights`` applied.

    Raises
    ------
    ModelFitError
        By ``fit`` and ``partial_fit``, when parameters stop being finite; the last good epoch stays.

    Notes
    -----
    One thread takes the steps of LightFM 1.17, in its order. More differ where there are features: each has its own
    copy of those that most examples move, adding up every few hundred; "warp" and "warp_kos" look for negatives among
    items as of at most some thousand examples ago, and check what they find.

    References
    ----------
    Kula: Metadata Embeddings for User and Item Cold-start Recommendations. CBRecSys 2015.
    Weston, Bengio, Usunier: WSABIE: Scaling Up To Large Vocabulary Image Annotation. IJCAI 2011.

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.Dataset.from_tuples(
    ...     [("ann", "alien"), ("ann", "blade"), ("bob", "emma"), ("bob", "heat"), ("cat", "alien")],
    ...     item_features=[("alien", ["space"]), ("blade", ["space"]), ("emma", ["love"]), ("heat", ["crime"])],
    ... )
    >>> model = tm.LightFM(factors=4, epochs=30, deterministic=True, rng=0).fit(data)
    >>> model.recommend("cat", n=1)["item"][0]
    'blade'
    """

    abilities: ClassVar[frozenset[str]] = frozenset(
        {"explain", "fold_in", "partial_fit", "similar_items", "similar_users"}
    )
    _learned = {  # noqa: RUF012
        f"{side}_{name}_": tuple(dim.replace("side", side) for dim in dims)
        for side in SIDES
        for name, dims in {
            "embeddings": ("side features", "factors"),
            "biases": ("side features",),
            "gradients": ("side gradients", "weights"),
            "momentum": ("side momentum", "weights"),
            "features": ("csr", "sides", "side features"),
            "layout": ("layout",),
        }.items()
    }
    _texts = ("user_feature_names_", "item_feature_names_")

    def __init__(
        self,
        *,
        factors: int = 64,
        loss: Literal["warp", "bpr", "logistic", "warp_kos"] = "warp",
        optimizer: Literal["adagrad", "adadelta"] = "adagrad",
        learning_rate: float = 0.05,
        rho: float = 0.95,
        epsilon: float = 1e-6,
        reg_user: float = 0.0,
        reg_item: float = 0.0,
        max_sampled: int = 10,
        k: int = 5,
        n_kos: int = 10,
        epochs: int = 20,
        user_indicators: bool | None = None,
        item_indicators: bool | None = None,
        feature_weights: Mapping[str, float] | None = None,
        deterministic: bool = False,
        rng: Any = None,
    ) -> None:
        self.factors = factors
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.rho = rho
        self.epsilon = epsilon
        self.reg_user = reg_user
        self.reg_item = reg_item
        self.max_sampled = max_sampled
        self.k = k
        self.n_kos = n_kos
        self.epochs = epochs
        self.user_indicators = user_indicators
        self.item_indicators = item_indicators
        self.feature_weights = feature_weights
        self.deterministic = deterministic
        self.rng = rng

    def _check_params(self) -> None:
        check_int("factors", self.factors, low=1)
        check_choice("loss", self.loss, LOSSES)
        check_choice("optimizer", self.optimizer, ("adagrad", "adadelta"))
        check_float("learning_rate", self.learning_rate, low=0, open_low=True)
        check_float("rho", self.rho, low=0, high=1 - 1e-6)
        check_float("epsilon", self.epsilon, low=0, open_low=True)
        check_float("reg_user", self.reg_user, low=0)
        check_float("reg_item", self.reg_item, low=0)
        check_int("max_sampled", self.max_sampled, low=1, high=10_000)
        check_int("k", self.k, low=1)
        check_int("n_kos", self.n_kos, low=1)
        if self.k > self.n_kos:
            raise ArgumentError(
                f"`k` of `LightFM` must be <= `n_kos` ({self.n_kos}), got {self.k}. Lower `k`."
            )
        check_int("epochs", self.epochs, low=1)
        for name in ("user_indicators", "item_indicators"):
            if getattr(self, name) is not None:
                check_bool(name, getattr(self, name))
        check_weights(self.feature_weights)
        check_bool("deterministic", self.deterministic)
        generator(self.rng)

    @friendly
    def fit(
        self,
        data: Any,
        *,
        user_features: Any = None,
        item_features: Any = None,
        sample_weight: Any = None,
        progress: bool | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
    ) -> Self:
        """Train on interactions and features, forgetting any earlier training.

        Parameters
        ----------
        data : Dataset or scipy sparse matrix
            As in ``Recommender.fit``. A Dataset brings its features.
        user_features, item_features : scipy sparse matrix, optional
            Features of the rows (columns) of a matrix: one row per user (item). Default: an indicator for each.
        sample_weight : scipy sparse matrix, optional
            Weights >= 0 of the interactions, at the same places; they replace the sizes of the values of ``data``.
        progress, callback, threads
            As in ``Recommender.fit``.

        Returns
        -------
        self
        """
        given = Given(user_features, item_features, sample_weight)
        step = functools.partial(type(self)._fit, given=with_features(data, given))
        return self._train(step, training_data(data), progress, callback, threads)

    @friendly
    def partial_fit(
        self,
        data: Any,
        *,
        user_features: Any = None,
        item_features: Any = None,
        sample_weight: Any = None,
        progress: bool | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
    ) -> Self:
        """Go on training from the present state; users, items and features may have been added.

        Parameters
        ----------
        data, progress, callback, threads
            As in ``Recommender.partial_fit``.
        user_features, item_features, sample_weight
            As in ``fit``. Every feature of the last training must be there; new ones start from their initial state.

        Returns
        -------
        self
        """
        matrix, times, source = training_data(data)
        step = type(self)._fit
        if self.__sklearn_is_fitted__():
            self._check_growth(matrix, source)
            step = type(self)._partial_fit
        step = functools.partial(
            step, given=with_features(data, Given(user_features, item_features, sample_weight))
        )
        return self._train(step, (matrix, times, source), progress, callback, threads)

    def _fit(self, X: sp.csr_array, run: Training, given: Given = Given()) -> None:  # noqa: B008 - frozen
        rng = generator(self.rng)
        features = self._read(X, given)
        # Tables at once: who keeps the parameters too has them twice.
        tables = [
            Table(Parameters.start(f.matrix.shape[1], self.factors, self.optimizer, rng)) for f in features
        ]
        X = weighted(X, given.sample_weight)
        self._learn(X, run, features, tables, int(rng.integers(2**63)))

    def _partial_fit(self, X: sp.csr_array, run: Training, given: Given = Given()) -> None:  # noqa: B008 - frozen
        rng = generator(self.rng)
        features = self._read(X, given)
        tables = [self._going_on(side, now, rng) for side, now in zip(SIDES, features, strict=True)]
        X = weighted(X, given.sample_weight)
        self._learn(X, run, features, tables, another_seed(rng, self.item_embeddings_))

    def _going_on(self, side: SideName, now: Features, rng: np.random.Generator) -> Table:
        before = self._parameters(side)
        before.check_goes_on("LightFM", self.factors, self.optimizer)
        start = Parameters.start(now.matrix.shape[1], self.factors, self.optimizer, rng)
        start.take(before, now.taken(self._features_of(side)))
        return Table(start)

    def _read(self, X: sp.csr_array, given: Given) -> list[Features]:
        features = [
            read_features(
                side, getattr(given, side), n, getattr(self, f"{side}_indicators"), self.feature_weights
            )
            for side, n in zip(SIDES, X.shape, strict=True)
        ]
        check_groups(features, self.feature_weights)
        return features

    def _parameters(self, side: SideName) -> Parameters:
        return Parameters(*(getattr(self, f"{side}_{part.name}_") for part in fields(Parameters)))

    def _learn(
        self, X: sp.csr_array, run: Training, features: list[Features], tables: list[Table], seed: int
    ) -> None:
        engine = Engine(
            examples_of(X, self.loss, by_popularity=self.loss == "bpr"),
            tables,
            [None if side.identity else side.matrix for side in features],
            self._settings(),
            seed=seed,
            deterministic=self.deterministic,
        )
        for side in features:
            self.__dict__ |= {
                f"{side.side}_features_": side.matrix,
                f"{side.side}_feature_names_": side.names,
                f"{side.side}_layout_": np.array([side.indicators > 0, side.normalize], np.float32),
            }
        for sides in learn(tables, engine.epoch, run, self.epochs, self._failure):
            # One step, so that Ctrl-C cannot part them.
            self.__dict__ |= {
                f"{side}_{name}_": value
                for side, values in zip(SIDES, sides, strict=True)
                for name, value in vars(values).items()
            }

    def _settings(self) -> _core.SgdSettings:
        return _core.SgdSettings(
            loss=self.loss,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            rho=self.rho,
            epsilon=self.epsilon,
            reg_user=self.reg_user,
            reg_item=self.reg_item,
            max_sampled=self.max_sampled,
            k=self.k,
            n=self.n_kos,
            popularity=self.loss == "bpr",
        )

    def _failure(self, error: Exception, epoch: int) -> ModelFitError:
        lower = (
            f"`reg_user` ({self.reg_user:g}) and `reg_item` ({self.reg_item:g})"
            if "regularisation" in str(error)
            else f"`learning_rate` ({self.learning_rate:g})"
            if self.optimizer == "adagrad"
            else f"`epsilon` ({self.epsilon:g})"
        )
        return ModelFitError(
            f"Epoch {epoch + 1} of `LightFM` failed: {error}. Lower {lower}, or large weights of interactions or "
            f"features. {kept(epoch)}"
        )

    def _fold_in_from(self, X: sp.csr_array, start: Array) -> Array:
        if self.loss != "logistic":
            X = likes_of(X)
        if X.nnz == 0:
            return start
        users = Parameters.start(len(start), start.shape[1] - 1, self.optimizer, np.random.default_rng(0))
        users.embeddings[:], users.biases[:] = start[:, :-1], start[:, -1]
        examples = _core.SgdExamples(csr_parts(X), popularity_of(self.seen_) if self.loss == "bpr" else None)
        return fold_in(examples, users, self._items(), self._settings(), self.epochs, num_threads())

    def slim(self) -> Self:
        """Drop the state of the optimiser, half of the memory or more; ``partial_fit`` is not possible then.

        Returns
        -------
        self
        """
        none = np.zeros((0, self._fitted().item_embeddings_.shape[1] + 1), np.float32)
        self.__dict__ |= {f"{side}_{name}_": none for side in SIDES for name in ("gradients", "momentum")}
        return self
