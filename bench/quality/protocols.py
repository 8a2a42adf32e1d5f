"""How a model is measured: a split of the interactions, and what is done with its test part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from scipy.stats import bootstrap

import tastemaker as tm
from tastemaker.data import Dataset
from tastemaker.evaluation import Interval
from tastemaker.splits import Split

Figures = Mapping[str, Interval]


class Measure(Protocol):
    """A split and its metrics, the first of which a search maximises."""

    metrics: tuple[str, ...]
    train: Dataset

    def measure(self, model: tm.Recommender) -> Figures:
        """Return each metric of a model that was fitted on ``train``."""

    def validation(self) -> Measure:
        """Return the same protocol within ``train``: a part of it is the new test part."""


@dataclass(frozen=True)
class FullRanking:
    """Every test user gets a list of all items but those of his training part; ties by item index."""

    split: Split
    metrics: tuple[str, ...]

    @property
    def train(self) -> Dataset:
        """The training part."""
        return self.split.train

    def measure(self, model: tm.Recommender) -> Figures:
        """Return each metric with its bootstrap interval over users."""
        result = tm.evaluate(model, self.split, self.metrics)
        return {metric: result[metric] for metric in self.metrics}

    def validation(self) -> FullRanking:
        """Hold out a random tenth of the training interactions."""
        split = tm.splits.random(self.split.train, 0.1, rng=0)
        return FullRanking(split, self.metrics)


@dataclass(frozen=True)
class SampledRanking:
    """One test item per user, ranked among as many sampled negatives as ``negatives`` has columns; ties by index."""

    train: Dataset
    items: np.ndarray
    negatives: np.ndarray
    metrics: tuple[str, ...] = ("hit@10", "ndcg@10")  # as the published table searched and lists them

    @cached_property
    def candidates(self) -> np.ndarray:
        """Test item and negatives of each user, the test item first."""
        return np.column_stack([self.items, self.negatives])

    def measure(self, model: tm.Recommender) -> Figures:
        """Return hit rate@10 and NDCG@10 with their bootstrap intervals over users."""
        users = np.repeat(self.train.users.ids, self.candidates.shape[1])
        items = self.train.items.take(self.candidates.ravel())
        scores = model.score(users, items).reshape(self.candidates.shape)
        first, others = scores[:, :1], scores[:, 1:]
        ahead = (others > first) | ((others == first) & (self.candidates[:, 1:] < self.candidates[:, :1]))
        rank = 1 + ahead.sum(axis=1)
        hit = (rank <= 10).astype(float)
        return {"hit@10": _interval(hit), "ndcg@10": _interval(hit / np.log2(1 + rank))}

    def validation(self) -> SampledRanking:
        """Hold out one random training item per user; the negatives are drawn among what he does not have."""
        rng = np.random.default_rng(0)
        matrix = self.train.matrix
        starts, lengths = matrix.indptr[:-1], np.diff(matrix.indptr)
        places = starts + (rng.random(len(starts)) * lengths).astype(np.int64)
        kept = np.ones(matrix.nnz, bool)
        kept[places] = False
        coo = matrix.tocoo()
        rows, cols = coo.coords
        rest = sp.csr_array((coo.data[kept], (rows[kept], cols[kept])), shape=matrix.shape)
        negatives = np.stack(
            [_unseen(rng, row, self.negatives.shape[1], matrix) for row in range(len(starts))]
        )
        return SampledRanking(self.train.with_interactions(rest, None), matrix.indices[places], negatives)


def _unseen(rng: np.random.Generator, row: int, count: int, matrix: sp.csr_array) -> np.ndarray:
    seen = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return rng.choice(np.setdiff1d(np.arange(matrix.shape[1]), seen), count, replace=False)


def _interval(per_user: np.ndarray) -> Interval:
    found = bootstrap(
        (per_user,), np.mean, n_resamples=1000, method="percentile", rng=np.random.default_rng(0), batch=100
    ).confidence_interval
    return Interval(float(per_user.mean()), float(found.low), float(found.high))
