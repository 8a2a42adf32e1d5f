"""What the façade's BPR and logistic factorisation share: factors with columns of ones and biases, training, files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from tastemaker.compat._words import in_words
from tastemaker.compat.implicit import _files
from tastemaker.compat.implicit._arguments import thread_count, words
from tastemaker.compat.implicit.cpu.matrix_factorization_base import Factors, MatrixFactorizationBase, Side
from tastemaker.compat.implicit.utils import check_random_state
from tastemaker.errors import ArgumentError, FormatError
from tastemaker.models._sgd import Parameters, Table
from tastemaker.models._training import Training, TrainingState
from tastemaker.models.bpr import BPR
from tastemaker.models.logistic_mf import LogisticMF


class _Started:
    """A native model that starts from given parameters of users and items."""

    start: list[Parameters]
    seed: int
    _learn: Callable[..., None]

    def _fit(self, X: sp.csr_array, run: Training) -> None:
        self._learn(X, run, [Table(side) for side in self.start], self.seed)


class _BPR(_Started, BPR):
    """`tastemaker.BPR` from given parameters."""


class _LogisticMF(_Started, LogisticMF):
    """`tastemaker.LogisticMF` from given parameters."""


class Stochastic(MatrixFactorizationBase):
    """A factorisation trained by gradients."""

    factors: int
    dtype: Any
    random_state: Any

    #: Plain values of a file, by name, with their types.
    _saved: ClassVar[dict[str, type]]
    _extra: ClassVar[int]  # columns beside the factors

    @abstractmethod
    def _rows(self, rows: int, rng: np.random.Generator) -> Parameters:
        """Return parameters at random."""

    @abstractmethod
    def _split(self, side: Side, table: Factors) -> tuple[Factors, Factors]:
        """Return (factors, biases) of a table."""

    @abstractmethod
    def _joined(self, side: Side, factors: Factors, biases: Factors) -> Factors:
        """Return the table of factors and biases."""

    def _train(self, native: Any, user_items: sp.csr_array, show_progress: bool, report: Any) -> None:
        if self.dtype not in (np.float32, np.float64):
            raise ArgumentError(f"`dtype` must be float32 or float64, got {self.dtype}.")
        rng = check_random_state(self.random_state)
        active = (
            np.diff(user_items.indptr) > 0,
            np.bincount(user_items.indices, minlength=user_items.shape[1]) > 0,
        )
        sides: tuple[Side, Side] = ("users", "items")
        native.start = [self._begin(*side, rng) for side in zip(sides, active, strict=True)]
        native.seed = int(rng.integers(2**62))

        def take(model: Any) -> None:
            for side in sides:
                one = side.removesuffix("s")
                parts = getattr(model, f"{one}_factors_"), getattr(model, f"{one}_biases_")
                setattr(self, f"{one}_factors", self._joined(side, *parts).astype(self.dtype))

        def after_epoch(state: TrainingState) -> None:
            take(state.model)
            if report is not None:
                report(state)

        threads = thread_count(self.num_threads)
        with in_words(words):
            native.fit(user_items, progress=bool(show_progress), callback=after_epoch, threads=threads)

    def _begin(self, side: Side, active: np.ndarray, rng: np.random.Generator) -> Parameters:
        """Return the present parameters; new rows at random, those without interactions at zero."""
        start = self._rows(len(active), rng)
        start.embeddings[~active], start.biases[~active] = 0, 0
        present = self._to_go_on(side, len(active), self.factors, self._extra)
        if present is None:
            return start
        start.embeddings[: len(present)], start.biases[: len(present)] = self._split(side, present)
        return start

    def save(self, file: Any) -> None:
        """Write the model to a ``.npz`` file in implicit's layout, which implicit loads."""
        seed = self.random_state if isinstance(self.random_state, (int, np.integer)) else None
        values = {name: kind(getattr(self, name)) for name, kind in self._saved.items()}
        factors = {"user_factors": self.user_factors, "item_factors": self.item_factors}
        _files.write(file, {**factors, **values, "dtype": self.dtype.name, "random_state": seed})

    @classmethod
    def load(cls, fileobj_or_path: Any) -> Self:
        """Return the model of a file that ``save`` or implicit wrote; nothing in it is executed."""
        values = _files.read(
            fileobj_or_path, {*cls._saved, "user_factors", "item_factors", "dtype", "random_state"}
        )
        model = cls()
        if "random_state" in values:
            model.random_state = _files.take(values, "random_state", int, 0)
        for name, kind in cls._saved.items():
            setattr(model, name, _files.take(values, name, kind, getattr(model, name)))
        model.dtype = np.dtype("float64" if values.get("dtype") == "float64" else "float32")
        for name in ("user_factors", "item_factors"):
            if name in values:
                table = values[name]
                if np.ndim(table) != 2 or table.shape[1] != model.factors + cls._extra:
                    raise FormatError(f"`{name}` in the file must have {model.factors + cls._extra} columns.")
                setattr(model, name, table)
        return model


def ones(factors: Factors) -> Factors:
    """Return a column of ones beside factors."""
    return np.ones((len(factors), 1), np.float32)
