"""Figures per segment: for cold and warm users or items, by activity or popularity, or by anybody's labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from tastemaker._runtime import generator, num_threads
from tastemaker._table import Table, Tabular
from tastemaker._validation import check_choice, check_int
from tastemaker.errors import ArgumentError
from tastemaker.evaluation._beyond import Catalogue
from tastemaker.evaluation._intervals import Interval, intervals_of, plus_minus, resampled_means
from tastemaker.evaluation._lists import Lists
from tastemaker.evaluation._metrics import RankingMetrics

# What divides users or relevant items, in words for the printed table.
segmentations = {
    "activity": "Users by the number of items in their history",
    "users": "Cold users have no history",
    "popularity": "Relevant items by the number of training users who have them",
    "items": "Cold items are those that no training user has",
}


@dataclass(frozen=True)
class Basis:
    """What a model's figures were computed from."""

    lists: Lists
    catalogue: Catalogue
    metrics: RankingMetrics

    def per_user(self, threads: int) -> np.ndarray:
        """Return the metrics of each user (metrics x users)."""
        return self.metrics.of_lists(self.lists, self.catalogue, threads)


class SegmentFigure(NamedTuple):
    """A figure of one segment.

    Attributes
    ----------
    model, segment, metric : str
    n_users : int
        Test users in the segment.
    interval : Interval
        The figure and its bootstrap interval.
    """

    model: str
    segment: str
    metric: str
    n_users: int
    interval: Interval


@dataclass(frozen=True, eq=False, repr=False)
class Segments(Tabular):
    """Figures per segment: what ``Evaluation.segments`` and ``Comparison.segments`` return.

    Attributes
    ----------
    by : str
        What the segments are of: the name given, or "labels".
    rows : tuple of SegmentFigure
        By segment, then model, then metric.
    confidence : float
        Level of the intervals.
    draws : int
        Bootstrap samples behind the intervals.
    """

    by: str
    rows: tuple[SegmentFigure, ...]
    confidence: float
    draws: int

    def to_table(self) -> Table:
        """Return columns segment, model, metric, users, value, low and high."""
        rows = [(row.segment, row.model, row.metric, row.n_users, *row.interval) for row in self.rows]
        names = ("segment", "model", "metric", "users", "value", "low", "high")
        return Table(dict(zip(names, zip(*rows, strict=True), strict=True)))

    def _display(self) -> Table:
        metrics = list(dict.fromkeys(row.metric for row in self.rows))
        firsts = self.rows[:: len(metrics)]
        columns: dict[str, Any] = {"segment": [row.segment for row in firsts]}
        if len({row.model for row in firsts}) > 1:
            columns["model"] = [row.model for row in firsts]
        columns["users"] = [row.n_users for row in firsts]
        for at, metric in enumerate(metrics):
            columns[metric] = plus_minus([row.interval for row in self.rows[at :: len(metrics)]])
        level = f"{100 * self.confidence:.6g} %"
        return Table(
            columns,
            caption=f"{segmentations.get(self.by, 'Users by the labels given')}.\n± is half the width of the {level} "
            f"bootstrap interval over users ({self.draws:,} samples).",
        )


def segments_of(
    bases: dict[str, Basis], by: Any, *, bins: int, confidence: float, draws: int, rng: Any, threads: Any
) -> Segments:
    """Return the figures of models, by name, for each segment of the same test users."""
    bins, random, threads = check_int("bins", bins, low=2), generator(rng), num_threads(threads)
    first = next(iter(bases.values()))
    rows: list[SegmentFigure] = []
    for segment, part_of in _parts(by, bins, first.lists, first.catalogue.popularity):
        # Every model has the same users, so their intervals come from the same draws.
        per_user = np.concatenate(
            [replace(basis, lists=part_of(basis.lists)).per_user(threads) for basis in bases.values()]
        )
        intervals = intervals_of(per_user, resampled_means(per_user, draws, random), confidence)
        labels = [(model, metric) for model in bases for metric in first.metrics.labels]
        rows += [
            SegmentFigure(model, segment, metric, per_user.shape[1], interval)
            for (model, metric), interval in zip(labels, intervals, strict=True)
        ]
    return Segments(by if isinstance(by, str) else "labels", tuple(rows), confidence, draws)


def _parts(
    by: Any, bins: int, lists: Lists, popularity: np.ndarray
) -> Iterator[tuple[str, Callable[[Lists], Lists]]]:
    """Yield the name of each segment that somebody is in, and what takes it from a model's lists."""
    if not isinstance(by, str):
        names, of_user = np.unique(_labels(by, len(lists.ids)), return_inverse=True)
        return ((str(name), _users(of_user == at)) for at, name in enumerate(names))
    of_users = check_choice("by", by, segmentations) in ("activity", "users")
    values = lists.activity if of_users else popularity[lists.truth.indices].astype(np.int64)
    masks = _quantiles(values, bins) if by in ("activity", "popularity") else _cold_and_warm(values)
    take = _users if of_users else _relevant
    return ((name, take(mask)) for name, mask in masks)


def _users(mask: np.ndarray) -> Callable[[Lists], Lists]:
    return lambda lists: lists.take(np.flatnonzero(mask))


def _relevant(entries: np.ndarray) -> Callable[[Lists], Lists]:
    return lambda lists: lists.with_relevant(entries)


def _quantiles(values: np.ndarray, bins: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield ranges of values, each with about as many of them; equal values stay together."""
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf"))
    bin_of = np.searchsorted(edges, values)
    for at in np.unique(bin_of):
        mask = bin_of == at
        low, high = values[mask].min(), values[mask].max()
        yield f"{low:,}" if low == high else f"{low:,} to {high:,}", mask


def _cold_and_warm(values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    for name, mask in (("cold", values == 0), ("warm", values > 0)):
        if mask.any():
            yield name, mask


def _labels(by: Any, n_users: int) -> np.ndarray:
    labels = np.asarray(by)
    if labels.shape != (n_users,):
        raise ArgumentError(
            f"`by` must be one of {', '.join(segmentations)}, or a label for each of the {n_users:,} test users in the "
            f"order of `users`; got an array of shape {labels.shape}."
        )
    return labels.astype(str) if labels.dtype == object else labels
