"""The life of a fit, beyond the contract's checks: one user, callback, interruption."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import tastemaker as tm


def test_one_user_and_one_item(unfitted):
    if isinstance(unfitted, tm.SVD):
        unfitted.set_params(factors=1)
    ids, _ = unfitted.fit(sp.csr_array([[2.0]])).recommend(n=2)
    assert (ids == -1).all()


def test_the_callback_is_told_each_epoch_and_can_stop(X):
    states = []

    def watch(state):
        states.append((state.epoch, state.epochs, state.loss))
        if state.epoch == 2:
            state.stop()

    model = tm.ALS(factors=4, epochs=9, compute_loss=True, rng=0).fit(X, callback=watch)
    assert [s[:2] for s in states] == [(1, 9), (2, 9)]
    assert states[1][2] < states[0][2]
    assert [h["epoch"] for h in model.history_] == [1, 2]
    same = tm.ALS(factors=4, epochs=2, rng=0).fit(X)
    np.testing.assert_array_equal(model.item_factors_, same.item_factors_)


def test_an_interrupted_fit_keeps_the_last_complete_epoch(X):
    def interrupt(state):
        if state.epoch == 2:
            raise KeyboardInterrupt

    model = tm.ALS(factors=4, epochs=9, rng=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, callback=interrupt)
    same = tm.ALS(factors=4, epochs=2, rng=0).fit(X)
    np.testing.assert_array_equal(model.recommend(n=4)[0], same.recommend(n=4)[0])


def test_the_callback_can_ask_the_model_of_each_epoch(unfitted, X):
    told = []
    trained = unfitted.fit(X, callback=lambda state: told.append(state.model.recommend(n=4)))
    assert len(told) == len(trained.history_)
    for epochs, (_, scores) in enumerate(told, 1):
        if "epochs" in unfitted.get_params():
            unfitted.set_params(epochs=epochs).fit(X)
        np.testing.assert_allclose(scores, unfitted.recommend(n=4)[1], rtol=1e-4)


def test_the_callback_can_evaluate_and_refitting_shows_no_earlier_answer(X):
    split = tm.splits.random(tm.Dataset.from_sparse(X), rng=0)
    model, told = tm.ALS(factors=4, epochs=3, rng=0), []
    for _ in range(2):
        model.fit(split.train, callback=lambda state: told.append(tm.evaluate(state.model, split)["ndcg@10"]))
    fitted = [tm.evaluate(tm.ALS(factors=4, epochs=n, rng=0), split)["ndcg@10"] for n in (1, 2, 3)]
    assert told == fitted * 2
    assert len(set(fitted)) > 1
