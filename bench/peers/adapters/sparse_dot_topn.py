"""sparse_dot_topn: a product of sparse matrices that keeps the largest entries; the weighting is ours to do."""

from __future__ import annotations

from bench.peers.job import Job, Outcome
from bench.peers.weights import weighted
from sparse_dot_topn import sp_matmul_topn


class Adapter:
    """See bench.peers.adapters."""

    packages = ("sparse_dot_topn", "numpy", "scipy")

    def knn_fit(self, job: Job, similarity: str, neighbors: int) -> Outcome:
        with job.timed():
            W = weighted(job.train, similarity)
            product = sp_matmul_topn(W, W.T.tocsr(), top_n=neighbors + 1, n_threads=job.threads)
        return Outcome(similarity=product)
