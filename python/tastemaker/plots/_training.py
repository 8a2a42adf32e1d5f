"""Plots of how training went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tastemaker._table import Table
from tastemaker._validation import friendly, shown
from tastemaker.errors import ArgumentError, ArgumentTypeError
from tastemaker.models.base import Recommender
from tastemaker.plots._axes import axes, groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@friendly
def training_loss(models: Recommender | Mapping[str, Recommender], *, ax: Axes | None = None) -> Axes:
    """Draw the training loss after each epoch, a line per model.

    A line that still falls at its end asks for more epochs. Losses of models with other parameters or other
    objectives are not on one scale: compare the shapes, and leave the verdict to ``compare``.

    Parameters
    ----------
    models : Recommender or mapping of str to Recommender
        Fitted, with a loss per epoch in ``history_``: ``ALS(compute_loss=True)``.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ArgumentError
        A model has recorded no loss.
    NotFittedError
        A model was not fitted.
    MissingLibraryError
        matplotlib is not installed.

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.datasets.make_movies(rng=0).dataset
    >>> model = tm.ALS(factors=8, epochs=5, compute_loss=True, rng=0).fit(data)
    >>> ax = tm.plots.training_loss(model)
    >>> ax.get_xlabel()
    'epoch'
    """
    ax = axes(ax)
    for model, line in groups(training_loss_data(models), "model"):
        ax.plot(line["epoch"], line["loss"], marker="o", markersize=4, label=model)
    ax.set(xlabel="epoch", ylabel="training loss")
    ax.locator_params(axis="x", integer=True)
    ax.legend()
    return ax


@friendly
def training_loss_data(models: Recommender | Mapping[str, Recommender]) -> Table:
    """Return what ``training_loss`` draws.

    Parameters
    ----------
    models
        As in ``training_loss``.

    Returns
    -------
    Table
        Columns model, epoch and loss.

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.datasets.make_movies(rng=0).dataset
    >>> model = tm.ALS(factors=8, epochs=3, compute_loss=True, rng=0).fit(data)
    >>> losses = tm.plots.training_loss_data(model)["loss"]
    >>> bool(losses[0] > losses[1] > losses[2])
    True
    """
    rows = [row for name, model in _named(models).items() for row in _losses(name, model)]
    names, epochs, losses = zip(*rows, strict=True)
    return Table({"model": names, "epoch": epochs, "loss": losses})


def _named(models: Any) -> Mapping[str, Recommender]:
    if isinstance(models, Recommender):
        return {type(models).__name__: models}
    if not isinstance(models, Mapping) or not all(isinstance(m, Recommender) for m in models.values()):
        raise ArgumentTypeError(
            f"`models` must be a model or a mapping of names to models, got {shown(models)}."
        )
    if not models:
        raise ArgumentError("`models` must hold at least one model, got none.")
    return models


def _losses(name: str, model: Recommender) -> list[tuple[str, int, float]]:
    losses = [(name, entry["epoch"], entry["loss"]) for entry in model._fitted().history_]
    recorded = [row for row in losses if row[2] is not None]
    if not recorded:
        raise ArgumentError(
            f"`models` must have recorded a loss per epoch, got none from {name}. Use ALS(compute_loss=True)."
        )
    return recorded
