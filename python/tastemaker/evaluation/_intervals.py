"""Bootstrap intervals of means over users."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

# Drawn users per batch: some 16 MB, whatever the number of users.
_batch_entries = 2**20


class Interval(NamedTuple):
    """A figure and its confidence interval.

    Attributes
    ----------
    value : float
        The mean over users.
    low, high : float
        Bounds of the interval; NaN with a single user.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return plus_minus([self])[0]


def plus_minus(figures: list[Interval]) -> list[str]:
    """Return figures as "0.171 ±0.006", all with the same decimals; ± is half the interval's width."""
    decimals = 3 if max(figure.value for figure in figures) >= 0.1 else 4
    return [
        f"{figure.value:.{decimals}f} ±{(figure.high - figure.low) / 2:.{decimals}f}" for figure in figures
    ]


def resampled_means(values: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return the mean of each row of values over as many users as there are, drawn with repetition.

    Every row is resampled with the same users, so rows stay comparable draw by draw: the difference of two rows has the
    difference of their means.

    Parameters
    ----------
    values : ndarray of float64 (figures x users)
    draws : int
    rng : Generator

    Returns
    -------
    ndarray of float64 (figures x draws)
    """
    n_users = values.shape[1]
    by_user = np.ascontiguousarray(values.T)
    per_batch = max(1, _batch_entries // n_users)
    means = np.empty((draws, len(values)))
    for at in range(0, draws, per_batch):
        drawn = rng.integers(n_users, size=(min(per_batch, draws - at), n_users))
        # A draw is a sparse row of ones at the drawn users: one product for all figures instead of a gather
        # for each. Not a dense product: BLAS threads would fight with ours, and bits depend on their number.
        picks = sp.csr_array(
            (np.ones(drawn.size), drawn.ravel(), np.arange(0, drawn.size + 1, n_users)), (len(drawn), n_users)
        )
        means[at : at + len(drawn)] = picks @ by_user / n_users
    return means.T


def intervals_of(values: np.ndarray, means: np.ndarray, confidence: float) -> list[Interval]:
    """Return the mean of each row of values with the percentile interval of its resampled means.

    With a single user the bounds are NaN: nothing is known of the spread.

    Parameters
    ----------
    values : ndarray of float64 (figures x users)
    means : ndarray of float64 (figures x draws)
        From ``resampled_means``.
    confidence : float
    """
    tail = (1 - confidence) / 2
    bounds = np.quantile(means, [tail, 1 - tail], axis=1)
    if values.shape[1] < 2:
        bounds[:] = np.nan
    return [Interval(*map(float, figure)) for figure in zip(values.mean(axis=1), *bounds, strict=True)]
