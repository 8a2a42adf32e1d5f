"""How much models differ from one of them, user by user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import ttest_rel

from tastemaker._table import Table, Tabular


class Difference(NamedTuple):
    """A model's figure less the baseline's.

    Attributes
    ----------
    model, metric : str
    value : float
        Mean over users of the model's metric less the baseline's; positive where the model is better.
    low, high : float
        Bootstrap interval of it; NaN with a single user.
    p_value : float
        Of a two-sided paired t-test; NaN with a single user.
    """

    model: str
    metric: str
    value: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, eq=False, repr=False)
class Differences(Tabular):
    """Paired differences to a baseline: what ``Comparison.differences`` returns.

    Attributes
    ----------
    baseline : str
        The model that the others are compared with.
    rows : tuple of Difference
        One per other model and metric.
    n_users : int
        Number of test users, the pairs of each test.
    confidence : float
        Level of the intervals; a difference is significant where its p-value is below 1 - ``confidence``.
    """

    baseline: str
    rows: tuple[Difference, ...]
    n_users: int
    confidence: float

    def significant(self, model: str, metric: str) -> bool:
        """Return whether a model differs from the baseline in a metric; False for the baseline itself."""
        return any(
            (row.model, row.metric) == (model, metric) and self._is_significant(row) for row in self.rows
        )

    def sentences(self) -> list[str]:
        """Return each difference in words."""
        return [self._sentence(row) for row in self.rows]

    def to_table(self) -> Table:
        """Return columns model, baseline, metric, difference, low, high and p_value."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(Difference._fields)
        models, metrics, values, low, high, p_values = columns
        return Table(
            {
                "model": models,
                "baseline": [self.baseline] * len(self.rows),
                "metric": metrics,
                "difference": values,
                "low": low,
                "high": high,
                "p_value": p_values,
            }
        )

    def _display(self) -> Table:
        plain = self.to_table()
        columns = {name: plain[name] for name in plain if name != "baseline"}
        columns["p_value"] = np.array([_p_text(row.p_value) for row in self.rows], dtype=object)
        level = f"{100 * self.confidence:.6g} %"
        return Table(
            columns,
            caption=f"Model less {self.baseline}, {self.n_users:,} users; {level} bootstrap interval over users; "
            "paired t-test, not corrected for the number of tests.",
        )

    def _is_significant(self, row: Difference) -> bool:
        return row.p_value < 1 - self.confidence

    def _sentence(self, row: Difference) -> str:
        verdict = f"{row.value:+.4f}, significant" if self._is_significant(row) else "not significant"
        users = f"{self.n_users:,} users"
        return (
            f"{row.model} and {self.baseline}: difference in {row.metric} {verdict} "
            f"({_p_text(row.p_value)}, {users})"
        )


def paired_p_values(values: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """Return the two-sided p-value of the paired t-test of each row: 1 where all pairs are equal.

    Both arrays are float64 (figures x users). The test is of the mean, as the figures are; over hundreds of users it
    agrees with the permutation test (Smucker, Allan, Carterette, "A comparison of statistical significance tests for
    information retrieval evaluation", CIKM 2007), which would take thousands of passes over them.
    """
    n_users = values.shape[1]
    if n_users < 2:
        return np.full(len(values), np.nan)
    differences = values - baseline
    p_values = np.ones(len(values))
    # The same difference for every user leaves no variance to test with.
    spread = np.ptp(differences, axis=1) > 0
    p_values[~spread & (differences[:, 0] != 0)] = 0.0
    p_values[spread] = ttest_rel(values[spread], baseline[spread], axis=1).pvalue
    return p_values


def _p_text(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
