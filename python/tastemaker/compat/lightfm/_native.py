"""The native model under the façade."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker.models._features import Given
from tastemaker.models._sgd import Parameters, Table, weighted
from tastemaker.models._training import Training
from tastemaker.models.lightfm import LightFM
from tastemaker.retrieval import DenseScorer

Array = npt.NDArray[np.float32]


class _LightFM(LightFM):
    """`tastemaker.LightFM` that starts from given parameters of the users' and the items' features."""

    start: list[Parameters]
    seed: int

    def _fit(self, X: sp.csr_array, run: Training, given: Given = Given()) -> None:  # noqa: B008 - frozen
        features, tables = self._read(X, given), [Table(side) for side in self.start]
        self._learn(weighted(X, given.sample_weight), run, features, tables, self.seed)


def queries_of(biases: Array, embeddings: Array) -> Array:
    """Return [q, 1, b_u] of each user."""
    ones = np.ones((len(biases), 1), np.float32)
    return np.hstack([embeddings, ones, biases[:, None]], dtype=np.float32)


def scorer_of(biases: Array, embeddings: Array) -> DenseScorer:
    """Return the scorer of items [p, b_i, 1]."""
    ones = np.ones((len(biases), 1), np.float32)
    return DenseScorer(np.hstack([embeddings, biases[:, None], ones], dtype=np.float32))
