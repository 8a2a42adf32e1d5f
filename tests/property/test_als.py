"""What holds for ALS on any data."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import tastemaker as tm
from tastemaker import _core


@st.composite
def matrices(draw) -> sp.csr_array:
    """Likes and dislikes with empty rows and columns; at least one entry."""
    users, items = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    density = draw(st.sampled_from([0.02, 0.2, 0.9]))
    dense = rng.choice([-2, 0.5, 1, 3], (users, items)) * (rng.random((users, items)) < density)
    dense[rng.integers(users), rng.integers(items)] = 1
    return sp.csr_array(dense.astype(np.float32))


models = st.builds(
    dict,
    factors=st.sampled_from([1, 3, 8, 15, 16, 17, 40]),
    epochs=st.integers(1, 3),
    reg=st.sampled_from([0.01, 0.3]),
    unobserved_weight=st.sampled_from([None, 0.1, 1.0]),
    nu=st.sampled_from([0, 0.5, 1]),
    solver=st.sampled_from(["cg", "cholesky", "ials++"]),
    block_size=st.sampled_from([1, 16, 64]),
    rng=st.integers(0, 100),
)


@given(matrices(), models, st.sampled_from(["cholesky", "ials++"]))
def test_exact_solutions_never_raise_the_loss(X, params, solver):
    params |= {"solver": solver, "epochs": 6, "compute_loss": True}
    losses = np.array([h["loss"] for h in tm.ALS(**params).fit(X).history_])
    # Each row or block of one minimises a quadratic exactly; what it leaves is the rounding of the fp32 factors.
    assert (np.diff(losses) <= 1e-4 * losses[:-1]).all()


@given(matrices(), models)
def test_the_same_bits_at_any_thread_count(X, params):
    one, three, seven = (tm.ALS(**params, compute_loss=True).fit(X, threads=n) for n in (1, 3, 7))
    for other in (three, seven):
        np.testing.assert_array_equal(one.user_factors_, other.user_factors_)
        np.testing.assert_array_equal(one.item_factors_, other.item_factors_)
        assert [h["loss"] for h in one.history_] == [h["loss"] for h in other.history_]


def scores(model: tm.ALS) -> np.ndarray:
    return model.user_factors_ @ model.item_factors_.T


def well_conditioned(params: dict) -> dict:
    """Bound the condition of every system by some 1e4, so that rounding of 1e-7 stays below 1 % of the scores.

    Where reg is tiny, a few steps of conjugate gradients end before they converge, and rounding moves that end; that
    the steps are the right ones is tested entry by entry against the numpy twin.
    """
    return params | {"reg": 0.2, "nu": 0}


def assert_close(one: np.ndarray, other: np.ndarray) -> None:
    """Compare scores that differ by rounding only."""
    assert np.abs(one - other).max() <= 1e-2 * max(np.abs(one).max(), 1e-2)


@given(matrices(), models)
def test_every_simd_level_agrees(X, params):
    before, results = _core.simd_level(), []
    for level in _core.available_simd_levels():
        _core.set_simd_level(level)
        results.append(scores(tm.ALS(**well_conditioned(params)).fit(X)))
    _core.set_simd_level(before)
    for other in results[1:]:
        assert_close(results[0], other)


@given(matrices(), models, st.randoms())
def test_permuting_users_and_items_permutes_the_scores(X, params, random):
    users, items = list(range(X.shape[0])), list(range(X.shape[1]))
    random.shuffle(users)
    random.shuffle(items)

    class Permuted(tm.ALS):
        def _start(self, shape):
            U, V = super()._start(shape)
            return np.ascontiguousarray(U[users]), np.ascontiguousarray(V[items])

    params = well_conditioned(params)
    permuted = scores(Permuted(**params).fit(X[users][:, items]))
    assert_close(permuted, scores(tm.ALS(**params).fit(X))[users][:, items])


@given(matrices(), models)
def test_a_folded_in_user_gets_what_the_exact_epoch_gave(X, params):
    params = well_conditioned(params) | {"solver": "cholesky"}
    model, next_epoch = (tm.ALS(**(params | {"epochs": epochs})).fit(X) for epochs in (1, 2))
    # The epoch solves in the axes of the Gram matrix, which rounds otherwise.
    assert_close(model.fold_in(X), next_epoch.user_factors_)
