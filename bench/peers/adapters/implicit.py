"""implicit: BLAS is held to one thread by the worker's environment, its own threads by num_threads."""

from __future__ import annotations

from typing import Any

import numpy as np
from bench.peers.job import Job, Outcome
from bench.peers.weights import K1, B
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.cpu.lmf import LogisticMatrixFactorization
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

_neighbours = {
    "cosine": CosineRecommender,
    "tfidf": TFIDFRecommender,
    "bm25": lambda K, num_threads: BM25Recommender(K, K1=K1, B=B, num_threads=num_threads),
}


class Adapter:
    """See bench.peers.adapters."""

    packages = ("implicit", "numpy", "scipy")

    def knn_fit(self, job: Job, similarity: str, neighbors: int) -> Outcome:
        with job.timed():
            model = self._neighbours(job, similarity, neighbors)
        return Outcome(similarity=model.similarity)

    def knn_recommend(self, job: Job, similarity: str, neighbors: int, n: int) -> Outcome:
        model = job.once(lambda: self._neighbours(job, similarity, neighbors))
        with job.timed():
            lists, _ = model.recommend(np.arange(job.train.shape[0]), job.train, N=n)
        return Outcome(lists=lists, similarity=model.similarity)

    def als(self, job: Job, solver: str, factors: int, epochs: int, alpha: float, reg: float) -> Outcome:
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=reg,
            alpha=alpha,
            iterations=epochs,
            use_cg=solver == "cg",
            num_threads=job.threads,
            random_state=0,
        )
        with job.timed():
            model.fit(job.train, show_progress=False, callback=lambda *_: job.lap())
        lists = _recommend(model, job, 10) if job.checked else None
        return Outcome(lists=lists, user=model.user_factors, item=model.item_factors)

    def bpr(self, job: Job, factors: int, epochs: int, learning_rate: float, reg: float) -> Outcome:
        model = BayesianPersonalizedRanking(
            factors=factors,
            learning_rate=learning_rate,
            regularization=reg,
            iterations=epochs,
            num_threads=job.threads,
            random_state=0,
        )
        return _trained(model, job)

    def logistic_mf(
        self, job: Job, factors: int, epochs: int, learning_rate: float, reg: float, negatives: int
    ) -> Outcome:
        model = LogisticMatrixFactorization(
            factors=factors,
            learning_rate=learning_rate,
            regularization=reg,
            iterations=epochs,
            neg_prop=negatives,
            num_threads=job.threads,
            random_state=0,
        )
        return _trained(model, job)

    def topn(self, job: Job, factors: int, n: int) -> Outcome:
        model = AlternatingLeastSquares(factors=factors, num_threads=job.threads)
        model.user_factors, model.item_factors = job.arrays["user"], job.arrays["item"]
        with job.timed():
            lists = _recommend(model, job, n)
        return Outcome(lists=lists)

    def _neighbours(self, job: Job, similarity: str, neighbors: int) -> Any:
        model = _neighbours[similarity](K=neighbors + 1, num_threads=job.threads)
        model.fit(job.train, show_progress=False)
        return model


def _trained(model: Any, job: Job) -> Outcome:
    with job.timed():
        model.fit(job.train, show_progress=False, callback=lambda *_: job.lap())
    return Outcome(lists=_recommend(model, job, 10) if job.checked else None)


def _recommend(model: Any, job: Job, n: int) -> np.ndarray:
    lists: np.ndarray
    lists, _ = model.recommend(np.arange(job.train.shape[0]), job.train, N=n)
    return lists
