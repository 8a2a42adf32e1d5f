"""A request is answered from one training, the last one complete, whatever another thread trains on that model."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np
import pytest
import scipy.sparse as sp
from tests.contract.zoo import interactions

import tastemaker as tm
from tastemaker.models import base


@pytest.fixture(name="other")
def smaller() -> sp.csr_array:
    """Other data, and fewer users and items: an answer from parts of both fits differs, or fails."""
    return interactions(seed=5, n_users=12, n_items=9)


def in_thread(call, *args, **options):
    """Return what a call returns in another thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *args, **options).result()


def same(got, want) -> None:
    for part, expected in zip(got, want, strict=True):
        np.testing.assert_array_equal(part, expected)


def test_until_a_training_ends_the_model_is_that_of_the_last(model, other):
    before = model.recommend(n=3)
    told = []

    def ask(state):
        told.append(state.epoch)
        same(in_thread(model.recommend, n=3), before)

    model.fit(other, callback=ask)
    assert told
    same(model.recommend(n=3), type(model)(**model.get_params(deep=False)).fit(other).recommend(n=3))


@pytest.mark.parametrize("step", ["_resolve", "_excluded", "_topn", "_queries", "_index", "_warn_cold"])
def test_a_training_that_ends_during_a_request_does_not_reach_it(model, other, step, monkeypatch):
    want = model.recommend(n=3)
    real, calls = getattr(type(model), step), count()

    def interrupted(self, *args, **options):
        if next(calls) == 0:
            in_thread(model.fit, other)
        return real(self, *args, **options)

    monkeypatch.setattr(type(model), step, interrupted)
    same(model.recommend(n=3), want)
    assert model.n_users_ == other.shape[0]


def test_batches_are_all_of_one_training(X, other):
    model = tm.ALS(factors=4, epochs=2, rng=0).fit(X)
    want = list(model.recommend_batches(n=3, batch_size=10))
    batches = model.recommend_batches(n=3, batch_size=10)
    got = [next(batches)]
    model.fit(other)
    for (_, *part), (_, *expected) in zip([*got, *batches], want, strict=True):
        same(part, expected)


def test_evaluation_is_of_one_training(monkeypatch):
    split = tm.splits.random(tm.Dataset.from_sparse(interactions()), rng=0)
    model = tm.ALS(factors=4, epochs=2, rng=0).fit(split.train)
    want = tm.evaluate(model, split)
    topn = base.Recommender._topn

    def interrupted(self, *args, **options):
        in_thread(model.fit, interactions(seed=5, n_users=12, n_items=9))
        return topn(self, *args, **options)

    monkeypatch.setattr(base.Recommender, "_topn", interrupted)
    assert tm.evaluate(model, split).figures == want.figures


def test_only_the_callbacks_model_shows_the_epochs(X):
    model, seen = tm.ALS(factors=4, epochs=2, rng=0), []

    def look(state):
        seen.append(state.model.item_factors_.copy())
        assert not model.__sklearn_is_fitted__()

    model.fit(X, callback=look)
    assert len(seen) == 2
    assert not np.array_equal(*seen)


def test_what_is_set_on_a_fitted_model_counts(X):
    model = tm.ALS(factors=4, epochs=2, rng=0).fit(X)
    before = model.fold_in([0, 1])
    model.set_params(reg=1.0)
    assert (abs(model.fold_in([0, 1])) < abs(before)).any()
