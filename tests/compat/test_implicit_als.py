"""Alternating least squares of the façade: training, refitting, updates, explanations."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import cuda_device
from tests.reference.als import Problem, loss

from tastemaker import __version__
from tastemaker._runtime import num_threads
from tastemaker.compat.implicit.als import AlternatingLeastSquares
from tastemaker.compat.implicit.cpu import _native
from tastemaker.compat.implicit.cpu import als as functions
from tastemaker.compat.implicit.gpu import als as gpu_als
from tastemaker.compat.implicit.utils import ParameterWarning
from tastemaker.errors import ArgumentError, DataError, ModelFitError, UnsupportedError


def trained(X, **params):
    model = AlternatingLeastSquares(**{"factors": 5, "iterations": 3, "random_state": 1, **params})
    model.fit(X, show_progress=False)
    return model


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_factors_have_the_shape_and_dtype_asked_for(X, dtype):
    model = trained(X, dtype=dtype)
    assert model.user_factors.shape == (60, 5)
    assert model.item_factors.shape == (40, 5)
    for array in (
        model.user_factors,
        model.item_factors,
        model.user_norms,
        model.item_norms,
        model.YtY,
        model.XtX,
    ):
        assert array.dtype == np.dtype(dtype)
    np.testing.assert_allclose(model.item_norms, np.linalg.norm(model.item_factors, axis=1), rtol=1e-6)
    np.testing.assert_allclose(model.YtY, model.item_factors.T @ model.item_factors, rtol=1e-5)


def test_every_parameter_changes_the_result(X):
    plain = trained(X)
    others = [
        *({"factors": 6}, {"regularization": 1.0}, {"alpha": 3.0}, {"use_cg": False}, {"iterations": 4}),
        *({"random_state": 2}, {"random_state": np.random.RandomState(1)}),
    ]
    for changed in others:
        other = trained(X, **changed).item_factors
        assert other.shape != plain.item_factors.shape or abs(other - plain.item_factors).max() > 1e-5, (
            changed
        )
    for same in ({"use_native": False}, {"num_threads": 3}, {"calculate_training_loss": True}):
        np.testing.assert_array_equal(trained(X, **same).item_factors, plain.item_factors)
    plain.cg_steps = 1
    plain.user_factors = plain.item_factors = None
    plain.fit(X, show_progress=False)
    assert abs(plain.item_factors - trained(X).item_factors).max() > 1e-5


@pytest.mark.parametrize(
    "make",
    [lambda: 4, lambda: np.random.default_rng(4), lambda: np.random.RandomState(4), lambda: np.int64(4)],
)
def test_any_kind_of_random_state_repeats(X, make):
    """implicit fails on a RandomState, which its documentation names first."""
    np.testing.assert_array_equal(
        trained(X, random_state=make()).user_factors, trained(X, random_state=make()).user_factors
    )


def test_the_callback_sees_each_iteration_with_its_factors_and_loss(X):
    seen = []
    model = AlternatingLeastSquares(factors=5, iterations=4, calculate_training_loss=True, random_state=0)
    model.fit(X, False, lambda *args: seen.append((*args, model.user_factors, model.item_factors)))
    assert [iteration for iteration, *_ in seen] == [0, 1, 2, 3]
    assert all(seconds >= 0 for _, seconds, *_ in seen)
    terms = X.sum() + X.shape[0] * X.shape[1] - X.nnz
    for _, _, got, users, items in seen:
        want = loss(sp.csr_array(X), users, items, Problem(reg=0.01, nu=0.0))
        assert got == pytest.approx(want / terms, rel=1e-4)
    assert np.diff([got for _, _, got, *_ in seen]).max() < 0


def test_the_loss_is_none_unless_asked_for_and_fit_callback_is_the_fallback(X):
    model, seen = AlternatingLeastSquares(factors=3, iterations=2), []
    model.fit_callback = lambda *args: seen.append(args)
    model.fit(X, show_progress=False)
    assert [(iteration, got) for iteration, _, got in seen] == [(0, None), (1, None)]


def test_fitting_twice_goes_on_from_the_present_factors(X):
    once = trained(X, iterations=6)
    twice = trained(X)
    twice.fit(X, show_progress=False)
    np.testing.assert_allclose(twice.user_factors, once.user_factors, atol=1e-3)


def test_a_second_fit_may_bring_more_users_and_items(X):
    """Here implicit ends the process or reports NaN."""
    model = trained(X[:50, :30])
    kept = model.item_factors.copy()
    model.iterations = 1
    model.fit(X, show_progress=False)
    assert model.user_factors.shape == (60, 5)
    assert model.item_factors.shape == (40, 5)
    correlation = np.corrcoef(kept.ravel(), model.item_factors[:30].ravel())[0, 1]
    assert correlation > 0.9, "it went on from what it knew"
    assert len(model.recommend(59, X[59])[0]) == 10


def test_a_second_fit_with_fewer_rows_or_other_factors_is_refused(X):
    model = trained(X)
    with pytest.raises(
        DataError, match=r"at least the 60 users .* got 50. Set user_factors and item_factors to None"
    ):
        model.fit(X[:50], show_progress=False)
    with pytest.raises(DataError, match="at least the 40 items"):
        model.fit(X[:, :30], show_progress=False)
    model.factors = 6
    with pytest.raises(ArgumentError, match="`factors` must be 5"):
        model.fit(X, show_progress=False)
    assert model.user_factors.shape == (60, 5)


def test_factors_may_be_assigned_and_start_training(X):
    first = trained(X)
    model = AlternatingLeastSquares(factors=5, iterations=1)
    model.item_factors = first.item_factors
    model.fit(X, show_progress=False)
    assert np.corrcoef(first.item_factors.ravel(), model.item_factors.ravel())[0, 1] > 0.9
    model.item_factors = np.eye(40, 5, dtype=np.float32)
    assert model.recommend(0, X[0], N=40)[0].max() < 40
    np.testing.assert_allclose(model.YtY, np.eye(5))


def test_factors_are_read_only_in_place(X):
    """What is derived from them would not notice."""
    model = trained(X)
    with pytest.raises(ValueError, match="read-only"):
        model.item_factors[0] = 1


def test_dislikes_count_as_dislikes(X):
    dislikes = X.copy()
    dislikes.data[:] *= -5
    disliked, liked = trained(dislikes), trained(X)
    rows, cols = X.nonzero()
    score = [(m.user_factors[rows] * m.item_factors[cols]).sum(axis=1).mean() for m in (disliked, liked)]
    assert score[0] < 0.05 < score[1]


def test_users_and_items_without_interactions_get_zeros(X):
    holed = X.tolil()
    holed[4] = 0
    holed[:, 7] = 0
    model = trained(holed.tocsr())
    assert not model.user_factors[4].any()
    assert not model.item_factors[7].any()
    assert model.item_norms[7] == np.float32(1e-10)
    assert len(model.recommend(4, sp.csr_matrix((1, 40)))[0]) == 0
    assert len(model.similar_items(7)[0]) == 0
    assert 7 not in model.similar_items(3, N=5)[0]


def test_recalculated_factors_are_the_exact_solution(als, X):
    for alpha in (1.0, 2.5):
        als.alpha = alpha
        got = als.recalculate_user([5, 6, 99], X[[5, 6, 7]])
        for row, user in zip(got, (5, 6, 7), strict=True):
            want = functions.user_factor(als.item_factors, als.YtY, alpha * X, user, als.regularization, 6)
            np.testing.assert_allclose(row, want, rtol=2e-3, atol=2e-4)
    als.alpha = 1.0
    one = als.recalculate_item(3, X.T.tocsr()[3])
    assert one.shape == (6,)
    want = functions.item_factor(als.user_factors, als.XtX, X.T.tocsr(), 3, als.regularization, 6)
    np.testing.assert_allclose(one, want, rtol=2e-3, atol=2e-4)


def test_recalculated_users_need_no_place_in_the_model(als, X):
    by_history, _ = als.recommend(10_000, X[5], recalculate_user=True)
    folded = als.recalculate_user(0, X[5])
    want = np.argsort(-(als.item_factors @ folded), kind="stable")
    want = want[~np.isin(want, X[5].indices)][:10]
    np.testing.assert_array_equal(by_history, want)
    alike, _ = als.similar_items(10_000, N=3, recalculate_item=True, item_users=X.T.tocsr()[3])
    assert 3 in alike


def test_partial_fit_stores_and_grows(X):
    model = trained(X)
    before = model.user_factors.copy()
    alike = model.similar_users(1, N=3)[0]
    model.partial_fit_users([1, 62], X[[5, 6]])
    assert model.user_factors.shape == (63, 5)
    np.testing.assert_array_equal(model.user_factors[[1, 62]], model.recalculate_user([1, 62], X[[5, 6]]))
    np.testing.assert_array_equal(model.user_factors[2:60], before[2:])
    assert not model.user_factors[[60, 61]].any()
    assert model.similar_users(1, N=3)[0].tolist() != alike.tolist()
    model.partial_fit_items([41], X.T.tocsr()[[3]])
    assert model.item_factors.shape == (42, 5)
    assert model.similar_items(41, N=2)[0].tolist() in ([3, 41], [41, 3])
    assert model.recommend(62, X[6], N=60)[0].max() <= 41


def test_an_update_of_known_users_copies_nothing(X):
    model = trained(X)
    before = model.user_factors
    model.partial_fit_users([3], X[[5]])
    assert np.shares_memory(model.user_factors, before)
    kept = before.copy()
    kept.flags.writeable = False
    model.user_factors = kept
    model.partial_fit_users([4], X[[6]])
    np.testing.assert_array_equal(kept, before)
    assert (model.user_factors[4] != kept[4]).any()


def test_explanations_add_up_to_the_score(als, X):
    likes = X.copy()
    likes.data[::5] *= -1
    total, parts, weights = als.explain(7, likes, 11, N=3)
    folded = als.recalculate_user(7, likes[7])
    assert total == pytest.approx(float(folded @ als.item_factors[11]), abs=1e-4)
    assert len(parts) == 3
    assert all(likes[7, item] > 0 for item, _ in parts)
    assert [score for _, score in parts] == sorted((score for _, score in parts), reverse=True)
    assert als.explain(7, likes, 11, user_weights=weights, N=3)[:2] == (total, parts)


def test_module_functions_improve_one_side_in_place(X):
    rng = np.random.default_rng(0)
    users, items = (rng.normal(size=(n, 4)).astype(np.float32) for n in X.shape)
    exact, steps = users.copy(), users.copy()
    assert functions.least_squares(X, exact, items, 0.1, num_threads=2) is None
    want = functions.user_factor(items, items.T @ items, X, 8, 0.1, 4)
    np.testing.assert_allclose(exact[8], want, rtol=1e-3, atol=1e-5)
    functions.least_squares_cg(X, steps, items, 0.1, cg_steps=3)
    assert 0 < abs(steps - exact).max() < abs(users - exact).max()
    functions.least_squares_cg(X, steps, items, 0.1, cg_steps=9)
    np.testing.assert_allclose(steps, exact, rtol=1e-2, atol=1e-3)
    model = AlternatingLeastSquares(use_cg=False)
    again = users.copy()
    model.solver(X, again, items, 0.1)
    np.testing.assert_array_equal(again, exact)
    model.use_cg = True
    model.solver(X, again, items, 0.1)


def test_recommend_all_is_deprecated_and_works(als, X):
    with pytest.warns(DeprecationWarning, match="recommend_all"):
        ids = als.recommend_all(X, N=4, filter_items=[0])
    np.testing.assert_array_equal(ids, als.recommend(np.arange(60), X, N=4, filter_items=[0])[0])
    with pytest.warns(DeprecationWarning, match="recommend_all"):
        shifted = als.recommend_all(X[10:20], N=4, users_items_offset=10)
    np.testing.assert_array_equal(shifted, als.recommend(np.arange(10, 20), X[10:20], N=4)[0])


def test_other_formats_are_converted_with_a_warning(X):
    model = AlternatingLeastSquares(factors=5, iterations=3, random_state=1)
    with pytest.warns(ParameterWarning, match="should be a CSR matrix, got coo_matrix.*tocsr"):
        model.fit(X.tocoo(), show_progress=False)
    np.testing.assert_array_equal(model.user_factors, trained(X).user_factors)
    trained(sp.csr_array(X))


def test_training_that_diverges_says_so_and_keeps_the_last_good_iteration(X):
    model = trained(X)
    kept = model.user_factors.copy()
    with pytest.raises(ModelFitError, match=r"NaN or infinity .* Raise `regularization`"):
        model.fit(X * np.float32(1e30), show_progress=False)
    np.testing.assert_array_equal(model.user_factors, kept)


def test_an_interrupted_fit_keeps_the_last_iteration(X):
    def interrupt(iteration, seconds, loss):
        if iteration == 1:
            raise KeyboardInterrupt

    model = AlternatingLeastSquares(factors=5, iterations=9, random_state=1)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, show_progress=False, callback=interrupt)
    np.testing.assert_array_equal(model.user_factors, trained(X, iterations=2).user_factors)
    assert len(model.recommend(0, X[0])[0]) == 10


def test_without_a_gpu_the_reason_is_told(als, monkeypatch):
    monkeypatch.setitem(sys.modules, "tastemaker_cuda", None)
    with pytest.raises(
        UnsupportedError, match=r"needs a GPU: tastemaker-cuda is not installed.*use_gpu=False"
    ):
        als.to_gpu()


def test_on_a_gpu_the_steps_are_those_of_the_cpu(X, monkeypatch, tmp_path):
    cuda_device.install(monkeypatch, __version__)
    here, there = trained(X, alpha=3.0), trained(X, alpha=3.0, use_gpu=True)
    assert type(there) is gpu_als.AlternatingLeastSquares
    assert there.to_gpu() is there
    np.testing.assert_allclose(there.item_factors, here.item_factors, rtol=2e-3, atol=2e-4)
    moved = there.to_cpu()
    assert type(moved) is type(here)
    assert type(moved.to_gpu()) is type(there)
    assert vars(moved) == vars(there) | {"_derived": moved._derived}
    there.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(type(here).load(tmp_path / "model.npz").user_factors, moved.user_factors)


def test_updates_use_the_threads_of_the_model(X, monkeypatch):
    used = []
    solve = _native._ALS._solve
    monkeypatch.setattr(_native._ALS, "_solve", lambda *args: used.append(num_threads()) or solve(*args))
    model = trained(X, num_threads=3)
    model.recalculate_user([5], X[[5]])
    functions.least_squares(X, np.zeros((60, 5)), model.item_factors, 0.1, num_threads=5)
    assert used == [3, 5]
