"""LightFM: SGD; lists by numpy from its representations, since it has no top-n of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from bench.peers.job import Job, Outcome, best_items
from lightfm import LightFM
from lightfm.evaluation import auc_score


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
        if not job.checked:
            return Outcome()
        user, item = _with_biases(model)
        return Outcome(lists=best_items(user, item, job.train, 10), user=user, item=item)

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
        user, item = _with_biases(model, *sides)
        return Outcome(user=user, item=item)

    def ranks(self, job: Job, factors: int, epochs: int) -> Outcome:
        model = job.once(lambda: _warp(job, factors, epochs))
        with job.timed():
            auc_score(model, job.train, num_threads=job.threads)
        return Outcome()

    def predict_all(self, job: Job, factors: int, epochs: int, n: int, features: str) -> Outcome:
        sides = [job.features(side) for side in ("user", "item")]
        model = job.once(lambda: _warp(job, factors, epochs, *sides))
        users, items = job.train.shape
        everything = np.arange(items)
        lists = np.empty((users, n), np.int32)
        with job.timed():
            for user in range(users):
                scores = model.predict(user, everything, sides[1], sides[0], num_threads=job.threads)
                scores[job.train.indices[slice(*job.train.indptr[user : user + 2])]] = -np.inf
                lists[user] = np.argsort(-scores)[:n]
        return Outcome(lists=lists)


def _warp(job: Job, factors: int, epochs: int, of_users: Any = None, of_items: Any = None) -> LightFM:
    model = LightFM(no_components=factors, loss="warp", random_state=0)
    return model.fit(job.train.tocoo(), of_users, of_items, epochs=epochs, num_threads=job.threads)


def _with_biases(model: LightFM, of_users: Any = None, of_items: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return factors that rank like the model: an item's bias is one more factor, a user's changes nothing."""
    _, user = model.get_user_representations(of_users)
    biases, item = model.get_item_representations(of_items)
    ones = np.ones((len(user), 1), np.float32)
    return np.hstack([user, ones]), np.hstack([item, biases[:, None]])
