"""Bad input through the façade of LightFM: an error that says what is wrong, of a class that its callers catch."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from tastemaker.compat.lightfm import LightFM
from tastemaker.compat.lightfm.cross_validation import random_train_test_split
from tastemaker.compat.lightfm.data import Dataset
from tastemaker.compat.lightfm.datasets import fetch_movielens
from tastemaker.compat.lightfm.evaluation import precision_at_k
from tastemaker.errors import TastemakerError

X = sp.coo_matrix(np.random.default_rng(0).random((12, 8)) < 0.4).astype(np.float32)
WIDE = sp.csr_matrix(np.ones((12, 30), np.float32))


def with_value(value):
    data = X.data.copy()
    data[0] = value
    return sp.coo_matrix((data, (X.row, X.col)), shape=X.shape)


def model():
    return LightFM(random_state=0).fit(X)


def dataset():
    made = Dataset(item_identity_features=False)
    made.fit(["a"], ["x"], item_features=["f"])
    return made


CASES = {
    "components": (lambda: LightFM(no_components=-1), AssertionError, "`no_components`"),
    "alpha": (lambda: LightFM(user_alpha=-1.0), AssertionError, "`user_alpha`"),
    "loss": (lambda: LightFM(loss="hinge"), AssertionError, "`loss`"),
    "max_sampled": (lambda: LightFM(max_sampled=0), ValueError, "`max_sampled`"),
    "max_sampled of another kind": (
        lambda: LightFM(max_sampled=2.5),
        TypeError,
        "`max_sampled` must be an int",
    ),
    "k above n": (lambda: LightFM(loss="warp-kos", k=9, n=3).fit(X), ValueError, "`k`.*`n`"),
    "unknown parameter": (lambda: LightFM().set_params(depth=3), ValueError, "`depth`"),
    "dense interactions": (lambda: LightFM().fit(X.toarray()), TypeError, "`interactions`"),
    "nan": (lambda: LightFM().fit(with_value(np.nan)), ValueError, "`interactions`"),
    "dislikes only": (lambda: LightFM(loss="warp").fit(-X), ValueError, "`interactions`.*like"),
    "threads": (lambda: LightFM().fit(X, num_threads=0), ValueError, "`num_threads`"),
    "epochs": (lambda: LightFM().fit(X, epochs=-1), ValueError, "`epochs`"),
    "too few feature rows": (
        lambda: LightFM().fit(X, user_features=WIDE[:5]),
        ValueError,
        "`user_features`.*12",
    ),
    "nan feature": (lambda: LightFM().fit(X, user_features=WIDE * np.nan), ValueError, "`user_features`"),
    "dense features": (lambda: LightFM().fit(X, item_features=np.eye(8)), TypeError, "`item_features`"),
    "weights elsewhere": (
        lambda: LightFM().fit(X, sample_weight=X.T.tocoo()),
        ValueError,
        "`sample_weight`.*shape",
    ),
    "weights in another order": (
        lambda: LightFM().fit(
            X, sample_weight=sp.coo_matrix((X.data, (X.row[::-1], X.col[::-1])), shape=X.shape)
        ),
        ValueError,
        "`sample_weight`.*order",
    ),
    "negative weight": (
        lambda: LightFM().fit(X, sample_weight=with_value(-2)),
        ValueError,
        "`sample_weight`.*-2",
    ),
    "nan weight": (lambda: LightFM().fit(X, sample_weight=with_value(np.nan)), ValueError, "`sample_weight`"),
    "more features than embeddings": (
        lambda: model().fit_partial(X, user_features=WIDE),
        ValueError,
        "`user_features`.*12 columns",
    ),
    "unfitted predict": (lambda: LightFM().predict(0, [0]), ValueError, "not fitted"),
    "unfitted ranks": (lambda: LightFM().predict_rank(X), ValueError, "not fitted"),
    "a grid": (lambda: model().predict([0, 1], [0, 1, 2]), ValueError, "pairs"),
    "negative ids": (lambda: model().predict(-1, [0]), ValueError, "`user_ids`"),
    "ids that are names": (lambda: model().predict(["ann"], [0]), TypeError, "`user_ids`.*mapping"),
    "an unknown user": (lambda: model().predict(40, [0]), ValueError, "`user_features`"),
    "an unknown item": (lambda: model().predict(0, [99]), ValueError, "`item_features`"),
    "train and test": (lambda: model().predict_rank(X, X), ValueError, "in both"),
    "train of another shape": (lambda: model().predict_rank(X, X.T), ValueError, "`train_interactions`"),
    "k": (lambda: precision_at_k(model(), X, k=0), ValueError, "`k`"),
    "dense split": (lambda: random_train_test_split(X.toarray()), ValueError, "`interactions`"),
    "percentage": (lambda: random_train_test_split(X, 20), ValueError, "`test_percentage`"),
    "unfitted dataset": (lambda: Dataset().build_interactions([]), ValueError, "Call fit"),
    "unknown user": (lambda: dataset().build_interactions([("b", "x")]), ValueError, "'b'"),
    "unknown item": (lambda: dataset().build_interactions([("a", "y")]), ValueError, "'y'"),
    "short tuple": (lambda: dataset().build_interactions([("a",)]), ValueError, "user, item"),
    "unknown feature": (lambda: dataset().build_item_features([("x", ["g"])]), ValueError, "'g'"),
    "no feature": (lambda: dataset().build_item_features([]), ValueError, "normalised"),
    "long feature tuple": (lambda: dataset().build_item_features([("x", ["f"], 1)]), ValueError, "features"),
    "no features of films": (
        lambda: fetch_movielens(indicator_features=False),
        ValueError,
        "`genre_features`",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(case):
    call, kind, text = CASES[case]
    with pytest.raises(kind, match=text) as caught:
        call()
    assert isinstance(caught.value, TastemakerError)


def test_divergence_keeps_the_last_good_epoch():
    diverging = LightFM(loss="warp", learning_rate=1e30, random_state=0)
    with pytest.raises(ValueError, match="Lower `learning_rate`") as caught:
        diverging.fit(X, epochs=5)
    assert isinstance(caught.value, TastemakerError)
    assert np.isfinite(diverging.item_embeddings).all()
