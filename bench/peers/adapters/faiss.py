"""faiss: the exact inner-product index. It cannot leave out what a user has seen."""

from __future__ import annotations

import faiss
from bench.peers.job import Job, Outcome


class Adapter:
    """See bench.peers.adapters."""

    packages = ("faiss-cpu", "numpy")

    def topn(self, job: Job, factors: int, n: int) -> Outcome:
        faiss.omp_set_num_threads(job.threads)
        with job.timed():
            index = faiss.IndexFlatIP(factors)
            index.add(job.arrays["item"])
            _, lists = index.search(job.arrays["user"], n)
        return Outcome(lists=lists.astype("int32"))
