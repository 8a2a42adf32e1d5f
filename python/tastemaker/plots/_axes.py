"""Where a plot is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tastemaker._table import Table
from tastemaker._validation import shown
from tastemaker.errors import ArgumentTypeError, MissingLibraryError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes(ax: Axes | None) -> Axes:
    """Return the axes given, or those of a new figure."""
    try:
        import matplotlib.axes
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingLibraryError(
            'Plots need matplotlib: pip install "tastemaker[plots]". '
            "The functions that end in _data give the numbers without it."
        ) from error
    if ax is None:
        return plt.subplots(layout="constrained")[1]
    if not isinstance(ax, matplotlib.axes.Axes):
        raise ArgumentTypeError(f"`ax` must be matplotlib axes or None, got {shown(ax)}.")
    return ax


def groups(table: Table, column: str) -> Iterator[tuple[Any, Table]]:
    """Yield each value of a column, in order of appearance, with the rows that have it."""
    keys = table[column]
    for key in dict.fromkeys(keys.tolist()):
        rows = np.flatnonzero(keys == key)
        yield key, Table({name: table[name][rows] for name in table})
