"""The tables: data, splits, and which models learn from which features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import scipy.sparse as sp
from bench.quality.beside import splits
from bench.quality.beside.splits import Parts

import tastemaker as tm
from tastemaker.data import Dataset

SEEDS = range(5)
LOSSES = ("warp", "bpr", "logistic", "warp_kos")


@dataclass(frozen=True)
class Row:
    """A model, the same for both libraries. ``features``: of the sides that have some, "user" and "item"."""

    name: str
    loss: str = "warp"
    optimizer: str = "adagrad"
    features: tuple[str, ...] = ()
    indicators: bool = True


@dataclass(frozen=True)
class Case:
    """A table. All rows have the same factors and epochs, else the defaults that both libraries share."""

    title: str
    data: Callable[[], Dataset]
    split: Callable[[Dataset, int], Parts]
    rows: tuple[Row, ...]
    metrics: tuple[str, ...]
    epochs: int
    factors: int = 64
    popular: bool = False  # whether popularity is measured too


def features_of(data: Dataset, row: Row) -> dict[str, sp.csr_array]:
    """Return the features by side; rows are divided by their sums, as LightFM's Dataset does."""
    return {
        side: replace(getattr(data, f"{side}_features"), indicators=row.indicators, normalize=True).matrix
        for side in row.features
    }


CASES = {
    "ml-1m": Case(
        "MovieLens-1M, a fifth of each user's interactions left out, all items ranked",
        lambda: tm.datasets.movielens("1m").dataset,
        splits.left_out,
        tuple(
            Row(f"{loss}, {optimizer}", loss, optimizer)
            for loss in LOSSES
            for optimizer in ("adagrad", "adadelta")
        ),
        ("ndcg@10",),
        epochs=10,
    ),
    "ml-100k": Case(
        "MovieLens-100k, a fifth of the items held out whole, these ranked",
        lambda: tm.datasets.movielens("100k").dataset,
        splits.drawn_items,
        (
            Row("ids, genres and users' features", features=("user", "item")),
            Row("ids and genres", features=("item",)),
            Row("ids only"),
        ),
        ("auc", "ndcg@10"),
        epochs=5,  # of new items both libraries know less after more
        popular=True,
    ),
    "citeulike-a": Case(
        "CiteULike-a, five folds of documents held out whole, these ranked",
        lambda: tm.datasets.citeulike_a().dataset,
        splits.fold_of_items,
        (
            Row("tags only", features=("item",), indicators=False),
            Row("tags and ids", features=("item",)),
            Row("ids only"),
        ),
        ("auc", "ndcg@20"),
        epochs=10,
        popular=True,
    ),
}
