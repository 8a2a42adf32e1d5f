"""Plots of data, training and measurement, each with a function that gives its numbers.

They need matplotlib (``pip install "tastemaker[plots]"``). Every plot draws into ``ax``, or into a new figure, and
returns the axes, so that titles, limits and colours are yours to change. ``plots.long_tail_data(...)`` and so on
return what is drawn as a ``Table``, without matplotlib.
"""

from __future__ import annotations

from tastemaker.plots._measured import (
    metric_at_k,
    metric_at_k_data,
    paired_differences,
    paired_differences_data,
)
from tastemaker.plots._popularity import long_tail, long_tail_data, popularity_bias, popularity_bias_data
from tastemaker.plots._training import training_loss, training_loss_data

__all__ = [
    "long_tail",
    "long_tail_data",
    "metric_at_k",
    "metric_at_k_data",
    "paired_differences",
    "paired_differences_data",
    "popularity_bias",
    "popularity_bias_data",
    "training_loss",
    "training_loss_data",
]
