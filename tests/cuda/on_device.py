"""The module of tastemaker-cuda at work: `make cuda` runs this on the simulator, and on a GPU where there is one.

TASTEMAKER_CUDA_SIMULATED names the extension that was built for the simulator.
"""

from __future__ import annotations

import os
from importlib import import_module, util

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import cuda_device

import tastemaker as tm
from tastemaker._validation import csr_parts
from tastemaker.errors import ModelFitError
from tastemaker.retrieval import DenseScorer

PROBLEM = {"reg": 0.05, "alpha": 1.5, "unobserved_weight": 0.5, "nu": 0.6}


def matrix() -> sp.csr_array:
    """Return users x items with dislikes, weights of zero, an empty row and a full one."""
    rng = np.random.default_rng(1)
    X = sp.random_array((30, 60), density=0.1, rng=rng, format="lil", dtype=np.float32)
    X[3] = rng.uniform(0.5, 2, 60)
    X[5] = 0
    X = X.tocsr()
    X.data[::5] *= -1
    X.data[::7] = 0
    return X


@pytest.fixture(autouse=True)
def cuda(monkeypatch):
    if simulated := os.environ.get("TASTEMAKER_CUDA_SIMULATED"):
        spec = util.spec_from_file_location("tastemaker_cuda._cuda", simulated)
        module = util.module_from_spec(spec)
        spec.loader.exec_module(module)
        cuda_device.install(monkeypatch, tm.__version__, module)
    return import_module("tastemaker_cuda._cuda")


@pytest.mark.parametrize(
    ("solver", "factors"), [("cg", 1), ("cg", 7), ("cg", 64), ("cg", 100), ("cholesky", 1), ("cholesky", 20)]
)
def test_training_is_that_of_the_cpu(solver, factors):
    X = matrix()
    params = {"factors": factors, "solver": solver, "epochs": 2, "reg": 0.1, "compute_loss": True, "rng": 0}
    here, there = tm.ALS(**params).fit(X), tm.ALS(**params, device="cuda").fit(X)
    for name in ("user_factors_", "item_factors_"):
        want, got = getattr(here, name), getattr(there, name)
        assert np.abs(got - want).max() <= 2e-3 * np.abs(want).max()
    losses = [[epoch["loss"] for epoch in model.history_] for model in (there, here)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_a_callback_sees_the_factors_of_its_epoch():
    X, seen = matrix(), []

    def look(state):
        seen.append(state.model.user_factors_ @ state.model.item_factors_.T)

    model = tm.ALS(factors=8, epochs=2, device="cuda", rng=0).fit(X, callback=look)
    np.testing.assert_allclose(seen[1], model.user_factors_ @ model.item_factors_.T, atol=1e-4)
    assert np.abs(seen[0] - seen[1]).max() > 1e-3


def test_what_is_not_finite_is_an_error():
    X = matrix()
    X.data[:] = 3e38
    with pytest.raises(ModelFitError, match="Epoch 1 of `ALS` failed"):
        tm.ALS(factors=4, alpha=1e3, device="cuda", rng=0).fit(X)


@pytest.mark.parametrize("storage", ["float32", "float16", "bfloat16"])
def test_entries_that_pass_in_blocks_give_the_same_bits(cuda, storage):
    X, rng = matrix(), np.random.default_rng(2)
    y, start = (rng.standard_normal((n, 33), dtype=np.float32) / 6 for n in (60, 30))
    results = []
    for budget in (1 << 30, 64):
        entries = cuda.Matrix(csr_parts(X), budget=budget, **PROBLEM)
        assert (entries.blocks > 1) == (budget == 64)
        other, own = (cuda.Table(side, storage=storage) for side in (y, start))
        cuda.half_epoch(entries, other, np.diag(np.diag(other.gram())), own, cg_steps=2, preconditioned=True)
        results.append(own.to_host())
    np.testing.assert_array_equal(*results)
    assert not results[0][5].any()


def test_lists_are_those_of_the_cpu(cuda):
    X, rng = matrix(), np.random.default_rng(3)
    users, items = (np.round(rng.standard_normal((n, 20), dtype=np.float32)) for n in X.shape)
    ids, scores = cuda.topn(cuda.Table(users), cuda.Table(items), csr_parts(X), 10)
    want = DenseScorer(items).topn(users, 10, exclude=X, allowed=None, threads=1)
    np.testing.assert_array_equal(ids, want[0])
    np.testing.assert_array_equal(scores, want[1])


def test_arguments_that_do_not_fit_are_refused(cuda):
    X, table = matrix(), cuda.Table(np.ones((60, 4), dtype=np.float32))
    entries = cuda.Matrix(csr_parts(X), budget=1 << 30, **PROBLEM)
    with pytest.raises(TypeError):
        cuda.Table(np.ones((3, 2)))
    with pytest.raises(ValueError, match="1 to 1024 factors"):
        cuda.Table(np.ones((3, 1025), dtype=np.float32))
    with pytest.raises(ValueError, match="unknown storage"):
        cuda.Table(np.ones((3, 2), dtype=np.float32), storage="int8")
    with pytest.raises(ValueError, match="factors x factors"):
        table.rotated(np.eye(3, dtype=np.float32))
    with pytest.raises(ValueError, match="same rows"):
        cuda.half_epoch(entries, table, np.eye(4), table, cg_steps=1, preconditioned=True)
    with pytest.raises(ValueError, match="1 to 1024 items"):
        cuda.topn(table, table, None, 0)
