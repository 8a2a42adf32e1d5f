"""Parameters, beyond the contract's checks: scikit-learn, other libraries' names, reprs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError


def test_sklearn_clone(model):
    copied = clone(model)
    assert copied.to_config() == model.to_config()
    assert not copied.__sklearn_is_fitted__()


def test_config_refuses_what_it_does_not_know(unfitted):
    config = unfitted.to_config()
    with pytest.raises(ArgumentTypeError, match="no argument `colour`"):
        tm.Recommender.from_config({**config, "params": {"colour": 1}})
    with pytest.raises(ArgumentError, match="`model` must be one of"):
        tm.Recommender.from_config({**config, "model": "os.system"})
    with pytest.raises(ArgumentError, match="'model' and 'params'"):
        tm.Recommender.from_config({**config, "extra": 1})


def test_config_of_a_generator_keeps_no_state():
    assert tm.ALS(rng=np.random.default_rng(3)).to_config()["params"]["rng"] is None
    assert tm.ALS(rng=np.int64(3)).to_config()["params"]["rng"] == 3


def test_a_peers_name_is_answered_with_ours():
    with pytest.raises(ArgumentTypeError, match="`random_state` -> `rng`"):
        tm.ALS(random_state=1)
    with pytest.raises(ArgumentTypeError, match="`iterations` -> `epochs`"):
        tm.ALS(iterations=1)
    with pytest.raises(ArgumentTypeError, match="`K` -> `neighbors`"):
        tm.KNN(K=20)
    with pytest.raises(ArgumentTypeError, match="by name"):
        tm.ALS(64)


def test_a_peers_name_in_a_call_is_answered_with_ours(model, X):
    with pytest.raises(ArgumentTypeError, match="`N` -> `n`"):
        model.recommend(0, N=3)
    with pytest.raises(ArgumentTypeError, match="`filter_already_liked_items` -> `exclude_seen`"):
        model.recommend(0, filter_already_liked_items=True)
    with pytest.raises(ArgumentTypeError, match="`num_threads` -> `threads`"):
        model.fit(X, num_threads=2)


def test_repr_shows_what_was_changed():
    assert repr(tm.ALS()) == "ALS()"
    assert repr(tm.ALS(factors=3, rng=7)) == "ALS(factors=3, rng=7)"
