"""What evaluate and compare return: figures that print as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tastemaker._table import Table, Tabular
from tastemaker._validation import check_choice
from tastemaker.evaluation._differences import Differences
from tastemaker.evaluation._intervals import Interval, plus_minus
from tastemaker.evaluation._segments import Basis, Segments, segments_of


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Tabular):
    """How good one model is: what ``evaluate`` returns.

    ``evaluation["ndcg@10"]`` is an ``Interval``; printed, it is a table with a row per metric.

    Attributes
    ----------
    name : str
        The model's name.
    figures : dict of str to Interval
        Mean over users (of coverage, the share of items) and its interval, per metric.
    per_user : dict of str to ndarray of float64
        The metric of each test user, in the order of ``users``. Coverage is no user's: there it has the values that
        its interval is made from.
    users : ndarray
        Ids of the test users (row numbers of the split's test data where there are no ids).
    fit_seconds, recommend_seconds : float
        Time of the model's fit, and of the lists of all test users.
    confidence : float
        Level of the intervals.
    draws : int
        Bootstrap samples behind the intervals.
    """

    name: str
    figures: dict[str, Interval]
    per_user: dict[str, np.ndarray]
    users: np.ndarray
    fit_seconds: float
    recommend_seconds: float
    confidence: float
    draws: int
    _basis: Basis

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics."""
        return list(self.figures)

    @property
    def n_users(self) -> int:
        """Number of test users."""
        return len(self.users)

    @property
    def lists(self) -> np.ndarray:
        """Indices of the items recommended to each test user (users x longest cutoff), -1 after a list's end."""
        return self._basis.lists.ids

    @property
    def item_popularity(self) -> np.ndarray:
        """Number of training users who have each item."""
        return self._basis.catalogue.popularity

    def __getitem__(self, metric: str) -> Interval:
        return self.figures[check_choice("metric", metric, self.figures)]

    def segments(
        self, by: Any = "activity", *, bins: int = 4, rng: Any = 0, threads: int | None = None
    ) -> Segments:
        """Return the figures of each segment of the test users, or of the relevant items.

        Parameters
        ----------
        by : str or array_like, default "activity"
            - "activity": users by the number of items in their history, in ``bins`` of about equal size
            - "users": cold ones, without a history, and warm ones
            - "popularity": relevant items by the number of training users who have them, in ``bins`` of about as many
              test interactions
            - "items": cold ones, which no training user has, and warm ones
            - an array: a label of your own for each of ``users``

            Where items are divided, only those of the segment count as relevant, to the users who have one.
        bins : int, default 4
            Quantiles of activity or popularity, >= 2; fewer come out where many values are equal.
        rng : int, Generator, SeedSequence or None, default 0
            Source of the bootstrap's randomness; each segment's users are drawn for themselves.
        threads : int, optional
            See ``tastemaker.num_threads``.

        Returns
        -------
        Segments

        Raises
        ------
        ArgumentError
            An unknown name, or labels for another number of users.

        Examples
        --------
        >>> import tastemaker as tm
        >>> split = tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset)
        >>> segments = tm.evaluate(tm.KNN(), split, "ndcg@10").segments("activity", bins=2)
        >>> segments.to_table().columns
        ['segment', 'model', 'metric', 'users', 'value', 'low', 'high']
        >>> len(segments.rows)
        2
        """
        return segments_of(
            {self.name: self._basis},
            by,
            bins=bins,
            confidence=self.confidence,
            draws=self.draws,
            rng=rng,
            threads=threads,
        )

    def to_table(self) -> Table:
        """Return columns metric, value, low and high."""
        return self._table(caption="")

    def _display(self) -> Table:
        times = f"fitted in {self.fit_seconds:.2f} s, lists made in {self.recommend_seconds:.2f} s"
        return self._table(f"{self.name}, {self.n_users:,} test users; {_interval_name(self)}; {times}.")

    def _table(self, caption: str) -> Table:
        values, low, high = zip(*self.figures.values(), strict=True)
        return Table({"metric": self.metrics, "value": values, "low": low, "high": high}, caption=caption)


class Comparison(Tabular):
    """How good several models are on the same users: what ``compare`` returns.

    ``comparison["als"]`` is that model's ``Evaluation``; printed, it is a table with a row per model.

    Attributes
    ----------
    evaluations : dict of str to Evaluation
        By model name. All have the same metrics and users, and intervals from the same bootstrap samples.
    """

    def __init__(self, evaluations: dict[str, Evaluation], differences: Differences) -> None:
        self.evaluations = evaluations
        self._differences = differences

    @property
    def models(self) -> list[str]:
        """Names of the models."""
        return list(self.evaluations)

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics."""
        return self._any.metrics

    @property
    def n_users(self) -> int:
        """Number of test users."""
        return self._any.n_users

    @property
    def _any(self) -> Evaluation:
        return next(iter(self.evaluations.values()))

    def __getitem__(self, model: str) -> Evaluation:
        return self.evaluations[check_choice("model", model, self.evaluations)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.evaluations)

    def __len__(self) -> int:
        return len(self.evaluations)

    def differences(self) -> Differences:
        """Return each other model's paired differences to the baseline, with intervals and p-values."""
        return self._differences

    def segments(
        self, by: Any = "activity", *, bins: int = 4, rng: Any = 0, threads: int | None = None
    ) -> Segments:
        """Return the figures of each model for each segment; see ``Evaluation.segments``."""
        return segments_of(
            {name: evaluation._basis for name, evaluation in self.evaluations.items()},
            by,
            bins=bins,
            confidence=self._any.confidence,
            draws=self._any.draws,
            rng=rng,
            threads=threads,
        )

    def to_table(self) -> Table:
        """Return one row per model and metric: value, low, high, and the model's seconds."""
        rows = [
            (e.name, metric, *figure, e.fit_seconds, e.recommend_seconds)
            for e in self.evaluations.values()
            for metric, figure in e.figures.items()
        ]
        names = ("model", "metric", "value", "low", "high", "fit_seconds", "recommend_seconds")
        return Table(dict(zip(names, zip(*rows, strict=True), strict=True)))

    def _display(self) -> Table:
        all_of = list(self.evaluations.values())
        figures = {metric: self._marked(metric) for metric in self.metrics}
        return Table(
            {
                "model": self.models,
                **figures,
                "fit s": [e.fit_seconds for e in all_of],
                "recommend s": [e.recommend_seconds for e in all_of],
            },
            caption=f"{self.n_users:,} test users; ± is half the width of the {_interval_name(self._any)}."
            + self._explained_mark(),
        )

    def _marked(self, metric: str) -> list[str]:
        texts = plus_minus([e.figures[metric] for e in self.evaluations.values()])
        if len(self) < 2:
            return texts
        marks = [" *" if self._differences.significant(name, metric) else "" for name in self]
        return [text + mark for text, mark in zip(texts, marks, strict=True)]

    def _explained_mark(self) -> str:
        if len(self) < 2:
            return ""
        level = 1 - self._any.confidence
        return f"\n* differs from {self._differences.baseline} (paired t-test, p < {level:.4g})."


def _interval_name(evaluation: Evaluation) -> str:
    level = f"{100 * evaluation.confidence:.6g} %"
    return f"{level} bootstrap interval over users ({evaluation.draws:,} samples)"
