"""The ALS model: epochs, parameters, fold-in, explanation, growth and failure."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import als as twin

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError, ModelFitError
from tastemaker.models import als as als_module
from tastemaker.models._alternation import Alternation


@pytest.fixture(name="X")
def interactions(rng: np.random.Generator) -> sp.csr_array:
    """Likes and dislikes of 40 users and 25 items; user 3 and item 4 have none."""
    dense = rng.integers(1, 5, (40, 25)) * (rng.random((40, 25)) < 0.3)
    dense = np.where(rng.random(dense.shape) < 0.15, -dense, dense).astype(np.float32)
    dense[3], dense[:, 4] = 0, 0
    return sp.csr_array(dense)


def problem_of(model: tm.ALS) -> twin.Problem:
    return twin.Problem(model.reg, model.alpha, model.unobserved_weight_, model.nu)


@pytest.mark.parametrize("solver", ["cg", "cholesky", "ials++"])
@pytest.mark.parametrize("params", [{}, {"nu": 0, "unobserved_weight": 1, "reg": 2.0}, {"alpha": 5.0}])
def test_fit_follows_the_twin(X, solver, params):
    F = 20  # two blocks
    model = tm.ALS(factors=F, block_size=16, epochs=3, solver=solver, rng=7, compute_loss=True, **params).fit(
        X
    )
    start = np.random.default_rng(7)
    U, V = (0.1 / np.sqrt(F) * start.standard_normal((n, F), dtype=np.float32) for n in X.shape)
    problem, by_item = problem_of(model), X.T.tocsr()
    for epoch in range(3):
        if solver == "cg":
            U = twin.half_epoch_cg(X, V, U, problem, model.cg_steps)
            V = twin.half_epoch_cg(by_item, U, V, problem, model.cg_steps)
        elif solver == "ials++":
            U = twin.half_epoch_blocks(X, V, U, problem, 16)
            V = twin.half_epoch_blocks(by_item, U, V, problem, 16)
        else:
            U = twin.half_epoch_exact(X, V, problem)
            V = twin.half_epoch_exact(by_item, U, problem)
        assert model.history_[epoch]["loss"] == pytest.approx(twin.loss(X, U, V, problem), rel=1e-4)
    # Six half epochs in a row, each off by some 1e-6 and fed to the next; these systems amplify little.
    np.testing.assert_allclose(model.user_factors_, U, atol=1e-3 * np.abs(U).max())
    np.testing.assert_allclose(model.item_factors_, V, atol=1e-3 * np.abs(V).max())


def test_the_exact_solver_follows_the_twin_where_weights_let_it_iterate(rng):
    dense = rng.integers(1, 5, (90, 80)) * (rng.random((90, 80)) < 0.8)
    X = sp.csr_array(np.where(rng.random(dense.shape) < 0.15, -dense, dense).astype(np.float32))
    model = tm.ALS(factors=48, epochs=1, solver="cholesky", unobserved_weight=1.0, reg=0.01, rng=7).fit(X)
    start = np.random.default_rng(7)
    _, V = (0.1 / np.sqrt(48) * start.standard_normal((n, 48), dtype=np.float32) for n in X.shape)
    U = twin.half_epoch_exact(X, V, problem_of(model))
    np.testing.assert_allclose(model.user_factors_, U, atol=1e-4 * np.abs(U).max())
    V = twin.half_epoch_exact(X.T.tocsr(), U, problem_of(model))
    np.testing.assert_allclose(model.item_factors_, V, atol=1e-4 * np.abs(V).max())


def test_factors_are_plain_arrays(X):
    for factors in (5, 16):
        model = tm.ALS(factors=factors, epochs=1, rng=0).fit(X)
        for side, rows in ((model.user_factors_, 40), (model.item_factors_, 25)):
            assert side.shape == (rows, factors)
            assert side.dtype == np.float32
            assert side.flags.c_contiguous


@pytest.mark.parametrize("solver", ["cg", "cholesky", "ials++"])
def test_without_interactions_factors_are_zero(X, solver):
    model = tm.ALS(factors=3, epochs=2, solver=solver, rng=0).fit(X)
    assert not model.user_factors_[3].any()
    assert not model.item_factors_[4].any()
    assert model.user_factors_[0].any()


def test_more_factors_than_items(X):
    model = tm.ALS(factors=100, epochs=2, solver="cholesky", rng=0).fit(X)
    assert np.isfinite(model.item_factors_).all()


def test_no_ridge_at_all_is_survived():
    X = sp.csr_array(np.ones((3, 2), np.float32))
    for solver in ("cg", "cholesky", "ials++"):
        model = tm.ALS(factors=8, epochs=4, reg=0, solver=solver, rng=0).fit(X)
        np.testing.assert_allclose(model.user_factors_ @ model.item_factors_.T, 1, atol=0.02)


def test_a_dislike_scores_below_what_is_unknown(X):
    likes = abs(X)
    disliked = likes.copy()
    disliked.data[0] *= -1
    before, after = (tm.ALS(factors=8, rng=0).fit(m) for m in (likes, disliked))
    user, item = 0, int(likes.indices[0])
    assert after.score(user, item) < before.score(user, item) / 2


@pytest.mark.parametrize(
    "change",
    [
        {"factors": 5},
        {"epochs": 3},
        {"reg": 0.5},
        {"alpha": 3.0},
        {"unobserved_weight": 0.9},
        {"nu": 0.5},
        {"solver": "cholesky"},
        {"cg_steps": 1},
        {"solver": "ials++", "block_size": 4},
        {"init_std": 1.0},
        {"rng": 1},
    ],
)
def test_every_parameter_changes_the_result(X, change):
    base = {"factors": 4, "epochs": 2, "unobserved_weight": 0.5, "rng": 0}
    one, other = (tm.ALS(**params).fit(X).user_factors_ for params in (base, base | change))
    assert one.shape != other.shape or np.abs(one - other).max() > 1e-4


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"factors": 0}, "`factors` must be an int >= 1, got 0"),
        ({"factors": 2.5}, "`factors` must be an int >= 1, got 2.5"),
        ({"epochs": 0}, "`epochs` must be an int >= 1"),
        ({"reg": -1}, "`reg` must be a finite number >= 0"),
        ({"reg": np.nan}, "`reg` must be a finite number"),
        ({"alpha": 0}, "`alpha` must be a finite number > 0"),
        ({"unobserved_weight": -0.1}, "`unobserved_weight` must be a finite number >= 0"),
        ({"nu": -1}, "`nu` must be a finite number >= 0"),
        (
            {"solver": "cgs"},
            "`solver` must be one of 'cg', 'cholesky', 'ials\\+\\+', got 'cgs'. Did you mean 'cg'",
        ),
        ({"cg_steps": 0}, "`cg_steps` must be an int >= 1"),
        ({"block_size": 0}, "`block_size` must be an int >= 1"),
        ({"init_std": 0}, "`init_std` must be a finite number > 0"),
        ({"compute_loss": 1}, "`compute_loss` must be True or False"),
        ({"rng": "x"}, "`rng` must be an int"),
    ],
)
def test_parameters_are_checked(X, params, message):
    with pytest.raises((ArgumentError, ArgumentTypeError), match=message):
        tm.ALS(**params).fit(X)


def test_the_default_unobserved_weight_ignores_the_scale_of_the_weights(X):
    one, other = (tm.ALS(factors=4, rng=0).fit(m) for m in (X, 64 * X))
    assert one.unobserved_weight_ == pytest.approx(abs(X.data).mean() * np.sqrt(X.nnz / 1000))
    assert other.unobserved_weight_ == pytest.approx(64 * one.unobserved_weight_)
    assert tm.ALS(factors=4, unobserved_weight=0.25, rng=0).fit(X).unobserved_weight_ == 0.25


def test_fold_in_is_exact(X):
    model = tm.ALS(factors=7, epochs=2, rng=0).fit(X)
    got = model.fold_in(X)
    want = twin.half_epoch_exact(X, model.item_factors_.astype(np.float64), problem_of(model))
    np.testing.assert_allclose(got, want, atol=1e-5 * np.abs(want).max())
    np.testing.assert_array_equal(model.fold_in(X[[5]])[0], got[5])
    assert not got[3].any()


def test_fold_in_of_items_is_exact(X):
    model = tm.ALS(factors=7, epochs=2, rng=0).fit(X)
    got, by_item = model.fold_in_items(X.T), X.T.tocsr()
    want = twin.half_epoch_exact(by_item, model.user_factors_.astype(np.float64), problem_of(model))
    np.testing.assert_allclose(got, want, atol=1e-5 * np.abs(want).max())
    of_dict = model.fold_in_items({"new": dict(zip(by_item[[2]].indices, by_item[[2]].data, strict=True))})
    np.testing.assert_array_equal(of_dict[0], got[2])


def test_fold_in_of_items_refuses_users_x_items():
    data = tm.Dataset.from_tuples([("a", 1), ("b", 2)])
    model = tm.ALS(factors=2, epochs=1, rng=0).fit(data)
    with pytest.raises(ArgumentTypeError, match="got a Dataset, whose rows are users"):
        model.fold_in_items(data)


def test_explanations_add_up_to_the_score(X):
    model = tm.ALS(factors=6, rng=0).fit(X)
    for user, item in ((0, 1), (8, 20), (17, 4)):
        ids, contributions = model.explain(user, item)
        assert sorted(ids) == sorted(X[[user]].indices)
        score = model.fold_in(X[[user]])[0] @ model.item_factors_[item]
        assert contributions.sum() == pytest.approx(score, abs=1e-5)
        disliked = X[[user]].toarray()[0, ids] < 0
        assert (contributions[disliked] == 0).all()  # a dislike weighs in A, it adds no preference


def test_partial_fit_goes_on_where_fit_stopped(X):
    halves = tm.ALS(factors=5, epochs=2, rng=3).fit(X).partial_fit(X)
    whole = tm.ALS(factors=5, epochs=4, rng=3).fit(X)
    # To the rounding of the way to the start's axes and back.
    np.testing.assert_allclose(halves.user_factors_, whole.user_factors_, atol=1e-5)
    np.testing.assert_allclose(halves.item_factors_, whole.item_factors_, atol=1e-5)


def test_partial_fit_starts_new_rows_as_fit_would(X, monkeypatch):
    starts = {"_start": [], "_resume": []}
    for name, seen in starts.items():
        monkeypatch.setattr(tm.ALS, name, spied(getattr(tm.ALS, name), seen))
    model = tm.ALS(factors=5, epochs=2, rng=3).fit(X[:30, :20])
    known = model.user_factors_.copy(), model.item_factors_.copy()
    model.partial_fit(X)
    tm.ALS(factors=5, epochs=2, rng=3).fit(X)
    for resumed, anew, old, n in zip(
        starts["_resume"][-1], starts["_start"][-1], known, (30, 20), strict=True
    ):
        np.testing.assert_array_equal(resumed[:n, :5], old)
        np.testing.assert_array_equal(resumed[n:], anew[n:])


def spied(method, seen):
    def spy(self, shape):
        sides = method(self, shape)
        seen.append([side.copy() for side in sides])
        return sides

    return spy


def test_partial_fit_keeps_the_number_of_factors(X):
    model = tm.ALS(factors=5, epochs=1, rng=0).fit(X)
    with pytest.raises(ArgumentError, match="`factors` of `ALS` must be 5 as in the last fit, got 6"):
        model.set_params(factors=6).partial_fit(X)


def test_divergence_names_what_to_change(X):
    with pytest.raises(ModelFitError, match=r"Epoch 1 of `ALS` failed: .*Raise `reg`.*No epoch was complete"):
        tm.ALS(factors=4, alpha=1e38, rng=0).fit(X)


@pytest.mark.parametrize("solver", ["cg", "cholesky", "ials++"])
def test_divergence_keeps_what_was_computed(X, monkeypatch, solver):
    """The sixth half epoch fails: the items of the third epoch. Its users stay, and fit the items of the second."""
    half_epoch, calls = Alternation._half_epoch, []

    def failing(*args):
        calls.append(args)
        if len(calls) == 6:
            raise als_module._core.NumericalError("factors became infinite or NaN")
        return half_epoch(*args)

    model = tm.ALS(factors=4, epochs=5, solver=solver, rng=0)
    with monkeypatch.context() as patch:
        patch.setattr(Alternation, "_half_epoch", failing)
        with pytest.raises(ModelFitError, match=r"Epoch 3 of `ALS` failed.*The model keeps epoch 2\."):
            model.fit(X)
    assert len(model.history_) == 2
    two, three = (tm.ALS(factors=4, epochs=epochs, solver=solver, rng=0).fit(X) for epochs in (2, 3))
    np.testing.assert_allclose(model.item_factors_, two.item_factors_, atol=1e-5)
    np.testing.assert_allclose(model.user_factors_, three.user_factors_, atol=1e-5)
    assert len(model.recommend(0, n=2)[0]) == 2


def test_what_a_callback_keeps_is_not_changed_by_later_epochs(X):
    kept = []
    tm.ALS(factors=4, epochs=3, rng=0).fit(
        X, callback=lambda state: kept.append((state.model.user_factors_, state.model.item_factors_))
    )
    for epoch, (users, items) in enumerate(kept, start=1):
        want = tm.ALS(factors=4, epochs=epoch, rng=0).fit(X)
        np.testing.assert_allclose(users @ items.T, want.user_factors_ @ want.item_factors_.T, atol=1e-5)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_ctrl_c_ends_a_half_epoch_within_a_second(rng):
    X = sp.random_array((20_000, 2_000), density=0.02, rng=rng, format="csr", dtype=np.float32)
    model = tm.ALS(factors=128, epochs=10_000, solver="cholesky", rng=0)
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    timer = threading.Timer(0.3, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert time.monotonic() - sent[0] < 1.0
