"""Blend: the scores of several models, summed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._runtime import generator
from tastemaker._validation import check_float, check_int, shown
from tastemaker.errors import ArgumentError, ArgumentTypeError
from tastemaker.models._blend_weights import find_weights, hold_out, taken
from tastemaker.models._blending import BlendScorer, Queries
from tastemaker.models._inputs import Source
from tastemaker.models._training import Training
from tastemaker.models.base import Recommender


class Blend(Recommender):
    """Several models as one: ranks by the weighted sum of their scores, scaled per user.

    A member's scores for a user are divided by their standard deviation over all items: so members of any scale can be
    added, and a member that is sure of a few items weighs there. (Subtracting means would not change any order.) All
    items are scored by all members, not only those that some member lists.

    Parameters
    ----------
    models : dict name -> model
        The members, at least one. One that is fitted on the very interactions that the blend is fitted on is taken as
        it is; of the others, copies are trained.
    weights : dict name -> float, optional
        One for each member, >= 0; only their proportions count. Default: found by ``fit`` on interactions that are held
        out for that, which trains every member twice.
    validation : float, default 0.1
        Share of the interactions to find the weights on, within (0, 0.5]; drawn at random, never all of a
        user's. Read only when weights are to be found.
    k : int, default 20
        The weights maximise the mean NDCG@k of those interactions; >= 1. As long as the lists that will be shown.
    rng : int, SeedSequence, Generator or None
        Source of the held-out interactions.

    Attributes
    ----------
    models_ : dict name -> model
        The fitted members.
    weights_ : ndarray of float32, (members,)
        In the order of ``models``, summing to 1.

    Examples
    --------
    >>> import tastemaker as tm
    >>> from scipy.sparse import csr_array
    >>> X = csr_array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [0, 1, 1, 1]])
    >>> model = tm.Blend({"knn": tm.KNN(), "ease": tm.EASE(reg=1)}, weights={"knn": 1, "ease": 3}).fit(X)
    >>> model.weights_
    array([0.25, 0.75], dtype=float32)
    >>> model.recommend(0, n=1)[0]
    array([2], dtype=int32)
    """

    _learned = {"weights_": ("members",)}  # noqa: RUF012
    _parts = "models"

    models: Mapping[str, Recommender]
    models_: dict[str, Recommender]
    weights_: np.ndarray

    def __init__(
        self,
        models: Mapping[str, Recommender] | None = None,
        *,
        weights: Mapping[str, float] | None = None,
        validation: float = 0.1,
        k: int = 20,
        rng: Any = None,
    ) -> None:
        self.models = models  # type: ignore[assignment]  # None is refused by fit, with all else that is no dict
        self.weights = weights
        self.validation = validation
        self.k = k
        self.rng = rng

    @property
    def abilities(self) -> frozenset[str]:  # type: ignore[override]  # here they depend on the members
        """What the model can do beyond recommend, score and rank: what every member can, of fold_in and explain."""
        members = self.models.values() if isinstance(self.models, Mapping) else []
        own = {"fold_in", "explain"} if members else set()
        return frozenset(own.intersection(*(member.abilities for member in members)))

    def _check_params(self) -> None:
        rule = "`models` must be a dict name -> model with at least one member"
        if not isinstance(self.models, Mapping) or not all(isinstance(name, str) for name in self.models):
            raise ArgumentTypeError(f"{rule}, got {shown(self.models)}.")
        if not self.models:
            raise ArgumentError(f"{rule}, got none.")
        for name, member in self.models.items():
            if not isinstance(member, Recommender):
                raise ArgumentTypeError(f"{rule}, got {shown(member)} for {name!r}.")
            member._check_params()
        if self.weights is not None:
            self._check_weights(self.weights)
        check_float("validation", self.validation, low=0, high=0.5, open_low=True)
        check_int("k", self.k, low=1)
        generator(self.rng)

    def _check_weights(self, weights: Any) -> None:
        rule = "`weights` must be a dict of one number >= 0 for each member"
        if not isinstance(weights, Mapping):
            raise ArgumentTypeError(f"{rule}, got {shown(weights)}.")
        if set(weights) != set(self.models or ()):
            raise ArgumentError(f"{rule} ({', '.join(self.models or ())}), got {shown(dict(weights))}.")
        total = sum(check_float(f"weights[{name!r}]", weight, low=0) for name, weight in weights.items())
        if total == 0:
            raise ArgumentError("`weights` must not all be 0, got only zeros.")

    def _fit(self, X: sp.csr_array, run: Training) -> None:
        for _ in run.epochs(1):
            weights = self._given_weights()
            if weights is None:
                weights = self._found_weights(X, run)
            models = {
                name: copy.copy(member) if _knows(member, X) else _trained(member, X, run.times, run.threads)
                for name, member in self.models.items()
            }
            self.__dict__.update(models_=models, weights_=weights.astype(np.float32))

    def _given_weights(self) -> np.ndarray | None:
        if self.weights is None:
            return None
        weights = np.array([self.weights[name] for name in self.models], dtype=np.float64)
        found: np.ndarray = weights / weights.sum()
        return found

    def _found_weights(self, X: sp.csr_array, run: Training) -> np.ndarray:
        rng = generator(self.rng)
        held = hold_out(X, self.validation, rng)
        if not held.any():
            return np.full(len(self.models), 1 / len(self.models))
        times = None if run.times is None else run.times[~held]
        train = taken(X, ~held)
        members = {name: _trained(member, train, times, run.threads) for name, member in self.models.items()}
        return find_weights(members, taken(X, held), self.k, rng, run.threads)

    def _remember(
        self, matrix: sp.csr_array, source: Source, history: list[dict[str, Any]], seconds: float
    ) -> None:
        super()._remember(matrix, source, history, seconds)
        for member in self.models_.values():  # they learned from a bare matrix; now they know its ids
            member._remember(matrix, source, member.history_, member.fit_seconds_)

    def _scorer(self) -> BlendScorer:
        scorers = {name: member._index() for name, member in self.models_.items()}
        return BlendScorer(scorers, self.weights_, self.n_items_)

    def _queries(self, rows: np.ndarray | None) -> Queries:
        return {name: member._queries(rows) for name, member in self.models_.items()}

    def _fold_in(self, X: sp.csr_array) -> Queries:
        return {name: member._fold_in(X) for name, member in self.models_.items()}

    def _explain(self, history: sp.csr_array, item: int) -> np.ndarray:
        """Return the members' contributions, each by what the member's scores go into the user's blend."""
        _, factors = self._index().combine(self._fold_in(history), None)
        parts = [
            factor[0] * member._explain(history, item)
            for factor, member in zip(factors, self.models_.values(), strict=True)
        ]
        contributions: np.ndarray = np.sum(parts, axis=0)
        return contributions


def _knows(member: Recommender, X: sp.csr_array) -> bool:
    """True where a member is fitted, on exactly these interactions."""
    if not member.__sklearn_is_fitted__() or member.seen_.shape != X.shape:
        return False
    return all(
        np.array_equal(getattr(member.seen_, part), getattr(X, part))
        for part in ("indptr", "indices", "data")
    )


def _trained(member: Recommender, X: sp.csr_array, times: np.ndarray | None, threads: int) -> Recommender:
    """Return a copy of a member, trained on X."""
    made = member._fresh()
    return made._train(type(made)._fit, (X, times, Source()), False, None, threads)
