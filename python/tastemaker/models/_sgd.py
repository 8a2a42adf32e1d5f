"""Stochastic gradient descent: parameters of both sides, their layout in the core, and epochs over interactions."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._validation import CsrParts, as_csr, csr_parts
from tastemaker.errors import ArgumentError, DataError, ModelFitError
from tastemaker.models._training import Training

Array = npt.NDArray[np.float32]
#: Runs an epoch by its number, from 0, and the number of threads.
Epoch: TypeAlias = Callable[[int, int], object]

#: Vectors that each optimiser keeps beside the weights.
STATE = {"descent": 0, "adagrad": 1, "adadelta": 2}


@dataclass
class Parameters:
    """Weights of the features of one side; the bias is the last column of what the optimiser remembers."""

    embeddings: Array
    biases: Array
    gradients: Array  # running squares of gradients; without rows when the optimiser keeps none
    momentum: Array  # running squares of steps; likewise

    @classmethod
    def start(cls, rows: int, factors: int, optimizer: str, rng: np.random.Generator) -> Parameters:
        """Return small random embeddings and biases of zero, of which nothing was learned yet."""
        embeddings = (rng.random((rows, factors), dtype=np.float32) - 0.5) / np.float32(factors)
        state = STATE[optimizer]
        gradients = np.full((rows if state > 0 else 0, factors + 1), optimizer == "adagrad", np.float32)
        momentum = np.zeros((rows if state > 1 else 0, factors + 1), np.float32)
        return cls(embeddings, np.zeros(rows, np.float32), gradients, momentum)

    def check_goes_on(self, owner: str, factors: int, optimizer: str) -> None:
        """Raise unless training with these settings can go on from here."""
        width = self.embeddings.shape[1]
        if factors != width:
            raise ArgumentError(
                f"`factors` of `{owner}` must be {width} as in the last fit, got {factors}. Call fit to start anew."
            )
        state = STATE[optimizer]
        if (len(self.gradients) > 0, len(self.momentum) > 0) != (state > 0, state > 1):
            raise ArgumentError(
                f"`partial_fit` of `{owner}` must find the state of {optimizer!r} that the last fit left, but `slim` "
                "dropped it or `optimizer` was changed. Call fit to start anew."
            )

    def arrays(self) -> tuple[Array, Array, Array, Array]:
        """Return what the parameters consist of."""
        return self.embeddings, self.biases, self.gradients, self.momentum

    def take(self, before: Parameters, places: np.ndarray) -> None:
        """Set the rows at `places` to what was learned of them before."""
        self.embeddings[places] = before.embeddings
        self.biases[places] = before.biases
        self.gradients[places[: len(before.gradients)]] = before.gradients
        self.momentum[places[: len(before.momentum)]] = before.momentum


class Table:
    """Parameters as the core wants them: one padded row per feature, on cache lines, with the optimiser's state."""

    def __init__(self, parameters: Parameters) -> None:
        rows, self.factors = parameters.embeddings.shape
        self.width = _core.sgd_row_size(self.factors)
        states = [state for state in (parameters.gradients, parameters.momentum) if len(state)]
        self.states = len(states)
        self.data = _aligned(rows, self.width * (1 + self.states))
        self.data[:, : self.factors] = parameters.embeddings
        self.data[:, self.factors] = parameters.biases
        self.data[:, self.width :] = self.states == 1  # Adagrad divides by the root of its state, padding too
        for at, state in enumerate(states):
            self.data[:, (at + 1) * self.width :][:, : self.factors + 1] = state

    def parameters(self) -> Parameters:
        """Return views of what the table holds."""
        none = np.zeros((0, self.factors + 1), np.float32)
        states = (self.data[:, (at + 1) * self.width :][:, : self.factors + 1] for at in range(self.states))
        gradients, momentum = [*states, none, none][:2]
        return Parameters(self.data[:, : self.factors], self.data[:, self.factors], gradients, momentum)


def another_seed(rng: np.random.Generator, learned: Array) -> int:
    """Return a seed that does not repeat the draws of the training that ended with ``learned``."""
    return int(rng.integers(2**63)) ^ zlib.crc32(learned.tobytes())


def learn(
    tables: Sequence[Table],
    epoch: Epoch,
    run: Training,
    epochs: int,
    failure: Callable[[Exception, int], ModelFitError],
) -> Iterator[list[Parameters]]:
    """Run the epochs; yield after each what the tables hold, for the model to publish.

    What was yielded before is written over, unless a callback may hold on to it. ``failure`` makes the error of an
    epoch that left no finite parameters.
    """
    copies: list[Parameters] | None = None
    for number in run.epochs(epochs):
        try:
            epoch(number, run.threads)
        except _core.NumericalError as error:
            raise failure(error, number) from error
        copies = _copied(tables, copies, run)
        yield copies


