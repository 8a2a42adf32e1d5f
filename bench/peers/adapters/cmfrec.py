"""cmfrec: implicit-feedback ALS, in single precision, without the final solution by Cholesky."""

from __future__ import annotations

import time

import numpy as np
import scipy.sparse as sp
from bench.peers.job import Job, Outcome
from cmfrec import CMF_implicit


class Adapter:
    """See bench.peers.adapters."""

    packages = ("cmfrec", "numpy", "scipy")

    def als(self, job: Job, solver: str, factors: int, epochs: int, alpha: float, reg: float) -> Outcome:
        # Its confidence is 1 + value: 1 + (alpha x - 1) is alpha x.
        pairs = job.train.tocoo()
        X = sp.coo_matrix((alpha * pairs.data - np.float32(1), (pairs.row, pairs.col)), pairs.shape)

        def fit(epochs: int) -> CMF_implicit:
            model = CMF_implicit(
                k=factors,
                lambda_=reg,
                alpha=1.0,
                use_cg=solver == "cg",
                max_cg_steps=3,
                finalize_chol=False,
                niter=epochs,
                precompute_for_predictions=False,
                use_float=True,
                nthreads=job.threads,
                random_state=1,
            )
            return model.fit(X)

        start = time.perf_counter()
        fit(1)
        first = time.perf_counter() - start
        with job.timed():
            model = fit(epochs)
        job.later_epochs(job.seconds - first, epochs)  # nothing tells of the end of an epoch
        return Outcome(user=model.A_, item=model.B_)
