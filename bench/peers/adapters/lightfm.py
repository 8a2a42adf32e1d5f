"""LightFM: SGD; it gives its factors, since it has no top-n of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from bench.peers.job import Job, Outcome
from lightfm import LightFM
from lightfm.evaluation import auc_score

_sample = 400  # users whose lists are timed: for all it takes minutes, and each takes the same


class Adapter:
    """See bench.peers.adapters."""

    packages = ("lightfm", "numpy", "scipy")

    def sgd(self, job: Job, loss: str, factors: int, epochs: int, learning_rate: float) -> Outcome:
        model = LightFM(no_components=factors, loss=loss, learning_rate=learning_rate, random_state=0)
        pairs = job.train.tocoo()
        with job.timed():
            for _ in range(epochs):
                model.fit_partial(pairs, epochs=1, num_threads=job.threads)
                job.lap()
        return _factors(model) if job.checked else Outcome()

    def hybrid(
        self, job: Job, loss: str, optimizer: str, factors: int, epochs: int, seed: int, features: str
    ) -> Outcome:
        model = LightFM(
            no_components=factors,
            loss=loss.replace("_", "-"),
            learning_schedule=optimizer,
            random_state=seed,
        )
        sides = [job.features(side) for side in ("user", "item")]
        with job.timed():
            pairs = job.train.tocoo()
            for _ in range(epochs):
                model.fit_partial(pairs, *sides, epochs=1, num_threads=job.threads)
                job.lap()
        return _factors(model, *sides) if job.checked else Outcome()

    def ranks(self, job: Job, factors: int, epochs: int) -> Outcome:
        model = job.once(lambda: _warp(job, factors, epochs))
        with job.timed():
            auc = auc_score(model, job.train, num_threads=job.threads)
        return Outcome(auc=float(auc.mean()))

    def predict_all(self, job: Job, factors: int, epochs: int, n: int, features: str) -> Outcome:
        sides = [job.features(side) for side in ("user", "item")]
        model = job.once(lambda: _warp(job, factors, epochs, *sides))
        users, items = job.train.shape
        everything = np.arange(items)
        sample = np.linspace(0, users - 1, min(users, _sample), dtype=np.int64)
        with job.timed():
            for user in sample:
                scores = model.predict(int(user), everything, sides[1], sides[0], num_threads=job.threads)
                scores[job.train.indices[slice(*job.train.indptr[user : user + 2])]] = -np.inf
                np.argsort(-scores)[:n]
        job.seconds *= users / len(sample)
        return _factors(model, *sides) if job.checked else Outcome()


def _warp(job: Job, factors: int, epochs: int, of_users: Any = None, of_items: Any = None) -> LightFM:
    model = LightFM(no_components=factors, loss="warp", random_state=0)
    return model.fit(job.train.tocoo(), of_users, of_items, epochs=epochs, num_threads=job.threads)


def _factors(model: LightFM, of_users: Any = None, of_items: Any = None) -> Outcome:
    """Return factors that rank like the model: an item's bias is one more factor, a user's changes nothing."""
    _, user = model.get_user_representations(of_users)
    biases, item = model.get_item_representations(of_items)
    ones = np.ones((len(user), 1), np.float32)
    return Outcome(user=np.hstack([user, ones]), item=np.hstack([item, biases[:, None]]))
