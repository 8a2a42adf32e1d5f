"""Threads that share the library; `make tsan-python` runs these under ThreadSanitizer.

The data is large enough for the kernels to cut their work into several pieces.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from tests.contract.zoo import MODELS, interactions

import tastemaker as tm

every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)

#: Parameters of LightFM whose threads update the factors without locks: no two fits are alike.
RACING = {
    "warp": {"loss": "warp"},
    "bpr": {"loss": "bpr"},
    "kos-adadelta": {"loss": "warp_kos", "optimizer": "adadelta"},
    "logistic-regularised": {"loss": "logistic", "reg_user": 1e-4, "reg_item": 1e-4},
}


@pytest.fixture(name="X", scope="module")
def matrix() -> sp.csr_array:
    return interactions(300, 200)


@pytest.fixture(name="other", scope="module")
def matrix_of_the_same_shape() -> sp.csr_array:
    return interactions(300, 200, seed=5)


@pytest.fixture(name="tall", scope="module")
def matrix_of_many_users() -> sp.csr_array:
    """Work that lasts until all threads have begun theirs."""
    return interactions(3000, 400)


def together(*calls):
    """Return what calls return that run at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def lists(model, threads=2):
    return model.recommend(n=10, threads=threads)[0]


@every_model
def test_models_are_fitted_beside_each_other(make, X):
    want = lists(make().fit(X, threads=1), threads=1)
    for got in together(*3 * [lambda: lists(make().fit(X, threads=2))]):
        np.testing.assert_array_equal(got, want)


@every_model
def test_threads_share_the_work_of_one_fit(make, tall):
    model = make()
    if "deterministic" in model.get_params():
        model.set_params(deterministic=True)
    want = lists(model.fit(tall, threads=1), threads=1)
    np.testing.assert_array_equal(lists(model.fit(tall, threads=4), threads=4), want)


@every_model
def test_a_model_answers_while_it_is_trained(make, X, other):
    model = make().fit(X, threads=2)
    trainings = [lists(model), lists(make().fit(other, threads=2))]

    def train():
        for data in (other, X, other):
            model.fit(data, threads=2)

    _, *answers = together(train, *2 * [lambda: [lists(model) for _ in range(10)]])
    for got in np.concatenate(answers):
        assert any(np.array_equal(got, want) for want in trainings)
    np.testing.assert_array_equal(lists(model), trainings[1])


@pytest.mark.parametrize("features", [False, True], ids=["plain", "features"])
@pytest.mark.parametrize("params", RACING.values(), ids=RACING)
def test_threads_without_locks_end_in_sound_models(params, features):
    X = interactions(
        100, 60
    )  # ThreadSanitizer looks at each race, and forgets the past after some million accesses
    tags = sp.random_array((60, 20), density=0.2, rng=0, dtype=np.float32) if features else None

    def fit_and_ask():
        model = tm.LightFM(factors=6, epochs=1, item_indicators=True, rng=1, **params)
        return model.fit(X, item_features=tags, threads=3).recommend(n=10, threads=2)

    for ids, scores in together(fit_and_ask, fit_and_ask):
        assert (ids >= 0).all()
        assert np.isfinite(scores).all()
