"""Plots of what evaluate and compare measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tastemaker._table import Table
from tastemaker._validation import check_choice, friendly, shown
from tastemaker.errors import ArgumentError, ArgumentTypeError
from tastemaker.evaluation import Comparison, Differences
from tastemaker.plots._axes import axes, groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@friendly
def metric_at_k(comparison: Comparison, metric: str = "ndcg", *, ax: Axes | None = None) -> Axes:
    """Draw a metric over the length of the list, a line per model with its confidence band.

    Read it from left to right: a model may win the first places and lose the rest of the list. Bands that overlap
    do not say that two models are equal; ``paired_differences`` shows that.

    Parameters
    ----------
    comparison : Comparison
        From ``compare``, with the metric at several cutoffs: ``["ndcg@1", "ndcg@5", "ndcg@10"]``.
    metric : str, default "ndcg"
        Its name without the cutoff.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ArgumentError
        The comparison does not have the metric.
    MissingLibraryError
        matplotlib is not installed.

    Examples
    --------
    >>> import tastemaker as tm
    >>> split = tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset)
    >>> models = {"popular": tm.Popular(), "knn": tm.KNN()}
    >>> result = tm.compare(models, split, [f"recall@{k}" for k in (1, 5, 10, 20)])
    >>> ax = tm.plots.metric_at_k(result, "recall")
    >>> ax.get_ylabel()
    'recall@k'
    """
    ax = axes(ax)
    for model, line in groups(metric_at_k_data(comparison, metric), "model"):
        (drawn,) = ax.plot(line["k"], line["value"], marker="o", markersize=4, label=model)
        ax.fill_between(
            line["k"], line["low"], line["high"], color=drawn.get_color(), alpha=0.15, linewidth=0
        )
    ax.locator_params(axis="x", integer=True)
    ax.set(xlabel="k, length of the list", ylabel=f"{metric}@k", ylim=(0, None))
    ax.legend()
    return ax


@friendly
def metric_at_k_data(comparison: Comparison, metric: str = "ndcg") -> Table:
    """Return what ``metric_at_k`` draws.

    Parameters
    ----------
    comparison, metric
        As in ``metric_at_k``.

    Returns
    -------
    Table
        Columns model, k, value, low and high; by model, then k.

    Examples
    --------
    >>> import tastemaker as tm
    >>> split = tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset)
    >>> result = tm.compare({"popular": tm.Popular()}, split, ["hit@10", "hit@1"])
    >>> tm.plots.metric_at_k_data(result, "hit")["k"].tolist()
    [1, 10]
    """
    _check_comparison(comparison)
    parts = [name.partition("@") for name in comparison.metrics]
    measured = dict.fromkeys(name for name, at, _ in parts if at)
    if not measured:
        raise ArgumentError("`comparison` must have a metric with a cutoff, like 'ndcg@10'.")
    check_choice("metric", metric, measured)
    cutoffs = sorted(int(k) for name, at, k in parts if at and name == metric)
    rows = [
        (model, k, *evaluation[f"{metric}@{k}"])
        for model, evaluation in comparison.evaluations.items()
        for k in cutoffs
    ]
    return _table(("model", "k", "value", "low", "high"), rows)


@friendly
def paired_differences(
    measured: Comparison | Differences, metric: str | None = None, *, ax: Axes | None = None
) -> Axes:
    """Draw by how much each model differs from the baseline, user by user, with the confidence interval.

    A model whose interval stays on one side of the line at 0 is better, or worse, than the baseline by more than the
    choice of test users explains.

    Parameters
    ----------
    measured : Comparison or Differences
        From ``compare(..., baseline=...)``.
    metric : str, optional
        With its cutoff. Default: the first one measured.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ArgumentError
        There is no model besides the baseline, or no such metric.
    MissingLibraryError
        matplotlib is not installed.

    Examples
    --------
    >>> import tastemaker as tm
    >>> split = tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset)
    >>> result = tm.compare({"popular": tm.Popular(), "knn": tm.KNN()}, split, "ndcg@10")
    >>> ax = tm.plots.paired_differences(result)
    >>> ax.get_xlabel()
    'ndcg@10, less that of popular'
    """
    differences = _differences(measured)
    table = paired_differences_data(differences, metric)
    ax = axes(ax)
    places = np.arange(len(table))[::-1]
    reach = np.abs([table["low"], table["high"]] - table["difference"])
    ax.axvline(0, color="0.6", linewidth=1)
    ax.errorbar(table["difference"], places, xerr=reach, fmt="o", capsize=3)
    ax.set_yticks(places, table["model"].tolist())
    ax.set_ylim(-0.5, len(table) - 0.5)
    ax.set_xlabel(f"{table['metric'][0]}, less that of {differences.baseline}")
    return ax


@friendly
def paired_differences_data(measured: Comparison | Differences, metric: str | None = None) -> Table:
    """Return what ``paired_differences`` draws.

    Parameters
    ----------
    measured, metric
        As in ``paired_differences``.

    Returns
    -------
    Table
        Columns model, baseline, metric, difference, low, high and p_value.

    Examples
    --------
    >>> import tastemaker as tm
    >>> split = tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset)
    >>> result = tm.compare({"popular": tm.Popular(), "knn": tm.KNN()}, split, "ndcg@10")
    >>> tm.plots.paired_differences_data(result)["model"].tolist()
    ['knn']
    """
    table = _differences(measured).to_table()
    if not len(table):
        raise ArgumentError("`measured` must have a model besides the baseline: compare two or more.")
    by_metric: dict[str, Table] = dict(groups(table, "metric"))
    return by_metric[next(iter(by_metric)) if metric is None else check_choice("metric", metric, by_metric)]


def _check_comparison(comparison: Any) -> None:
    if not isinstance(comparison, Comparison):
        raise ArgumentTypeError(f"`comparison` must come from compare(...), got {shown(comparison)}.")


def _differences(measured: Any) -> Differences:
    if isinstance(measured, Comparison):
        return measured.differences()
    if not isinstance(measured, Differences):
        raise ArgumentTypeError(f"`measured` must come from compare(...), got {shown(measured)}.")
    return measured


def _table(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    return Table(dict(zip(names, zip(*rows, strict=True), strict=True)))
