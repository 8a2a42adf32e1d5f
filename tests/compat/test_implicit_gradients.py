"""BPR and logistic factorisation with implicit's names: shapes, callbacks, files, going on, lists."""

from __future__ import annotations

import numpy as np
import pytest

from tastemaker.compat.implicit.cpu.bpr import BayesianPersonalizedRanking
from tastemaker.compat.implicit.cpu.lmf import LogisticMatrixFactorization
from tastemaker.errors import ArgumentError, FormatError

MODELS = {
    "bpr": (BayesianPersonalizedRanking, 1, 4),
    "lmf": (LogisticMatrixFactorization, 2, 2),
}


@pytest.fixture(params=MODELS)
def case(request):
    return MODELS[request.param]


def test_shapes_callbacks_files_and_going_on(case, X, tmp_path):
    kind, extra, arguments = case
    calls = []
    model = kind(factors=5, iterations=3, random_state=1, num_threads=1)
    model.fit(X, show_progress=False, callback=lambda *args: calls.append(args))
    assert [len(args) for args in calls] == [arguments] * 3
    assert [args[0] for args in calls] == [0, 1, 2]
    assert model.user_factors.shape == (60, 5 + extra)
    assert model.item_factors.shape == (40, 5 + extra)
    assert (model.user_factors[:, 5] == 1).all()
    ids, scores = model.recommend(3, X[3], N=4)
    np.testing.assert_allclose(scores, model.item_factors[ids] @ model.user_factors[3], rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.npz")
    again = kind.load(tmp_path / "model.npz")
    assert (again.user_factors == model.user_factors).all()
    before = model.item_factors.copy()
    model.fit(X, show_progress=False)
    assert (model.item_factors != before).any()
    model.factors = 6
    with pytest.raises(ArgumentError, match=r"`factors`.*start anew"):
        model.fit(X, show_progress=False)


def test_a_file_of_the_other_model_is_refused(X, tmp_path):
    BayesianPersonalizedRanking(factors=3).save(tmp_path / "bpr.npz")
    with pytest.raises(FormatError, match="another model"):
        LogisticMatrixFactorization.load(tmp_path / "bpr.npz")
