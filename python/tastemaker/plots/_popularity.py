"""Plots of how popular items are, and how much more popular what models recommend is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tastemaker._table import Table
from tastemaker._validation import as_csr, check_int, friendly, shown
from tastemaker.data import Dataset
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError
from tastemaker.evaluation import Comparison, Evaluation
from tastemaker.plots._axes import axes, groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_training = "training data"


@friendly
def long_tail(data: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how many users have each item, from the most popular item to the least.

    The shaded head holds half of all interactions. The smaller it is, the better recommending what is popular does,
    and the less it tells anybody.

    Parameters
    ----------
    data : Dataset or scipy sparse matrix
        Users x items.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        No interactions.
    MissingLibraryError
        matplotlib is not installed.

    Examples
    --------
    >>> import tastemaker as tm
    >>> ax = tm.plots.long_tail(tm.datasets.make_movies(rng=0).dataset)
    >>> ax.get_ylabel()
    'users who have it'
    """
    table = long_tail_data(data)
    ax = axes(ax)
    head = int(np.searchsorted(table["share"], 0.5)) + 1
    label = f"half of the interactions: {head:,} of {len(table):,} items"
    ax.plot(table["rank"], table["users"])
    ax.fill_between(table["rank"][:head], table["users"][:head], alpha=0.25, label=label)
    ax.set(xlabel="item, by popularity", ylabel="users who have it", xlim=(1, len(table)), ylim=(0, None))
    ax.legend()
    return ax


@friendly
def long_tail_data(data: Any) -> Table:
    """Return what ``long_tail`` draws.

    Parameters
    ----------
    data
        As in ``long_tail``.

    Returns
    -------
    Table
        Columns rank (from 1, the most popular item), users (who have it) and share (of all interactions that fall on
        this item or a more popular one).

    Examples
    --------
    >>> import numpy as np
    >>> import scipy.sparse as sp
    >>> import tastemaker as tm
    >>> tm.plots.long_tail_data(sp.csr_array(np.array([[1, 1, 0], [0, 1, 0]])))
    rank  users  share
    ----  -----  -----
       1      2  0.667
       2      1  1.000
       3      0  1.000
    """
    matrix = data.matrix if isinstance(data, Dataset) else as_csr("data", data)
    if matrix.nnz == 0:
        raise DataError("`data` must hold at least one interaction, got none.")
    users = np.sort(np.bincount(matrix.indices, minlength=matrix.shape[1]))[::-1]
    return Table(
        {"rank": np.arange(1, len(users) + 1), "users": users, "share": np.cumsum(users) / matrix.nnz}
    )


@friendly
def popularity_bias(
    measured: Comparison | Evaluation, *, n: int | None = None, ax: Axes | None = None
) -> Axes:
    """Draw which share of the recommendations falls on the most popular items, beside the training data's share.

    A point (10, 90) says that nine of ten recommendations are of the most popular tenth of the items. A curve above
    that of the training data makes the popular more popular; on the diagonal all items would be recommended alike.

    Parameters
    ----------
    measured : Comparison or Evaluation
        From ``compare`` or ``evaluate``; nothing is recommended anew.
    n : int, optional
        Places of each list that count. Default: the longest cutoff that was measured.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ArgumentError
        ``n`` is beyond the lists measured.
    MissingLibraryError
        matplotlib is not installed.

    Examples
    --------
    >>> import tastemaker as tm
    >>> split = tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset)
    >>> result = tm.compare({"popular": tm.Popular(), "knn": tm.KNN()}, split, "ndcg@10")
    >>> ax = tm.plots.popularity_bias(result)
    >>> [line.get_label() for line in ax.lines]
    ['training data', 'popular', 'knn']
    """
    table = popularity_bias_data(measured, n=n)
    ax = axes(ax)
    for source, line in groups(table, "source"):
        style: dict[str, Any] = {"color": "0.4", "linestyle": "--"} if source == _training else {}
        ax.plot(100 * line["items"], 100 * line["share"], label=source, **style)
    ax.set(xlabel="% of the items, the most popular first", ylabel="% of the recommendations")
    ax.set(xlim=(0, 100), ylim=(0, 101))
    ax.legend()
    return ax


@friendly
def popularity_bias_data(measured: Comparison | Evaluation, *, n: int | None = None) -> Table:
    """Return what ``popularity_bias`` draws.

    Parameters
    ----------
    measured, n
        As in ``popularity_bias``.

    Returns
    -------
    Table
        Columns source ("training data" or the model), items (share of the items, the most popular first; 101 steps
        from 0 to 1) and share (of the interactions or recommendations that fall on them).

    Examples
    --------
    >>> import tastemaker as tm
    >>> split = tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset)
    >>> table = tm.plots.popularity_bias_data(tm.evaluate(tm.Popular(), split, "ndcg@10"))
    >>> table["share"][[0, 100, 101, 201]].tolist()
    [0.0, 1.0, 0.0, 1.0]
    """
    evaluations = _evaluations(measured)
    first = evaluations[0]
    depth = first.lists.shape[1]
    n = depth if n is None else check_int("n", n, low=1)
    if n > depth:
        raise ArgumentError(
            f"`n` must be at most {depth}, the longest list measured, got {n}. Measure 'ndcg@{n}'."
        )
    order = np.argsort(-first.item_popularity, kind="stable")
    counts = {_training: first.item_popularity} | {
        evaluation.name: _recommended(evaluation, n) for evaluation in evaluations
    }
    steps = np.linspace(0, 1, 101)
    curves = [_shares(count[order], steps) for count in counts.values()]
    return Table(
        {
            "source": np.repeat(np.array(list(counts), dtype=object), len(steps)),
            "items": np.tile(steps, len(counts)),
            "share": np.concatenate(curves),
        }
    )


def _evaluations(measured: Any) -> list[Evaluation]:
    if isinstance(measured, Evaluation):
        return [measured]
    if not isinstance(measured, Comparison):
        raise ArgumentTypeError(
            f"`measured` must come from compare(...) or evaluate(...), got {shown(measured)}."
        )
    return list(measured.evaluations.values())


def _recommended(evaluation: Evaluation, n: int) -> np.ndarray:
    """Return how often each item is on the first n places of a list."""
    ids = evaluation.lists[:, :n]
    return np.bincount(ids[ids >= 0], minlength=len(evaluation.item_popularity))


def _shares(counts: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the share of all counts within the first items, for each share of the items."""
    running = np.concatenate([[0.0], np.cumsum(counts)]) / max(counts.sum(), 1)
    shares: np.ndarray = np.interp(steps, np.linspace(0, 1, len(running)), running)
    return shares
