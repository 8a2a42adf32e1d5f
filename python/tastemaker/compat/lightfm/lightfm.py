"""The model."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_csr, check_bool, check_int, friendly
from tastemaker.compat.lightfm import _arguments
from tastemaker.compat.lightfm._arguments import thread_count
from tastemaker.compat.lightfm._native import queries_of, scorer_of
from tastemaker.compat.lightfm._state import ARRAYS, PARAMETERS, SIDES, Array, State
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError

__all__ = ["LightFM", "from_lightfm"]


class LightFM(State):
    """Hybrid matrix factorisation with LightFM's interface; `tastemaker.LightFM` at work.

    Parameters
    ----------
    no_components : int, default 10
    k, n : int, default 5 and 10
        Of the loss "warp-kos": the k-th best of n likes.
    learning_schedule : {"adagrad", "adadelta"}
    loss : {"logistic", "bpr", "warp", "warp-kos"}
    learning_rate : float, default 0.05
    rho, epsilon : float, default 0.95 and 1e-6
        Of "adadelta".
    item_alpha, user_alpha : float, default 0.0
        L2 penalties.
    max_sampled : int, default 10
    random_state : int, RandomState or None

    Attributes
    ----------
    user_embeddings, item_embeddings : ndarray of float32, (features, no_components)
    user_biases, item_biases : ndarray of float32, (features,)
    user_embedding_gradients, user_embedding_momentum, user_bias_gradients, user_bias_momentum
        State of the optimiser; the same of items. All are None before ``fit``, and may be assigned or changed in place.

    Examples
    --------
    >>> from scipy.sparse import coo_matrix
    >>> from tastemaker.compat.lightfm import LightFM
    >>> likes = coo_matrix([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1], [1, 0, 0, 0]])
    >>> model = LightFM(loss="warp", random_state=0).fit(likes, epochs=30)
    >>> int(model.predict(4, [1, 2, 3]).argmax())
    0
    """

    @friendly
    def __init__(
        self,
        no_components: int = 10,
        k: int = 5,
        n: int = 10,
        learning_schedule: str = "adagrad",
        loss: str = "logistic",
        learning_rate: float = 0.05,
        rho: float = 0.95,
        epsilon: float = 1e-6,
        item_alpha: float = 0.0,
        user_alpha: float = 0.0,
        max_sampled: int = 10,
        random_state: Any = None,
    ) -> None:
        self.no_components = no_components
        self.k = k
        self.n = n
        self.learning_schedule = learning_schedule
        self.loss = loss
        self.learning_rate = learning_rate
        self.rho = rho
        self.epsilon = epsilon
        self.item_alpha = item_alpha
        self.user_alpha = user_alpha
        self.max_sampled = max_sampled
        self._check_parameters()
        self.random_state = (
            random_state
            if isinstance(random_state, np.random.RandomState)
            else np.random.RandomState(random_state)
        )
        self._reset()

    @friendly
    def fit(
        self,
        interactions: Any,
        user_features: Any = None,
        item_features: Any = None,
        sample_weight: Any = None,
        epochs: int = 1,
        num_threads: int = 1,
        verbose: bool = False,
    ) -> Self:
        """Train, forgetting any earlier training.

        Parameters
        ----------
        interactions : sparse matrix
            Users x items. Values above 0 are likes, all other stored values dislikes; their size does not matter.
        user_features, item_features : sparse matrix, optional
            A row of features for each user (item), perhaps more rows. Default: the identity.
        sample_weight : sparse matrix, optional
            Weights >= 0 of the entries of ``interactions``, in the same order.
        epochs : int, default 1
        num_threads : int, default 1
            More than 1 share the parameters without locks.
        verbose : bool, default False

        Returns
        -------
        self
        """
        self._reset()
        return self.fit_partial(
            interactions, user_features, item_features, sample_weight, epochs, num_threads, verbose
        )

    @friendly
    def fit_partial(
        self,
        interactions: Any,
        user_features: Any = None,
        item_features: Any = None,
        sample_weight: Any = None,
        epochs: int = 1,
        num_threads: int = 1,
        verbose: bool = False,
    ) -> Self:
        """Go on training from the present arrays; as ``fit`` where there are none.

        Raises
        ------
        ModelFitError
            The parameters stopped being finite; the model keeps the last good epoch. A ValueError, too.
        """
        self._check_parameters()
        threads, epochs = thread_count(num_threads), check_int("epochs", epochs, low=0)
        verbose = check_bool("verbose", verbose)
        matrix = _arguments.examples(interactions, sample_weight)
        given = (user_features, item_features)
        sides = [
            _arguments.features(side, features, rows, self._width(side))
            for side, features, rows in zip(SIDES, given, matrix.shape, strict=True)
        ]
        if self.item_embeddings is None:
            self._initialize(*(side.shape[1] for side in sides))
        if epochs:
            # No matrix where the features are the identity, of which the native model makes none either.
            alone = [
                features is None and side.shape[0] == side.shape[1]
                for features, side in zip(given, sides, strict=True)
            ]
            features = [None if one else side for one, side in zip(alone, sides, strict=True)]
            self._train(matrix, features, epochs, threads, verbose)
        return self

    @friendly
    def predict(
        self,
        user_ids: Any,
        item_ids: Any,
        item_features: Any = None,
        user_features: Any = None,
        num_threads: int = 1,
    ) -> Array:
        """Return the scores of pairs.

        Parameters
        ----------
        user_ids : int or sequence of int
            One user for all items, or one for each.
        item_ids : sequence of int
        item_features, user_features : sparse matrix, optional
            As in ``fit``; default: the identity.
        num_threads : int, default 1

        Returns
        -------
        ndarray of float32, (pairs,)
        """
        self._check_fitted()
        threads = thread_count(num_threads)
        items = np.asarray(item_ids)
        users = np.full(len(items), user_ids) if np.ndim(user_ids) == 0 else np.asarray(user_ids)
        if len(users) != len(items):
            raise ArgumentError(
                f"`user_ids` must be one id or as many as `item_ids` ({len(items)}), got {len(users)}. "
                "Scores are of pairs, not of a grid."
            )
        queries, rows = self._asked("user", users, user_features)
        vectors, columns = self._asked("item", items, item_features)
        return scorer_of(*vectors).score(queries_of(*queries), rows, columns, threads=threads)

    @friendly
    def predict_rank(
        self,
        test_interactions: Any,
        train_interactions: Any = None,
        item_features: Any = None,
        user_features: Any = None,
        num_threads: int = 1,
        check_intersections: bool = True,
    ) -> sp.csr_matrix:
        """Return the place of each stored entry in its user's list of all items, from 0 (best).

        Parameters
        ----------
        test_interactions : sparse matrix
        train_interactions : sparse matrix, optional
            Items that the list is without.
        item_features, user_features : sparse matrix, optional
            As in ``fit``; default: the identity.
        num_threads : int, default 1
        check_intersections : bool, default True
            Refuse an entry that is in both matrices.

        Returns
        -------
        csr_matrix of float32
            At the places of ``test_interactions``. Equal scores all get the last of their places.
        """
        self._check_fitted()
        threads = thread_count(num_threads)
        test = sp.csr_matrix(
            _arguments.sparse("test_interactions", test_interactions, "users x items"), dtype=np.float32
        )
        exclude = None if train_interactions is None else _train_rows(train_interactions, test.shape)
        if exclude is not None and check_bool("check_intersections", check_intersections):
            _check_apart(test, exclude)
        sides = [
            self._represented(side, _arguments.features(side, features, rows, self._width(side)))
            for side, features, rows in zip(SIDES, (user_features, item_features), test.shape, strict=True)
        ]
        rows = np.repeat(np.arange(test.shape[0], dtype=np.int32), np.diff(test.indptr))
        places = scorer_of(*sides[1]).last_rank(
            queries_of(*sides[0]), rows, test.indices, exclude=exclude, threads=threads
        )
        return sp.csr_matrix(
            ((places - 1).astype(np.float32), test.indices.copy(), test.indptr.copy()), shape=test.shape
        )

    @friendly
    def get_item_representations(self, features: Any = None) -> tuple[Array, Array]:
        """Return (biases, embeddings) of items by their features; of the features themselves by default."""
        return self._representations("item", features)

    @friendly
    def get_user_representations(self, features: Any = None) -> tuple[Array, Array]:
        """Return (biases, embeddings) of users by their features; of the features themselves by default."""
        return self._representations("user", features)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def set_params(self, **params: Any) -> Self:
        """Set parameters and return the model."""
        for name, value in params.items():
            if name not in PARAMETERS:
                raise ArgumentError(
                    f"`{name}` must be a parameter of `LightFM` ({', '.join(PARAMETERS)}). See get_params()."
                )
            setattr(self, name, value)
        return self


def from_lightfm(model: Any) -> LightFM:
    """Return a model with copies of the arrays of a trained ``lightfm.LightFM``; it scores the same and trains on.

    Parameters
    ----------
    model : lightfm.LightFM
        Or anything with its attributes.

    Raises
    ------
    ArgumentTypeError, NotFittedError, DataError
        It lacks an attribute; it is not trained; its arrays contradict each other.
    """
    names = [*PARAMETERS, *(f"{side}_{name}" for side in SIDES for name in ARRAYS)]
    missing = [name for name in names if not hasattr(model, name)]
    if missing:
        raise ArgumentTypeError(
            f"`model` must be a lightfm.LightFM, got {type(model).__name__} without {missing[0]!r}."
        )
    taken = LightFM(**{name: getattr(model, name) for name in PARAMETERS})
    for side in SIDES:
        for name in ARRAYS:
            value = getattr(model, f"{side}_{name}")
            setattr(taken, f"{side}_{name}", None if value is None else np.array(value, np.float32))
    taken._check_fitted()
    for side in SIDES:
        rows = len(getattr(taken, f"{side}_embeddings"))
        for name in ARRAYS:
            shape = (rows, taken.no_components) if name.startswith("embedding") else (rows,)
            got = getattr(taken, f"{side}_{name}").shape
            if got != shape:
                raise DataError(f"`{side}_{name}` of `model` must have the shape {shape}, got {got}.")
    return taken


def _train_rows(train_interactions: Any, shape: tuple[int, int]) -> sp.csr_array:
    matrix = sp.csr_array(_arguments.sparse("train_interactions", train_interactions, "users x items"))
    # An entry is an interaction whatever its value.
    present = sp.csr_array(
        (np.ones(matrix.nnz, np.float32), matrix.indices, matrix.indptr), shape=matrix.shape
    )
    return as_csr("train_interactions", present, shape=shape)


def _check_apart(test: sp.csr_matrix, train: sp.csr_array) -> None:
    shared = int(test.multiply(train).nnz)
    if shared:
        raise DataError(
            f"`test_interactions` must have no entry of `train_interactions`, got {shared} in both. "
            "Check the split, or pass check_intersections=False."
        )
