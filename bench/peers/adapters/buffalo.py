"""buffalo: iALS++ in blocks and BPR. Its own file of the data is made once and not timed."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from bench.peers.job import Job, Outcome
from buffalo.algo.als import ALS
from buffalo.algo.bpr import BPRMF
from buffalo.algo.options import ALSOption, BPRMFOption
from buffalo.data.mm import MatrixMarket, MatrixMarketOptions
from buffalo.misc import aux, log

_block = 64  # as ours


class Adapter:
    """See bench.peers.adapters."""

    packages = ("buffalo", "numpy", "scipy")

    def __init__(self) -> None:
        log.set_log_level(log.WARN)
        logging.disable(logging.INFO)

    def als(self, job: Job, solver: str, factors: int, epochs: int, alpha: float, reg: float) -> Outcome:
        # Its loss of an observed pair is v (1 - s)^2 + s^2, ours alpha x (1 - s)^2. With v = alpha x - 1 the two differ
        # in the target alone, t = v / (v + 1) instead of 1, and where every x is 1 that is the same as `reg` times t
        # and factors times sqrt(t).
        t = (alpha - 1) / alpha
        data = job.once(lambda: _stored(job.train, alpha * job.train.data - np.float32(1)))
        options = ALSOption().get_default_option()
        options |= {
            "optimizer": "ialspp",
            "block_size": _block,
            "alpha": 1.0,
            "reg_u": t * reg,
            "reg_i": t * reg,
        }
        model = _trained(ALS, options, data, job, factors, epochs)
        scale = np.float32(t**-0.5)
        return Outcome(user=scale * model.P, item=scale * model.Q)

    def bpr(self, job: Job, factors: int, epochs: int, learning_rate: float, reg: float) -> Outcome:
        data = job.once(lambda: _stored(job.train, job.train.data))
        options = BPRMFOption().get_default_option()
        options |= {f"reg_{of}": reg for of in "uijb"}
        # A constant rate, and negatives by popularity, as the others.
        options |= {"lr": learning_rate, "min_lr": learning_rate, "sampling_power": 1.0}
        model = _trained(BPRMF, options, data, job, factors, epochs)
        ones = np.ones((len(model.P), 1), np.float32)
        return Outcome(user=np.hstack([model.P, ones]), item=np.hstack([model.Q, model.Qb]))


def _trained(
    kind: type[Any], options: dict[str, Any], data: MatrixMarket, job: Job, factors: int, epochs: int
) -> Any:
    options |= {
        "d": factors,
        "num_iters": epochs,
        "num_workers": job.threads,
        "compute_loss_on_training": False,
    }
    rng = np.random.default_rng(0)
    with job.timed():
        model = _lapping(kind, job.lap)(aux.Option(options), data=data)
        model.initialize()
        for start in (model.P, model.Q):  # its own, 1 / factors^2, takes iALS++ many epochs to leave
            start[:] = rng.normal(scale=0.1 / np.sqrt(factors), size=start.shape)
        model.train()
    return model


def _lapping(kind: type[Any], lap: Callable[[], None]) -> type[Any]:
    """Return the class with a call after every epoch; its own callback asks for a validation part."""

    class Lapping(kind):
        def save_best_only(self, *arguments: Any) -> Any:
            lap()
            return super().save_best_only(*arguments)

    return Lapping


def _stored(train: sp.csr_matrix, values: np.ndarray) -> MatrixMarket:
    """Return the matrix, with other values, in the form that it reads."""
    folder = Path(tempfile.mkdtemp(prefix="buffalo-"))
    options = MatrixMarketOptions().get_default_option()
    options.input.main = sp.csr_matrix((values, train.indices, train.indptr), shape=train.shape)
    options.data.update({"tmp_dir": f"{folder}/", "path": str(folder / "data.h5"), "validation": {}})
    data = MatrixMarket(options)
    data.create()
    return data
