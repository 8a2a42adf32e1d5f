"""What is measured: one row per task. Which peer does which is said in peers.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Task:
    """One row of the table.

    ``kind`` is the adapter's method, ``params`` its keyword arguments. ``skip`` are patterns of data sets on which
    the task takes too long for any peer. ``reach``: instead of an epoch, time the whole fit of as few epochs, of
    these, as bring NDCG@10 within 1 % of the best that any peer reached.
    """

    name: str
    title: str
    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    reach: tuple[int, ...] = ()

    def of_epochs(self, epochs: int) -> Task:
        """Return the same task with that many epochs."""
        return replace(self, params={**self.params, "epochs": epochs})

    def suits(self, data: str) -> bool:
        """Tell whether the task is run on a data set."""
        return not any(fnmatchcase(data, pattern) for pattern in self.skip)


# One objective for all: an observed pair of weight x has confidence 2 x, any other 1; regularisation is not scaled by
# counts, since not every peer can. The values are among the best for NDCG on MovieLens-1M at 64 factors.
ALS = {"alpha": 2.0, "reg": 30.0}
_large = ("generated-m", "generated-lecture")


def _knn_fit(similarity: str, neighbors: int) -> Task:
    title = {"cosine": "cosine", "tfidf": "TF-IDF", "bm25": "BM25"}[similarity]
    return Task(
        f"knn-fit/{similarity}-{neighbors}",
        f"kNN {title} fit, K={neighbors}",
        "knn_fit",
        {"similarity": similarity, "neighbors": neighbors},
    )


def _epoch(solver: str, factors: int, epochs: int, skip: tuple[str, ...] = ()) -> Task:
    title = {"cg": "CG", "cholesky": "Cholesky", "ials++": "iALS++ blocks of 64"}[solver]
    return Task(
        f"als/{solver}-{factors}",
        f"iALS epoch {title}, {factors} factors",
        "als",
        {"solver": solver, "factors": factors, "epochs": epochs, **ALS},
        skip,
    )


def _topn(factors: int, n: int) -> Task:
    return Task(
        f"topn/{n}-of-{factors}",
        f"top-{n} of all users, {factors} factors",
        "topn",
        {"factors": factors, "n": n},
    )


def _hybrid(sides: str, words: str, skip: tuple[str, ...]) -> Task:
    return Task(
        f"hybrid/warp-{sides}",
        f"WARP epoch, 21 features per {words}, 64 factors",
        "hybrid",
        {
            "loss": "warp",
            "optimizer": "adagrad",
            "factors": 64,
            "epochs": 2,
            "seed": 0,
            "features": sides,
        },
        skip,
    )


_sgd_titles = {"warp": "WARP", "warp-kos": "k-OS WARP", "bpr": "BPR", "logistic": "logistic"}


def _sgd(loss: str) -> Task:
    return Task(
        f"sgd/{loss}-64",
        f"{_sgd_titles[loss]} epoch, Adagrad, 64 factors",
        "sgd",
        {"loss": loss, "factors": 64, "epochs": 5, "learning_rate": 0.05},
        _large,
    )


def _deterministic(loss: str) -> Task:
    task = _sgd(loss)
    return replace(
        task,
        name=f"deterministic/{loss}-64",
        title=f"{task.title}, deterministic",
        params={**task.params, "deterministic": True},
    )


def _reach_sgd(loss: str, reach: tuple[int, ...]) -> Task:
    title = f"{_sgd_titles[loss]} fit, Adagrad, to 99 % of the peer's best NDCG@10, 64 factors"
    params = {"loss": loss, "factors": 64, "learning_rate": 0.05}
    return Task(f"reach/{loss}-64", title, "sgd", params, ("generated-*",), reach=reach)


TASKS = (
    _knn_fit("cosine", 20),
    _knn_fit("cosine", 100),
    _knn_fit("tfidf", 20),
    _knn_fit("bm25", 20),
    Task(
        "knn-recommend/cosine-20",
        "kNN recommend all, top-10, seen removed",
        "knn_recommend",
        {"similarity": "cosine", "neighbors": 20, "n": 10},
    ),
    _epoch("cg", 64, epochs=6),
    _epoch("cg", 128, epochs=5),
    _epoch("cg", 256, epochs=4, skip=_large),
    _epoch("cholesky", 64, epochs=4),
    _epoch("cholesky", 128, epochs=3),
    _epoch("ials++", 256, epochs=3, skip=_large),
    Task(
        "reach/als-64",
        "iALS fit to 99 % of the peers' best NDCG@10, 64 factors",
        "als",
        {"solver": "cg", "factors": 64, **ALS},
        ("generated-*",),
        reach=(1, 2, 3, 4, 5, 6, 8, 10, 13, 16),
    ),
    _topn(64, 10),
    _topn(128, 10),
    _topn(64, 100),
    Task("svd/64", "PureSVD, 64 factors", "svd", {"factors": 64}),
    _sgd("warp"),
    _sgd("warp-kos"),
    _sgd("bpr"),
    _sgd("logistic"),
    *map(_deterministic, _sgd_titles),
    _reach_sgd("warp", (2, 4, 6, 8, 12, 16, 24, 32)),
    _reach_sgd("bpr", (4, 8, 12, 16, 24, 32, 48)),
    Task(
        "sgd-large/warp-64",
        "WARP epoch of 20M interactions, 64 factors",
        "sgd",
        {"loss": "warp", "factors": 64, "epochs": 2, "learning_rate": 0.05},
        ("ml-*", "generated-s", "generated-tiny", "generated-lecture"),
    ),
    _hybrid("item", "item", _large),
    _hybrid("user+item", "user and item", ("ml-*", "generated-m", "generated-s")),
    Task(
        "ranks/auc-64", "AUC of all interactions, 64 factors", "ranks", {"factors": 64, "epochs": 2}, _large
    ),
    Task(
        "predict/hybrid-64",
        "top-10 of all users, 21 features per item, 64 factors",
        "predict_all",
        {"factors": 64, "epochs": 1, "n": 10, "features": "item"},
        _large,
    ),
    Task(
        "bpr/64",
        "BPR epoch, plain descent, 64 factors",
        "bpr",
        {"factors": 64, "epochs": 10, "learning_rate": 0.05, "reg": 0.01},
        _large,
    ),
    Task(
        "reach/plain-bpr-64",
        "BPR fit, plain descent, to 99 % of the peers' best NDCG@10, 64 factors",
        "bpr",
        {"factors": 64, "learning_rate": 0.05, "reg": 0.01},
        ("generated-*",),
        reach=(10, 20, 30, 40, 60, 80, 120, 160),
    ),
    # implicit draws factors + 2 negatives of a user at most, whatever it is asked for; so must whoever is beside it.
    Task(
        "logistic-mf/64",
        "logistic MF epoch, 64 factors, 66 negatives",
        "logistic_mf",
        {"factors": 64, "epochs": 10, "learning_rate": 1.0, "reg": 0.6, "negatives": 30},
        _large,
    ),
)
