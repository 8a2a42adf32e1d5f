"""What training by gradient descent keeps beside the parameters, and who may hold on to what."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

import tastemaker as tm
from tastemaker import _core

MODELS = [
    (tm.LightFM, {"loss": "warp"}, "embeddings"),
    (tm.LightFM, {"loss": "bpr", "optimizer": "adadelta"}, "embeddings"),
    (tm.BPR, {}, "factors"),
    (tm.LogisticMF, {}, "factors"),
]


def learned(model, name):
    return [getattr(model, f"{side}_{name}_") for side in ("user", "item")]


@pytest.mark.parametrize(("model", "options", "name"), MODELS)
def test_training_holds_its_table_and_one_copy(rng, model, options, name):
    X = sp.csr_array((rng.random((4000, 3000)) < 0.001).astype(np.float32))
    model(factors=8, epochs=1, **options).fit(X)  # what is imported or built once
    tracemalloc.start()
    try:
        fitted = model(factors=64, epochs=4, rng=0, **options).fit(X, threads=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    held = sum(
        array.nbytes
        for name, array in vars(fitted).items()
        if name.startswith(("user_", "item_")) and isinstance(array, np.ndarray)
    )
    bar = 2.2 if _core.sgd_row_size(64) == 72 else 2.3  # AVX-512 pads a row to 80 floats
    assert peak < bar * held + 20 * X.nnz


@pytest.mark.parametrize(("model", "options", "name"), MODELS)
def test_what_a_callback_saw_stays(X, model, options, name):
    seen = []
    model(factors=4, epochs=3, rng=0, **options).fit(
        X, callback=lambda s: seen.append(learned(s.model, name))
    )
    for before, after in itertools.pairwise(seen):
        assert not np.array_equal(before[1], after[1])


@pytest.mark.parametrize(("model", "options", "name"), MODELS)
def test_what_was_learned_before_stays(X, model, options, name):
    fitted = model(factors=4, epochs=3, rng=0, **options).fit(X)
    arrays = learned(fitted, name)
    before = [array.copy() for array in arrays]
    for train in (fitted.partial_fit, fitted.fit):
        train(X)
        for array, value in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(array, value)


def test_overwrite_refuses_what_does_not_fit():
    array = np.zeros((3, 4), np.float32)
    for targets, sources in (
        ([array], []),
        ([array], [array[:2]]),
        ([array[:, 0].copy()], [array]),
        ([array], [np.zeros((4, 3), np.float32).T]),
    ):
        with pytest.raises(ValueError, match="source"):
            _core.overwrite(targets, sources)
