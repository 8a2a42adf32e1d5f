"""How a model is trained and what it remembers: fit, partial_fit, reprs, pickling."""

from __future__ import annotations

import functools
import html
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from inspect import isabstract
from typing import Any, ClassVar, Self, TypeVar, cast

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import friendly
from tastemaker.data import IdMap
from tastemaker.errors import DataError, NotFittedError, UnsupportedError
from tastemaker.models._inputs import Source, training_data
from tastemaker.models._params import Parameterized
from tastemaker.models._training import Callback, Training

F = TypeVar("F", bound=Callable[..., Any])


def request(method: F) -> F:
    """Decorate a public method that reads fitted state: it reads one training's, though another ends meanwhile."""

    @functools.wraps(method)
    def wrapper(self: Trainable, *args: Any, **kwargs: Any) -> Any:
        return method(self._now(), *args, **kwargs)

    return friendly(cast(F, wrapper))


class Trainable(Parameterized, ABC):
    """A model's life: parameters, training, fitted state."""

    #: What the model can do beyond recommend, score and rank: any of "explain", "fold_in", "partial_fit",
    #: "similar_items", "similar_users".
    abilities: ClassVar[frozenset[str]] = frozenset()

    #: What training learned, by attribute, with the meaning of each axis: "users", "items", or any word for a
    #: size that must agree among them; a leading "csr" marks a sparse matrix. What ``save`` writes, ``load`` checks.
    _learned: Mapping[str, tuple[str, ...]] = {}

    #: The parameter that holds the models, by name, which this one is made of; what they become in training is in the
    #: attribute of that name with "_". Saved with it.
    _parts: ClassVar[str | None] = None

    #: What training learned as texts, by attribute: tuples of str, or None. ``save`` and ``load`` handle them too.
    _texts: ClassVar[tuple[str, ...]] = ()

    _source: Source
    _cache: dict[str, Any]
    seen_: sp.csr_array
    users_: IdMap | None
    items_: IdMap | None
    history_: list[dict[str, Any]]
    fit_seconds_: float

    def _check_params(self) -> None:
        """Validate the parameters; called before each training."""

    @abstractmethod
    def _fit(self, X: sp.csr_array, run: Training) -> None:
        """Train on the canonical users x items matrix X; leave the model usable after each epoch of run."""

    def _partial_fit(self, X: sp.csr_array, run: Training) -> None:
        """Go on training; X has at least the users and items of the last training, in the same places."""
        raise NotImplementedError

    @friendly
    def fit(
        self,
        data: Any,
        *,
        progress: bool | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
    ) -> Self:
        """Train on interactions, forgetting any earlier training.

        Parameters
        ----------
        data : Dataset or scipy sparse matrix
            Users x items. A Dataset brings ids, and answers come back as frames with these ids; with a
            matrix, users and items are row and column numbers and answers are arrays.
        progress : bool, optional
            Show a bar. Default: on a terminal or in a notebook, for what takes over a second.
        callback : callable, optional
            Called as ``callback(state)`` after each epoch with a ``TrainingState``; ``state.stop()`` ends training.
        threads : int, optional
            See ``tastemaker.num_threads``. The result does not depend on it.

        Returns
        -------
        self

        Raises
        ------
        DataError
            The data is empty, not finite or a broken matrix.
        ArgumentError, ArgumentTypeError
            A parameter of the model breaks its rule.
        ModelFitError
            Training diverged; the model keeps its last good epoch.

        Notes
        -----
        Interrupted (Ctrl-C) or failing training leaves the model as the last complete epoch made it, or as it
        was before ``fit`` when no epoch was complete. `ALS`, whose factors are too large to be kept twice, has then
        also what the epoch that ended early improved: each row is of the last epoch or of this one. Until training
        ends, the model is what it was, and other threads may ask it; only ``state.model`` of the callback shows the
        epochs.
        """
        return self._train(type(self)._fit, training_data(data), progress, callback, threads)

    @friendly
    def partial_fit(
        self,
        data: Any,
        *,
        progress: bool | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
    ) -> Self:
        """Go on training from the present state, on data that may have grown.

        Parameters
        ----------
        data : Dataset or scipy sparse matrix
            The whole interactions, not a difference. Known users and items keep their places (``Dataset.extend``
            sees to that); new ones come after them.
        progress, callback, threads
            As in ``fit``.

        Returns
        -------
        self
        """
        self._require("partial_fit")
        if not self.__sklearn_is_fitted__():
            return self.fit(data, progress=progress, callback=callback, threads=threads)
        matrix, times, source = training_data(data)
        self._check_growth(matrix, source)
        return self._train(type(self)._partial_fit, (matrix, times, source), progress, callback, threads)

    def _train(
        self,
        step: Callable[[Self, sp.csr_array, Training], None],
        data: tuple[sp.csr_array, np.ndarray | None, Source],
        progress: bool | None,
        callback: Callback | None,
        threads: int | None,
    ) -> Self:
        matrix, times, source = data
        draft = self._with({**self.__dict__, "_cache": {}})

        def remember() -> None:
            draft._remember(matrix, source, run.history, time.perf_counter() - start)

        run = Training(draft, remember, progress=progress, callback=callback, threads=threads, times=times)
        draft._check_params()
        start = time.perf_counter()
        complete = False
        try:
            step(draft, matrix, run)
            complete = True
        finally:
            if complete or run.history:
                remember()
                # One step, so that neither Ctrl-C nor a request in another thread meets half a training.
                self.__dict__ = draft.__dict__
        return self

    def _now(self) -> Self:
        """Return this model as it is now: the end of a training does not reach it, all else does."""
        return self._with(self.__dict__)

    def _with(self, state: dict[str, Any]) -> Self:
        """Return a model of this class whose attributes are in `state`."""
        made = object.__new__(type(self))
        made.__dict__ = state
        return made

    def _remember(
        self, matrix: sp.csr_array, source: Source, history: list[dict[str, Any]], seconds: float
    ) -> None:
        self._cache = {}
        self._source = source
        self.seen_ = matrix
        self.users_, self.items_ = source.users, source.items
        self.history_ = list(history)
        self.fit_seconds_ = seconds

    def _check_growth(self, matrix: sp.csr_array, source: Source) -> None:
        sides = (
            ("users", self.users_, source.users, self.n_users_, matrix.shape[0]),
            ("items", self.items_, source.items, self.n_items_, matrix.shape[1]),
        )
        for name, old, new, n_old, n_new in sides:
            if (old is None) != (new is None):
                raise DataError("`data` must be a Dataset if the first fit was on a Dataset, else a matrix.")
            kept = n_new >= n_old and (old is None or new is None or bool((new.ids[:n_old] == old.ids).all()))
            if not kept:
                raise DataError(
                    f"`data` must keep the {n_old} {name} of the last fit in their places, got {n_new} {name}. "
                    "Grow the training Dataset with Dataset.extend, or call fit to start anew."
                )

    @property
    def n_users_(self) -> int:
        """Number of users seen in training."""
        return int(self._fitted().seen_.shape[0])

    @property
    def n_items_(self) -> int:
        """Number of items seen in training."""
        return int(self._fitted().seen_.shape[1])

    def __sklearn_is_fitted__(self) -> bool:
        return "seen_" in self.__dict__

    def _fitted(self) -> Self:
        if not self.__sklearn_is_fitted__():
            name = type(self).__name__
            raise NotFittedError(f"This `{name}` is not fitted yet. Call {name}(...).fit(data) first.")
        return self

    def _require(self, ability: str) -> None:
        if ability not in self.abilities:
            models = (m for m in Parameterized._registry.values() if issubclass(m, Trainable))
            able = sorted(m.__name__ for m in models if not isabstract(m) and ability in m().abilities)
            raise UnsupportedError(
                f"`{type(self).__name__}` cannot do {ability}. Models that can: {', '.join(able)}."
            )

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_cache"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _cache={})

    def _facts(self) -> dict[str, str]:
        """Sizes and times of the fitted model, for people."""
        size = sum(value.nbytes for value in self.__dict__.values() if isinstance(value, np.ndarray))
        facts = {
            "users x items": f"{self.n_users_:,} x {self.n_items_:,}",
            "interactions": f"{self.seen_.nnz:,}",
            "epochs": str(len(self.history_)),
            "seconds": f"{self.fit_seconds_:.3g}",
            "memory of the factors": f"{size / 2**20:.1f} MiB",
        }
        return facts

    def _repr_html_(self) -> str:
        facts = self._facts() if self.__sklearn_is_fitted__() else {"state": "not fitted"}
        facts["abilities"] = ", ".join(sorted(self.abilities)) or "recommend, score, rank"
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
            for name, value in facts.items()
        )
        return f"<table><caption>{html.escape(repr(self))}</caption>{rows}</table>"
