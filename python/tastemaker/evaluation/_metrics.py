"""Names of metrics, and the figures of a block of users."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._validation import csr_parts, shown
from tastemaker.errors import ArgumentError, ArgumentTypeError
from tastemaker.evaluation._beyond import Catalogue, beyond_metrics

# What other libraries and papers call them.
_synonyms = {
    "ap": "map",
    "arp": "popularity_lift",
    "hit_rate": "hit",
    "hr": "hit",
    "ild": "diversity",
    "mean_average_precision": "map",
    "p": "precision",
    "prec": "precision",
    "r": "recall",
    "reciprocal_rank": "mrr",
    "roc_auc": "auc",
    "rr": "mrr",
}


class RankingMetrics:
    """Metrics asked for by name, such as ``"ndcg@10"``.

    Attributes
    ----------
    labels : list of str
        The names, each once, in the order given.
    depth : int
        The largest cutoff: how long a list must be to compute them all.
    """

    def __init__(self, names: Any) -> None:
        if isinstance(names, str):
            names = [names]
        if not isinstance(names, Iterable):
            raise ArgumentTypeError(f"`metrics` must be names such as 'ndcg@10', got {shown(names)}.")
        parsed = dict.fromkeys(_parse(name) for name in names)
        if not parsed:
            raise ArgumentError("`metrics` must name at least one metric, such as 'ndcg@10'; got none.")
        self.labels = [_label(name, k) for name, k in parsed]
        self._parsed = list(parsed)
        self._cutoffs = np.array(sorted({k for name, k in parsed if name != "auc"} or {1}), dtype=np.int32)
        self.depth = int(self._cutoffs[-1])

    @property
    def needs_ranks(self) -> bool:
        """Whether a metric takes the places of the relevant items among all."""
        return "auc" in self.labels

    def of_lists(
        self,
        ids: np.ndarray,
        truth: sp.csr_array,
        known: sp.csr_array,
        catalogue: Catalogue,
        auc: np.ndarray | None,
        threads: int,
    ) -> np.ndarray:
        """Return the metrics of each user as float64 (labels x users).

        Parameters
        ----------
        ids : ndarray of int32, (users x n)
            Recommended items, best first, -1 after the end of a list.
        truth : csr_array (users x items)
            A stored entry is a relevant item; each user has at least one.
        known : csr_array (users x items)
            The users' history.
        catalogue : Catalogue
        auc : ndarray of float64 (users,), or None where it was not asked for
        threads : int
        """
        ranked = _core.rank_users(ids, csr_parts(truth), self._cutoffs, threads)
        ranking = _core.ranking_metric_names()

        def figure(name: str, k: int) -> np.ndarray:
            if name == "auc":
                assert auc is not None
                return auc
            if name in beyond_metrics:
                return beyond_metrics[name](catalogue, ids[:, :k], known)
            of_users: np.ndarray = ranked[ranking.index(name), np.searchsorted(self._cutoffs, k)]
            return of_users

        return np.stack([figure(name, k) for name, k in self._parsed])


def metric_names() -> list[str]:
    """Return the names of all metrics, without cutoffs."""
    return [*_core.ranking_metric_names(), *beyond_metrics, "auc"]


def _label(name: str, k: int) -> str:
    return name if name == "auc" else f"{name}@{k}"


def _parse(text: Any) -> tuple[str, int]:
    if not isinstance(text, str):
        raise ArgumentTypeError(f"`metrics` must be names such as 'ndcg@10', got {shown(text)}.")
    name, at, cutoff = text.partition("@")
    known = metric_names()
    if name not in known:
        near = _synonyms.get(name.lower()) or next(iter(difflib.get_close_matches(name.lower(), known)), None)
        suggestion = near if near == "auc" else f"{near}@{cutoff or 10}"
        hint = f" Did you mean '{suggestion}'?" if near else ""
        raise ArgumentError(f"`metrics` must be of {', '.join(known)}, got {text!r}.{hint}")
    if name == "auc":
        if at:
            raise ArgumentError(
                f"`metrics` must have 'auc' without a cutoff, got {text!r}. Did you mean 'auc'?"
            )
        return name, 0
    if not at:
        raise ArgumentError(f"`metrics` must have a cutoff, got {text!r}. Did you mean '{name}@10'?")
    if not (cutoff.isascii() and cutoff.isdecimal() and 1 <= int(cutoff) < 2**31):
        raise ArgumentError(f"`metrics` must have a cutoff >= 1, such as '{name}@10', got {text!r}.")
    return name, int(cutoff)
