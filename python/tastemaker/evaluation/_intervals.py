"""Bootstrap intervals of means over users."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.stats import bootstrap

# Drawn users per batch: some 16 MB, whatever the number of users.
_batch_entries = 2**20


def mean_intervals(
    values: np.ndarray, confidence: float, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile bootstrap interval of the mean of each row: arrays low and high.

    Every row is resampled with the same users, so rows stay comparable draw by draw. One row is one figure
    (of one model, one metric); columns are users. A single user gives NaN: nothing is known of the spread.

    Parameters
    ----------
    values : ndarray of float64 (figures x users)
    confidence : float
    draws : int
    rng : Generator
    """
    n_users = values.shape[1]
    if n_users < 2:
        unknown = np.full(len(values), np.nan)
        return unknown, unknown

    by_user = np.ascontiguousarray(values.T)

    def means(drawn: np.ndarray, axis: int) -> np.ndarray:
        # A draw is a sparse row of ones at the drawn users: one product for all figures instead of a gather
        # for each. Not a dense product: BLAS threads would fight with ours, and bits depend on their number.
        ones = np.ones(drawn.size)
        picks = sp.csr_array(
            (ones, drawn.ravel(), np.arange(0, drawn.size + 1, n_users)), (len(drawn), n_users)
        )
        resampled: np.ndarray = (picks @ by_user).T / n_users
        return resampled

    interval = bootstrap(
        (np.arange(n_users),),
        means,
        n_resamples=draws,
        batch=max(1, _batch_entries // n_users),
        vectorized=True,
        confidence_level=confidence,
        method="percentile",
        rng=rng,
    ).confidence_interval
    return np.asarray(interval.low), np.asarray(interval.high)
