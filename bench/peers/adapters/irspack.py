"""irspack: lists come from dense blocks of scores, what was seen at minus infinity, as in its documentation."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from bench.peers.job import Job, Outcome
from irspack.recommenders.ials import IALSRecommender
from irspack.recommenders.knn import CosineKNNRecommender
from irspack.utils.id_mapping import retrieve_recommend_from_score

_block = 1024


class Adapter:
    """See bench.peers.adapters."""

    packages = ("irspack", "numpy", "scipy")

    def knn_fit(self, job: Job, similarity: str, neighbors: int) -> Outcome:
        with job.timed():
            model = self._neighbours(job, neighbors)
        return Outcome(similarity=model.W)

    def knn_recommend(self, job: Job, similarity: str, neighbors: int, n: int) -> Outcome:
        model = job.once(lambda: self._neighbours(job, neighbors))
        with job.timed():
            lists = _recommend(model, job, n)
        return Outcome(lists=lists, similarity=model.W)

    def als(self, job: Job, solver: str, factors: int, epochs: int, alpha: float, reg: float) -> Outcome:
        # Its "ORIGINAL" loss adds alpha0 to every value: alpha0 + (alpha x - alpha0) is the confidence alpha x.
        values = alpha * job.train.data.astype(np.float64) - 1.0
        X = sp.csr_matrix((values, job.train.indices, job.train.indptr), shape=job.train.shape)
        with job.timed():
            model = IALSRecommender(
                X,
                n_components=factors,
                alpha0=1.0,
                reg=reg,
                nu=0.0,
                loss_type="ORIGINAL",
                solver_type={"ials++": "IALSPP"}.get(
                    solver, solver.upper()
                ),  # blocks of 64 by default, as ours
                n_threads=job.threads,
                random_seed=0,
            )
            model.start_learning()
            for _ in range(epochs):
                model.run_epoch()
                job.lap()
        lists = _recommend(model, job, 10) if job.checked else None
        return Outcome(lists=lists, user=model.get_user_embedding(), item=model.get_item_embedding())

    def _neighbours(self, job: Job, neighbors: int) -> Any:
        model = CosineKNNRecommender(job.train, normalize=True, top_k=neighbors + 1, n_threads=job.threads)
        return model.learn()


def _recommend(model: Any, job: Job, n: int) -> np.ndarray:
    users = job.train.shape[0]
    lists = np.full((users, n), -1, np.int32)
    for start in range(0, users, _block):
        stop = min(start + _block, users)
        scores = model.get_score_remove_seen_block(start, stop)
        ranked = retrieve_recommend_from_score(scores, [], n, n_threads=job.threads)
        for row, pairs in enumerate(ranked, start):
            lists[row, : len(pairs)] = [item for item, _ in pairs]
    return lists
