"""Ours, through the public API, in the environment of the runner."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from bench.peers.job import Job, Outcome
from bench.peers.weights import K1, B

import tastemaker
import tastemaker.compat.lightfm.evaluation
from tastemaker.compat import lightfm
from tastemaker.retrieval import DenseScorer


class Adapter:
    """See bench.peers.adapters."""

    packages = ("tastemaker", "numpy", "scipy")

    def facts(self) -> dict[str, Any]:
        return {"simd": tastemaker._core.simd_level()}

    def knn_fit(self, job: Job, similarity: str, neighbors: int) -> Outcome:
        with job.timed():
            model = self._neighbours(job, similarity, neighbors)
        return Outcome(similarity=model.similarity_)

    def knn_recommend(self, job: Job, similarity: str, neighbors: int, n: int) -> Outcome:
        model = job.once(lambda: self._neighbours(job, similarity, neighbors))
        with job.timed():
            lists, _ = model.recommend(n=n, threads=job.threads)
        return Outcome(lists=lists, similarity=model.similarity_)

    def als(self, job: Job, solver: str, factors: int, epochs: int, alpha: float, reg: float) -> Outcome:
        options: dict[str, Any] = {"solver": solver, "factors": factors, "epochs": epochs}
        model = tastemaker.ALS(**options, alpha=alpha, reg=reg, unobserved_weight=1.0, nu=0.0, rng=0)
        _fit(model, job)
        lists = model.recommend(n=10, threads=job.threads)[0] if job.checked else None
        return Outcome(lists=lists, user=model.user_factors_, item=model.item_factors_)

    def sgd(
        self,
        job: Job,
        loss: str,
        factors: int,
        epochs: int,
        learning_rate: float,
        deterministic: bool = False,
    ) -> Outcome:
        options: dict[str, Any] = {"loss": loss.replace("-", "_"), "factors": factors, "epochs": epochs}
        options |= {"learning_rate": learning_rate, "deterministic": deterministic}
        return _trained(tastemaker.LightFM(**options, rng=0), job)

    def hybrid(
        self, job: Job, loss: str, optimizer: str, factors: int, epochs: int, seed: int, features: str
    ) -> Outcome:
        options: dict[str, Any] = {"loss": loss, "optimizer": optimizer, "factors": factors, "epochs": epochs}
        model = tastemaker.LightFM(**options, rng=seed)
        sides = {f"{side}_features": job.features(side) for side in ("user", "item")}
        _fit(model, job, **sides)
        user = model.user_features_ @ model.user_embeddings_
        item = model.item_features_ @ np.column_stack([model.item_embeddings_, model.item_biases_])
        return Outcome(user=np.column_stack([user, np.ones(len(user), np.float32)]), item=item)

    def ranks(self, job: Job, factors: int, epochs: int) -> Outcome:
        like_lightfm = lightfm.LightFM(factors, loss="warp", random_state=0)
        model = job.once(lambda: like_lightfm.fit(job.train, epochs=epochs, num_threads=job.threads))
        with job.timed():
            auc = lightfm.evaluation.auc_score(model, job.train, num_threads=job.threads)
        return Outcome(auc=float(auc.mean()))

    def predict_all(self, job: Job, factors: int, epochs: int, n: int, features: str) -> Outcome:
        sides = {f"{side}_features": job.features(side) for side in ("user", "item")}
        options: dict[str, Any] = {"factors": factors, "epochs": epochs, "rng": 0}
        model = job.once(lambda: tastemaker.LightFM(**options).fit(job.train, **sides, threads=job.threads))
        with job.timed():
            lists, _ = model.recommend(n=n, threads=job.threads)
        return Outcome(lists=lists)

    def bpr(self, job: Job, factors: int, epochs: int, learning_rate: float, reg: float) -> Outcome:
        options: dict[str, Any] = {"factors": factors, "epochs": epochs, "learning_rate": learning_rate}
        return _trained(tastemaker.BPR(**options, reg=reg, sampler="popularity", rng=0), job)

    def logistic_mf(
        self, job: Job, factors: int, epochs: int, learning_rate: float, reg: float, negatives: int
    ) -> Outcome:
        model = tastemaker.LogisticMF(
            factors=factors,
            epochs=epochs,
            learning_rate=learning_rate,
            reg=reg,
            negatives_per_positive=negatives,
            max_negatives=factors + 2,
            rng=0,
        )
        return _trained(model, job)

    def topn(self, job: Job, factors: int, n: int) -> Outcome:
        with job.timed():
            scorer = DenseScorer(job.arrays["item"])
            lists, _ = scorer.topn(
                job.arrays["user"], n, exclude=sp.csr_array(job.train), threads=job.threads
            )
        return Outcome(lists=lists)

    def svd(self, job: Job, factors: int) -> Outcome:
        model = tastemaker.SVD(factors=factors, rng=0)
        with job.timed():
            model.fit(job.train, threads=job.threads)
        lists = model.recommend(n=10, threads=job.threads)[0] if job.checked else None
        return Outcome(lists=lists, energy=float((model.singular_values_.astype(np.float64) ** 2).sum()))

    def _neighbours(self, job: Job, similarity: str, neighbors: int) -> Any:
        options: dict[str, Any] = {"similarity": similarity, "neighbors": neighbors}
        if similarity == "bm25":
            options |= {"k1": K1, "b": B}
        model = tastemaker.KNN(**options)
        return model.fit(job.train, threads=job.threads)


def _fit(model: Any, job: Job, **features: Any) -> None:
    with job.timed():
        model.fit(job.train, **features, threads=job.threads)
    job.epochs(epoch["seconds"] for epoch in model.history_)


def _trained(model: Any, job: Job) -> Outcome:
    _fit(model, job)
    return Outcome(lists=model.recommend(n=10, threads=job.threads)[0] if job.checked else None)
