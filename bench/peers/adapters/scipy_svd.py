"""scipy: the Lanczos (ARPACK) truncated SVD."""

from __future__ import annotations

import numpy as np
from bench.peers.job import Job, Outcome, best_items
from scipy.sparse.linalg import svds


class Adapter:
    """See bench.peers.adapters."""

    packages = ("scipy", "numpy")

    def svd(self, job: Job, factors: int) -> Outcome:
        with job.timed():
            _, s, vt = svds(job.train, k=factors, rng=np.random.default_rng(0))
        if not job.checked:
            return Outcome()
        item = np.ascontiguousarray(vt.T)
        user = job.train @ item
        return Outcome(
            lists=best_items(user, item, job.train, 10), energy=float((s.astype(np.float64) ** 2).sum())
        )
