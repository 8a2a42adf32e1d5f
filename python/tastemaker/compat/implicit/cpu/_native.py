"""The native model under the façade's alternating least squares."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from tastemaker.models._alternation import Factors, padded
from tastemaker.models._inputs import Source
from tastemaker.models.als import ALS


class _ALS(ALS):
    """`tastemaker.ALS` that starts from given factors and takes the plain steps, one for one those of implicit."""

    _preconditioned = False

    start: tuple[np.ndarray, np.ndarray]

    def _start(self, shape: tuple[int, int]) -> tuple[Factors, Factors]:
        users, items = (padded(*side.shape) for side in self.start)
        for table, side in zip((users, items), self.start, strict=True):
            table[:, : side.shape[1]] = side
        return users, items


def solver_against(table: np.ndarray) -> ALS:
    """Return a model whose ``fold_in`` solves rows of interactions against the factors of their columns."""
    model = _ALS(unobserved_weight=1.0, nu=0.0)
    model.item_factors_ = np.ascontiguousarray(table, dtype=np.float32)
    model.user_factors_ = model.item_factors_[:0]
    nobody: sp.csr_array = sp.csr_array(np.empty((0, len(table)), np.float32))
    model._remember(nobody, Source(), [], 0.0)
    return model
