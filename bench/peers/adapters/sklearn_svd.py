"""scikit-learn: the randomised truncated SVD, with its defaults."""

from __future__ import annotations

import numpy as np
from bench.peers.job import Job, Outcome, best_items
from sklearn.utils.extmath import randomized_svd


class Adapter:
    """See bench.peers.adapters."""

    packages = ("scikit-learn", "scipy", "numpy")

    def svd(self, job: Job, factors: int) -> Outcome:
        with job.timed():
            _, s, vt = randomized_svd(job.train, factors, random_state=0)
        if not job.checked:
            return Outcome()
        item = np.ascontiguousarray(vt.T)
        user = job.train @ item
        return Outcome(
            lists=best_items(user, item, job.train, 10), energy=float((s.astype(np.float64) ** 2).sum())
        )
