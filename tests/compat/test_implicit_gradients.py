"""BPR and logistic factorisation with implicit's names: shapes, callbacks, files, going on, lists."""

from __future__ import annotations

import numpy as np
import pytest

from tastemaker.compat.implicit.cpu.bpr import BayesianPersonalizedRanking
from tastemaker.compat.implicit.cpu.lmf import LogisticMatrixFactorization
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, FormatError, ModelFitError

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


def test_bpr_counts_what_its_callback_reports(X):
    """A model that has learned orders more likes above other items than one that has not begun."""
    calls = []
    model = BayesianPersonalizedRanking(
        factors=8, iterations=60, learning_rate=0.1, random_state=1, num_threads=1
    )
    model.fit(X, show_progress=False, callback=lambda *args: calls.append(args[2:]))
    assert all(isinstance(count, int) for counts in calls for count in counts)
    correct, skipped = np.array(calls).T
    assert (correct + skipped <= X.nnz).all()
    assert correct[-5:].mean() > 1.1 * correct[:5].mean()
    # A draw hits a like with the chance that an interaction, whose item it is, has a user who liked it.
    popularity = X.getnnz(axis=0) / X.nnz
    expected = (X.astype(bool) @ popularity * X.getnnz(axis=1)).sum()
    assert skipped.mean() == pytest.approx(expected, rel=0.1)
    unverified = BayesianPersonalizedRanking(
        factors=2, iterations=1, verify_negative_samples=False, random_state=1
    )
    unverified.fit(X, show_progress=False, callback=lambda *args: calls.append(args[2:]))
    assert calls[-1][1] == 0


BPR, LMF = BayesianPersonalizedRanking, LogisticMatrixFactorization
BAD_PARAMETERS = [
    ({"factors": 0}, ArgumentError, "`factors` must be an int >= 1, got 0"),
    ({"factors": 2.5}, ArgumentTypeError, "`factors` must be an int"),
    ({"iterations": 0}, ArgumentError, "`iterations` must be an int >= 1"),
    ({"learning_rate": 0}, ArgumentError, "`learning_rate` must be a finite number > 0"),
    ({"learning_rate": "fast"}, ArgumentTypeError, "`learning_rate`"),
    ({"regularization": -1}, ArgumentError, "`regularization` must be a finite number >= 0, got -1"),
    ({"num_threads": -1}, ArgumentError, "`num_threads` must be an int >= 0"),
    ({"dtype": np.float16}, ArgumentError, "`dtype` must be float32 or float64"),
    ({"dtype": "single precision"}, ArgumentTypeError, "`dtype` must be float32 or float64"),
    ({"random_state": "no"}, ArgumentTypeError, "`random_state` must be"),
    ({"random_state": -1}, ArgumentError, "`random_state` must be"),
    ({"epochs": 3}, ArgumentTypeError, "has no argument `epochs`"),
]


@pytest.mark.parametrize(("params", "error", "message"), BAD_PARAMETERS)
def test_bad_parameters(case, params, error, message, X):
    with pytest.raises(error, match=message):
        case[0](**params).fit(X, show_progress=False)


def test_negatives_per_like_are_a_count(X):
    for bad, error in ((-1, ArgumentError), (1.5, ArgumentTypeError), (10_001, ArgumentError)):
        with pytest.raises(error, match="`neg_prop` must be an int >= 0 and <= 10000"):
            LMF(neg_prop=bad).fit(X, show_progress=False)


def test_errors_speak_of_implicit_s_names(case, X):
    kind = case[0]
    with pytest.raises(DataError, match="`user_items` must hold at least one interaction"):
        kind().fit(X * 0, show_progress=False)
    with pytest.raises(ArgumentTypeError, match="`callback` must be callable or None, got 3"):
        kind().fit(X, show_progress=False, callback=3)
    model = kind(factors=4, iterations=2, random_state=0)
    model.fit(X, show_progress=False)
    before = model.item_factors.copy()
    model.learning_rate = 1e38
    with pytest.raises(ModelFitError, match=f"of `{kind.__name__}` failed.*Lower `learning_rate`"):
        model.fit(X, show_progress=False)
    np.testing.assert_array_equal(model.item_factors, before)


def test_dislikes_alone_are_not_factorised(X):
    with pytest.raises(DataError, match=r"`user_items`.*at least one like.*`LogisticMatrixFactorization`"):
        LMF().fit(-X, show_progress=False)
