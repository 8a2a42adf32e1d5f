"""The models BPR and LogisticMF: the twins, parameters, weights, growth, failure."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import lightfm as bpr_twin
from tests.reference import logistic_mf as logistic_twin

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, ModelFitError


@pytest.mark.parametrize("sampler", ["uniform", "popularity"])
def test_bpr_on_one_thread_follows_the_twin(X, simd_level, sampler):
    X.data[::7] *= -1
    model = tm.BPR(factors=5, epochs=2, sampler=sampler, rng=3).fit(X, threads=1)
    rng, sides = np.random.default_rng(3), []
    for n in X.shape:
        weights = np.zeros((n, 6))
        weights[:, :5] = (rng.random((n, 5), dtype=np.float32) - 0.5) / np.float32(5)
        sides.append(bpr_twin.Side(np.eye(n), weights, np.ones((n, 6)), np.zeros((n, 6)), reg=0.01))
    settings = bpr_twin.Settings("bpr", "descent", popularity=sampler == "popularity", user_bias=False)
    seed = int(rng.integers(2**63))
    for epoch in range(2):
        bpr_twin.Epoch(X, *sides, settings, seed=seed, epoch=epoch).run()
    np.testing.assert_allclose(model.user_factors_, sides[0].weights[:, :5], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.item_factors_, sides[1].weights[:, :5], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.item_biases_, sides[1].weights[:, 5], rtol=1e-4, atol=1e-6)
    assert not model.user_biases_.any()


@pytest.mark.parametrize("most", [None, 7])
@pytest.mark.parametrize("factors", [3, 16, 33])
def test_logistic_mf_follows_the_twin(X, simd_level, threads, factors, most):
    params = {"factors": factors, "negatives_per_positive": 4, "max_negatives": most, "epochs": 2}
    model = tm.LogisticMF(**params, rng=3).fit(X, threads=threads)
    rng = np.random.default_rng(3)
    users, items = (rng.standard_normal((n, factors + 1), dtype=np.float32).astype(float) for n in X.shape)
    squares = [np.zeros_like(side) for side in (users, items)]
    by_item, seed = X.T.tocsr(), int(rng.integers(2**63))
    settings = logistic_twin.Settings(negatives_per_positive=4, max_negatives=most or 10**9)
    for epoch in range(2):
        logistic_twin.half_epoch(X, users, squares[0], items, X.indices, settings, seed + 2 * epoch)
        logistic_twin.half_epoch(
            by_item, items, squares[1], users, by_item.indices, settings, seed + 2 * epoch + 1
        )
    # A first step is as long as the rate whatever the gradient, so a gradient near 0 passes its rounding errors on
    # enlarged by 1 / |gradient|.
    np.testing.assert_allclose(model.user_factors_, users[:, :-1], atol=2e-3)
    np.testing.assert_allclose(model.item_biases_, items[:, -1], atol=2e-3)
    np.testing.assert_allclose(model.item_gradients_, squares[1], rtol=1e-2, atol=1e-2)


def test_bpr_learns_with_threads_that_share(X):
    model = tm.BPR(factors=8, epochs=200, rng=0).fit(X, threads=2)
    assert np.median(model.rank(*X.nonzero(), exclude_seen=False)) < 8


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (tm.BPR, {"factors": 5}),
        (tm.BPR, {"learning_rate": 0.5}),
        (tm.BPR, {"reg": 0.5}),
        (tm.BPR, {"sampler": "popularity"}),
        (tm.BPR, {"verify_negatives": False}),
        (tm.BPR, {"epochs": 3}),
        (tm.BPR, {"deterministic": True}),
        (tm.BPR, {"rng": 1}),
        (tm.LogisticMF, {"factors": 5}),
        (tm.LogisticMF, {"learning_rate": 0.5}),
        (tm.LogisticMF, {"reg": 0.1}),
        (tm.LogisticMF, {"negatives_per_positive": 60}),
        (tm.LogisticMF, {"max_negatives": 40}),
        (tm.LogisticMF, {"epochs": 3}),
        (tm.LogisticMF, {"rng": 1}),
    ],
)
def test_every_parameter_changes_the_result(X, model, change):
    base = {"factors": 4, "epochs": 2, "rng": 0}
    one, other = (model(**params).fit(X, threads=1).user_factors_ for params in (base, base | change))
    assert one.shape != other.shape or np.abs(one - other).max() > 1e-5


@pytest.mark.parametrize("model", [tm.BPR, tm.LogisticMF])
def test_weights_count(X, model):
    ones = X.copy()
    ones.data[:] = 1
    one, other = (model(factors=4, epochs=2, rng=0).fit(m, threads=1).user_factors_ for m in (X, ones))
    assert np.abs(one - other).max() > 1e-5


@pytest.mark.parametrize("model", [tm.BPR, tm.LogisticMF])
def test_folding_in_does_not_depend_on_the_company(X, model, threads):
    fitted = model(factors=4, epochs=3, rng=0).fit(X)
    with tm.config(threads=threads):
        whole = fitted.fold_in(X)
    np.testing.assert_array_equal(fitted.fold_in(X[[5]])[0], whole[5])
    assert fitted.fold_in(X[:0]).shape == (0, 6)


@pytest.mark.parametrize(
    ("model", "params", "message"),
    [
        (tm.BPR, {"factors": 0}, "`factors` must be an int >= 1"),
        (tm.BPR, {"learning_rate": 0}, "`learning_rate` must be a finite number > 0"),
        (tm.BPR, {"sampler": "uniformly"}, "Did you mean 'uniform'"),
        (tm.BPR, {"verify_negatives": 1}, "`verify_negatives` must be True or False"),
        (tm.LogisticMF, {"reg": -1}, "`reg` must be a finite number >= 0"),
        (tm.LogisticMF, {"negatives_per_positive": -1}, "`negatives_per_positive` must be an int >= 0"),
        (tm.LogisticMF, {"max_negatives": 1.5}, "`max_negatives` must be an int >= 0"),
    ],
)
def test_parameters_are_checked(X, model, params, message):
    with pytest.raises((ArgumentError, ArgumentTypeError), match=message):
        model(**params).fit(X)


@pytest.mark.parametrize("model", [tm.BPR, tm.LogisticMF])
def test_dislikes_alone_are_refused(X, model):
    with pytest.raises(DataError, match="at least one like"):
        model().fit(-abs(X))


@pytest.mark.parametrize("model", [tm.BPR, tm.LogisticMF])
def test_a_user_who_likes_everything(model):
    for X in (np.ones((5, 4)), np.vstack([np.ones((5, 4)), [1, 0, 0, 0]])):
        fitted = model(factors=2, epochs=2, rng=0).fit(sp.csr_array(X.astype(np.float32)))
        assert np.isfinite(fitted.item_factors_).all()


@pytest.mark.parametrize("model", [tm.BPR, tm.LogisticMF])
def test_divergence_keeps_the_last_good_epoch(X, model):
    fitted = model(factors=4, epochs=2, rng=0).fit(X)
    before = fitted.item_factors_.copy()
    with pytest.raises(ModelFitError, match="Lower `learning_rate`"):
        fitted.set_params(learning_rate=1e38, epochs=20).partial_fit(X)
    if not fitted.history_ or len(fitted.history_) == 2:
        np.testing.assert_array_equal(fitted.item_factors_, before)
    assert np.isfinite(fitted.item_factors_).all()


@pytest.mark.parametrize("model", [tm.BPR, tm.LogisticMF])
def test_partial_fit_does_not_repeat_its_draws(X, model):
    fitted = model(factors=4, epochs=1, rng=0).fit(X, threads=1)
    one = fitted.partial_fit(X, threads=1).item_factors_.copy()
    other = fitted.partial_fit(X, threads=1).item_factors_
    assert np.abs(one - other).max() > 1e-6
    with pytest.raises(ArgumentError, match="`factors` of"):
        fitted.set_params(factors=9).partial_fit(X)
