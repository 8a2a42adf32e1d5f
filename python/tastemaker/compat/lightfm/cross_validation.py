"""Splits of interactions."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_coo, check_float
from tastemaker.errors import DataError

__all__ = ["random_train_test_split"]


def random_train_test_split(
    interactions: Any, test_percentage: float = 0.2, random_state: Any = None
) -> tuple[sp.coo_matrix, sp.coo_matrix]:
    """Return (train, test): each stored entry in one of them, by chance.

    The same seed splits interactions and their weights alike, and as LightFM does.

    Parameters
    ----------
    interactions : sparse matrix
    test_percentage : float, default 0.2
        A fraction, in [0, 1].
    random_state : int, RandomState or None

    Returns
    -------
    (train, test) : (coo_matrix, coo_matrix)
    """
    if not sp.issparse(interactions):
        raise DataError(
            f"`interactions` must be a scipy sparse matrix, got {type(interactions).__name__}. "
            "Wrap a dense array in scipy.sparse.coo_matrix."
        )
    fraction = check_float("test_percentage", test_percentage, low=0, high=1)
    rng = random_state
    if not isinstance(rng, np.random.RandomState):
        rng = np.random.RandomState(random_state)
    entries = as_coo("interactions", interactions)
    order = np.arange(entries.nnz)
    rng.shuffle(order)
    parts = np.split(order, [int((1.0 - fraction) * entries.nnz)])
    train, test = (
        sp.coo_matrix((entries.data[part], (entries.row[part], entries.col[part])), shape=entries.shape)
        for part in parts
    )
    return train, test
