"""Which model is measured on which data, within which bounds its parameters are searched, what others published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from bench.quality.protocols import FullRanking, Measure, SampledRanking
from bench.quality.tuned import MODES

import tastemaker as tm
from tastemaker.data import Dataset
from tastemaker.datasets._obtain import local_folders
from tastemaker.splits import Split

Params = Mapping[str, Any]
#: Per parameter: (low, high) on a logarithmic scale, or the values to choose from.
Space = Mapping[str, tuple[float, float] | list[Any]]


@dataclass(frozen=True)
class Row:
    """A model of a table: what of it is fixed, what is searched, and how interactions are weighed for it."""

    name: str
    make: Callable[..., tm.Recommender]
    fixed: Params = field(default_factory=dict)
    space: Space = field(default_factory=dict)
    trials: int = 12
    like: str | None = None  # takes the values found for that row, whose trials are cheaper
    blends: tuple[str, ...] = ()  # rows whose fitted models are its members; its weights are searched
    weigh: Callable[[Dataset], Dataset] = lambda train: train
    modes: tuple[str, ...] = MODES  # what its parameters are searched on


@dataclass(frozen=True)
class Case:
    """A table."""

    title: str
    protocol: Callable[[], Measure]
    rows: tuple[Row, ...]
    published: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # in the order of the metrics


def _users_more_alike(train: Dataset) -> Dataset:
    """Weigh a user's interactions by one over the root of their number: lists of all users count alike."""
    weighted = train.matrix.copy()
    sizes = np.diff(weighted.indptr)
    weighted.data /= np.sqrt(np.repeat(sizes, sizes))
    weighted.data /= weighted.data.mean()
    return train.with_interactions(weighted, None)


def _warp(*, reg: float, **params: Any) -> tm.LightFM:
    """Return a model that holds both sides back alike."""
    return tm.LightFM(loss="warp", reg_user=reg, reg_item=reg, **params)


def _gowalla() -> Measure:
    return FullRanking(tm.datasets.gowalla(), ("ndcg@20", "recall@20"))


def _lastfm() -> Measure:
    listened = tm.datasets.lastfm_2k().dataset
    once = listened.matrix.copy()
    once.data[:] = 1  # counts of plays differ ten-thousandfold
    split = tm.splits.random(listened.with_interactions(once, None), 0.2, rng=0)
    return FullRanking(split, ("ndcg@20", "recall@20"))


def _ncf() -> dict[str, np.ndarray]:
    """Return the arrays of the leave-one-out protocol of He et al., "Neural Collaborative Filtering", WWW 2017."""
    places = [folder / "ml-1m" / "ncf_protocol.npz" for _, folder in local_folders()]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise FileNotFoundError(f"ml-1m/ncf_protocol.npz is in none of {', '.join(map(str, places))}")
    with np.load(found) as file:
        return dict(file)


def _ncf_train(parts: Mapping[str, np.ndarray]) -> Dataset:
    weights = np.ones(len(parts["train_indices"]), np.float32)
    matrix = sp.csr_array(
        (weights, parts["train_indices"], parts["train_indptr"]), shape=tuple(parts["shape"])
    )
    return Dataset.from_sparse(matrix)


def _sampled() -> Measure:
    parts = _ncf()
    return SampledRanking(_ncf_train(parts), parts["test_item"], parts["test_negatives"])


def _leave_last() -> Measure:
    parts = _ncf()
    train = _ncf_train(parts)
    n = train.n_users
    test = sp.csr_array(
        (np.ones(n, np.float32), (np.arange(n), parts["test_item"])), shape=train.matrix.shape
    )
    split = Split(train, train.with_interactions(test, None), "leave-last")
    return FullRanking(split, ("ndcg@10", "recall@10"))


_walk: Space = {"alpha": (0.5, 1.3), "beta": (0.05, 1.0), "neighbors": [100, 200, 300, 400]}
_wide_als: Space = {
    "unobserved_weight": (0.008, 0.02),
    "reg": (0.002, 0.008),
    "epochs": [3, 4, 5, 7],  # many factors rank best long before the loss is at its lowest
}
_honest = ("validation",)  # a trial of these takes minutes, and their bar is for parameters from train
_bpr: Space = {"learning_rate": [0.05, 0.1], "reg": [0.001, 0.002]}
_warp_space: Space = {"reg": (2e-5, 1e-4), "epochs": [20, 30]}  # without reg it falls after 20 epochs
_als: Space = {"unobserved_weight": (0.003, 1.0), "reg": (0.001, 0.03)}
_ncf_als: Space = {"unobserved_weight": (0.1, 0.6), "reg": (0.003, 0.015), "epochs": [4, 6, 8, 12]}


