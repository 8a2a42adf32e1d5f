"""Names of metrics, and the figures of a block of users."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tastemaker import _core
from tastemaker._validation import csr_parts, shown
from tastemaker.errors import ArgumentError, ArgumentTypeError
from tastemaker.evaluation._beyond import Catalogue, auc_of_ranks
from tastemaker.evaluation._lists import Lists

# What other libraries and papers call them.
_synonyms = {
    "ap": "map",
    "arp": "popularity_lift",
    "catalog_coverage": "coverage",
    "catalogue_coverage": "coverage",
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
        self.depth = max(1, *(k for _, k in parsed))

    @property
    def needs_ranks(self) -> bool:
        """Whether a metric takes the places of the relevant items among all."""
        return "auc" in self.labels

    def of_lists(self, lists: Lists, catalogue: Catalogue, threads: int) -> np.ndarray:
        """Return the metrics of each user as float64 (labels x users); each figure is the mean of its row."""
        cutoffs = self._cutoffs(_core.ranking_metric_names())
        truth = csr_parts(lists.truth)
        ranked = _core.rank_users(lists.ids, truth, lists.candidates, cutoffs, threads)
        rows = _by_label(_core.ranking_metric_names(), cutoffs, ranked)
        if "diversity" in dict(self._parsed):
            cutoffs = self._cutoffs(["diversity"])
            rows |= _by_label(["diversity"], cutoffs, [catalogue.diversity(lists.ids, cutoffs, threads)])
        for name, k in self._parsed:
            if name in _of_shown:
                rows[name, k] = _of_shown[name](catalogue, lists.ids[:, :k], lists.taste)
        if lists.ranks is not None:
            rows["auc", 0] = auc_of_ranks(lists.ranks, lists.truth, lists.candidates)
        return np.stack([rows[metric] for metric in self._parsed])

    def _cutoffs(self, names: list[str]) -> np.ndarray:
        return np.array(sorted({k for name, k in self._parsed if name in names and k}), dtype=np.int32)


# Metrics of one block of lists at one cutoff, with the mean popularity of each user's history.
_of_shown: dict[str, Callable[[Catalogue, np.ndarray, np.ndarray], np.ndarray]] = {
    "novelty": lambda catalogue, ids, taste: catalogue.novelty(ids),
    "popularity_lift": Catalogue.popularity_lift,
    "coverage": lambda catalogue, ids, taste: catalogue.coverage(ids),
}


def _by_label(names: list[str], cutoffs: np.ndarray, values: Any) -> dict[tuple[str, int], np.ndarray]:
    """Return the rows of values (names x cutoffs x users) by name and cutoff."""
    return {
        (name, k): row
        for name, table in zip(names, values, strict=True)
        for k, row in zip(cutoffs.tolist(), table, strict=True)
    }


def metric_names() -> list[str]:
    """Return the names of all metrics, without cutoffs."""
    return [*_core.ranking_metric_names(), "diversity", *_of_shown]


def _label(name: str, k: int) -> str:
    return f"{name}@{k}" if k else name


def _parse(text: Any) -> tuple[str, int]:
    if not isinstance(text, str):
        raise ArgumentTypeError(f"`metrics` must be names such as 'ndcg@10', got {shown(text)}.")
    name, at, cutoff = text.partition("@")
    known = metric_names()
    if name not in known:
        near = _synonyms.get(name.lower()) or next(iter(difflib.get_close_matches(name.lower(), known)), None)
        suggestion = near if near == "auc" and not at else f"{near}@{cutoff or 10}"
        hint = f" Did you mean '{suggestion}'?" if near else ""
        raise ArgumentError(f"`metrics` must be of {', '.join(known)}, got {text!r}.{hint}")
    if name == "auc" and not at:
        return name, 0
    if not at:
        raise ArgumentError(f"`metrics` must have a cutoff, got {text!r}. Did you mean '{name}@10'?")
    if not (cutoff.isascii() and cutoff.isdecimal() and 1 <= int(cutoff) < 2**31):
        raise ArgumentError(f"`metrics` must have a cutoff >= 1, such as '{name}@10', got {text!r}.")
    return name, int(cutoff)
