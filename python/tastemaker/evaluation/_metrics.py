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

# What other libraries and papers call them.
_synonyms = {
    "ap": "map",
    "hit_rate": "hit",
    "hr": "hit",
    "mean_average_precision": "map",
    "p": "precision",
    "prec": "precision",
    "r": "recall",
    "reciprocal_rank": "mrr",
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
        self.labels = [f"{name}@{k}" for name, k in parsed]
        self._cutoffs = np.array(sorted({k for _, k in parsed}), dtype=np.int32)
        self.depth = int(self._cutoffs[-1])
        known = _core.ranking_metric_names()
        self._metric_at = np.array([known.index(name) for name, _ in parsed])
        self._cutoff_at = np.searchsorted(self._cutoffs, [k for _, k in parsed])

    def of_lists(self, ids: np.ndarray, truth: sp.csr_array, threads: int) -> np.ndarray:
        """Return the metrics of each user as float64 (labels x users).

        Parameters
        ----------
        ids : ndarray of int32, (users x n)
            Recommended items, best first, -1 after the end of a list.
        truth : csr_array (users x items)
            A stored entry is a relevant item; each user has at least one.
        threads : int
        """
        all_figures = _core.rank_users(ids, csr_parts(truth), self._cutoffs, threads)
        wanted: np.ndarray = all_figures[self._metric_at, self._cutoff_at]
        return wanted


def _parse(text: Any) -> tuple[str, int]:
    if not isinstance(text, str):
        raise ArgumentTypeError(f"`metrics` must be names such as 'ndcg@10', got {shown(text)}.")
    name, at, cutoff = text.partition("@")
    known = _core.ranking_metric_names()
    if name not in known:
        near = _synonyms.get(name.lower()) or next(iter(difflib.get_close_matches(name.lower(), known)), None)
        hint = f" Did you mean '{near}@{cutoff or 10}'?" if near else ""
        raise ArgumentError(f"`metrics` must be of {', '.join(known)}, got {text!r}.{hint}")
    if not at:
        raise ArgumentError(f"`metrics` must have a cutoff, got {text!r}. Did you mean '{name}@10'?")
    if not (cutoff.isascii() and cutoff.isdecimal() and 1 <= int(cutoff) < 2**31):
        raise ArgumentError(f"`metrics` must have a cutoff >= 1, such as '{name}@10', got {text!r}.")
    return name, int(cutoff)