def _copied(tables: Sequence[Table], kept: list[Parameters] | None, run: Training) -> list[Parameters]:
    """Return copies of what the tables hold now; written over ``kept`` in one step that Ctrl-C cannot part."""
    now = [table.parameters() for table in tables]
    if kept is None or run.watched:
        return [Parameters(*(array.copy() for array in side.arrays())) for side in now]
    targets, sources = ([array for side in sides for array in side.arrays()] for sides in (kept, now))
    _core.overwrite(targets, sources)
    return kept


class Engine:
    """Epochs over interactions.

    Parameters
    ----------
    examples : what each epoch visits, see `examples_of`
    tables : the parameters of the users' and of the items' features, which the epochs change
    features : the features of each side; None where row i has feature i alone
    """

    def __init__(
        self,
        examples: _core.SgdExamples,
        tables: Sequence[Table],
        features: Sequence[sp.csr_array | None],
        settings: _core.SgdSettings,
        *,
        seed: int,
        deterministic: bool,
    ) -> None:
        self._examples = examples
        self._tables = tables
        self._features = [None if side is None else _core.SgdMatrix(csr_parts(side)) for side in features]
        self._settings = settings
        self._seed = seed
        self._deterministic = deterministic

    def epoch(self, number: int, threads: int) -> int:
        """Visit each example once; return how many moved the parameters."""
        users, items = self._tables
        return _core.sgd_epoch(
            self._examples,
            users.data,
            items.data,
            self._features[0],
            self._features[1],
            users.factors,
            self._settings,
            seed=self._seed,
            epoch=number,
            deterministic=self._deterministic,
            threads=threads,
        )


def fold_in(
    examples: _core.SgdExamples,
    users: Parameters,
    items: Array,
    settings: _core.SgdSettings,
    epochs: int,
    threads: int,
) -> Array:
    """Return new users' embeddings, then biases, learned from their examples while the items stay as they are.

    ``items`` are embeddings, then biases. A user's row does not depend on the others.
    """
    table = Table(users)
    none = np.zeros((0, 0), np.float32)
    frozen = Table(Parameters(items[:, :-1], items[:, -1], none, none))
    _core.sgd_fold_in(
        examples, table.data, frozen.data, table.factors, settings, seed=0, epochs=epochs, threads=threads
    )
    return table.data[:, : table.factors + 1].copy()


def _aligned(rows: int, width: int) -> Array:
    """Return zeros on cache-line boundaries."""
    line, size = 64, rows * width * 4
    memory = np.zeros(size + line, dtype=np.uint8)
    start = -memory.ctypes.data % line
    return memory[start : start + size].view(np.float32).reshape(rows, width)


def likes_of(X: sp.csr_array) -> sp.csr_array:
    """Return the likes among interactions, or the matrix itself when there is nothing else."""
    if (X.data > 0).all():
        return X
    likes = X.copy()
    likes.data = np.maximum(X.data, 0)
    likes.eliminate_zeros()
    return likes


def popularity_of(X: sp.csr_array) -> _core.SgdPopularity:
    """Return what draws columns as often as they occur."""
    return _core.SgdPopularity(np.ascontiguousarray(X.indices, dtype=np.int32), X.shape[1])


def examples_of(X: sp.csr_array, loss: str, *, by_popularity: bool) -> _core.SgdExamples:
    """Return what an epoch visits: all interactions, or for losses that compare, the likes."""
    examples = X if loss == "logistic" else likes_of(X)
    if examples.nnz == 0:
        raise DataError(
            f"`data` must hold at least one like (a value > 0) for loss={loss!r}, got dislikes only. "
            "Use loss='logistic'."
        )
    return _core.SgdExamples(_parts(examples), popularity_of(X) if by_popularity else None)


def _parts(matrix: sp.csr_array) -> CsrParts:
    """Return the matrix for the core, without values when all are 1."""
    indptr, indices, values, columns = csr_parts(matrix)
    return indptr, indices, None if (matrix.data == 1).all() else values, columns


def weighted(X: sp.csr_array, sample_weight: Any) -> sp.csr_array:
    """Return X with the sizes of its values replaced by weights."""
    if sample_weight is None:
        return X
    weights = as_csr("sample_weight", sample_weight, shape=X.shape)
    if (weights.data < 0).any():
        raise DataError(
            f"`sample_weight` must be >= 0, got {weights.data.min():g}. The sign belongs to `data`."
        )
    if not (np.array_equal(weights.indptr, X.indptr) and np.array_equal(weights.indices, X.indices)):
        raise DataError(
            f"`sample_weight` must have a weight > 0 for each of the {X.nnz} interactions and nothing else, got "
            f"{weights.nnz} weights at other places. Leave interactions of weight 0 out of `data`."
        )
    return sp.csr_array((np.copysign(weights.data, X.data), X.indices, X.indptr), shape=X.shape)