def _classics(factors: int, epochs: int, ease: Row) -> tuple[Row, ...]:
    similarities = ("cosine", "tfidf", "bm25")
    neighbours: Space = {"neighbors": [20, 50, 100, 200, 400]}
    walk = Row("KNN random_walk", tm.KNN, {"similarity": "random_walk"}, _walk, 24)
    als = Row(f"ALS {factors}", tm.ALS, {"factors": factors, "epochs": epochs, "rng": 0}, _als)
    return (
        Row("Popular", tm.Popular),
        *(Row(f"KNN {name}", tm.KNN, {"similarity": name}, neighbours, 5) for name in similarities),
        walk,
        Row("SVD", tm.SVD, {"rng": 0}, {"factors": [16, 32, 64, 128, 256]}, 5),
        als,
        ease,
        Row("Blend", tm.Blend, trials=6, blends=(walk.name, als.name)),
    )


CASES = {
    "gowalla": Case(
        "Gowalla, published split",
        _gowalla,
        (
            Row(
                "BPR",
                tm.BPR,
                {"epochs": 800, "rng": 0},
                _bpr,
                4,
                weigh=_users_more_alike,
                modes=_honest,
            ),
            Row(
                "BPR 128",
                tm.BPR,
                {"factors": 128, "epochs": 800, "rng": 0},
                like="BPR",
                weigh=_users_more_alike,
                modes=_honest,
            ),
            Row("LightFM warp", _warp, {"max_sampled": 1000, "rng": 0}, _warp_space, 8, modes=_honest),
            Row(
                "LightFM warp 128",
                _warp,
                {"factors": 128, "max_sampled": 1000, "rng": 0},
                like="LightFM warp",
                modes=_honest,
            ),
            Row("KNN random_walk", tm.KNN, {"similarity": "random_walk"}, _walk, 48),
            Row("ALS 512", tm.ALS, {"factors": 512, "rng": 0}, _wide_als, 8),
            Row("ALS 1024", tm.ALS, {"factors": 1024, "rng": 0}, like="ALS 512"),
            Row("Blend", tm.Blend, trials=12, blends=("ALS 1024", "KNN random_walk")),
            Row("EASE", tm.EASE, {"reg": 100.0}),
        ),
        published={
            "ItemCF": (0.1214, 0.1570),
            "MF-BPR": (0.1378, 0.1627),
            "EASE": (0.1467, 0.1765),
            "LightGCN": (0.1547, 0.1820),
            "SimpleX": (0.1557, 0.1872),
            "UltraGCN": (0.1580, 0.1862),
        },
    ),
    "ml-1m-ncf": Case(
        "MovieLens-1M, leave one out, 99 sampled negatives",
        _sampled,
        (
            Row("KNN random_walk", tm.KNN, {"similarity": "random_walk"}, _walk, 48),
            Row("ALS 192", tm.ALS, {"factors": 192, "rng": 0}, _ncf_als, 48),
            Row("EASE", tm.EASE, {}, {"reg": (500.0, 2000.0)}, 24),
            Row("Blend", tm.Blend, trials=48, blends=("ALS 192", "EASE", "KNN random_walk")),
        ),
        published={"NeuMF": (0.7093, 0.4349), "SLIM": (0.7162, 0.4468), "MF-SGD": (0.7294, 0.4523)},
    ),
    "ml-1m": Case(
        "MovieLens-1M, each user's last item, all items ranked",
        _leave_last,
        _classics(128, 12, Row("EASE", tm.EASE, {}, {"reg": (100.0, 3000.0)}, 8)),
    ),
    "lastfm-2k": Case(
        "Last.fm 2k, a random fifth held out, all items ranked",
        _lastfm,
        _classics(64, 15, Row("EASE", tm.EASE, {"reg": 300.0})),  # 17,632 items: a minute a trial
    ),
}
