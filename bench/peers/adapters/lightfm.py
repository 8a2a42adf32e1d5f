"""LightFM: SGD without features; lists by numpy from its representations, since it has no top-n of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from bench.peers.job import Job, Outcome, best_items
from lightfm import LightFM


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
            model.fit(job.train.tocoo(), *sides, epochs=epochs, num_threads=job.threads)
        user, item = _with_biases(model, *sides)
        return Outcome(user=user, item=item)


def _with_biases(model: LightFM, of_users: Any = None, of_items: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return factors that rank like the model: an item's bias is one more factor, a user's changes nothing."""
    _, user = model.get_user_representations(of_users)
    biases, item = model.get_item_representations(of_items)
    ones = np.ones((len(user), 1), np.float32)
    return np.hstack([user, ones]), np.hstack([item, biases[:, None]])
