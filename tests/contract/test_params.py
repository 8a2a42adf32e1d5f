"""Parameters of every model: stored, listed, set, cloned, written and read."""

from __future__ import annotations

import copy
import html
import pickle

import numpy as np
import pytest
from sklearn.base import clone

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError


def test_params_are_stored_unchanged_and_can_be_set(unfitted):
    params = unfitted.get_params()
    assert type(unfitted)(**params).get_params() == params
    assert unfitted.set_params(**params) is unfitted
    assert unfitted.get_params(deep=False) == params


def test_nothing_is_checked_before_fit(unfitted, X):
    for name in unfitted.get_params():
        wrong = type(unfitted)(**{**unfitted.get_params(), name: object})
        assert wrong.get_params()[name] is object
        with pytest.raises((ArgumentError, ArgumentTypeError), match=f"`{name}`"):
            wrong.fit(X)


def test_sklearn_clone(model):
    copied = clone(model)
    assert copied.to_config() == model.to_config()
    assert not copied.__sklearn_is_fitted__()


def test_config_round_trip(unfitted):
    config = unfitted.to_config()
    assert tm.Recommender.from_config(config).to_config() == config
    assert repr(type(unfitted).from_config(config)) == repr(unfitted)


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


def test_set_params_refuses_unknown_names(unfitted):
    with pytest.raises(ArgumentTypeError, match="no argument `colour`"):
        unfitted.set_params(colour="red")


def test_repr_shows_what_was_changed():
    assert repr(tm.ALS()) == "ALS()"
    assert repr(tm.ALS(factors=3, rng=7)) == "ALS(factors=3, rng=7)"


def test_html_repr_has_sizes_and_abilities_and_is_escaped(unfitted, X):
    assert "not fitted" in unfitted._repr_html_()
    text = unfitted.fit(X)._repr_html_()
    assert "40 x 30" in text
    for ability in unfitted.abilities:
        assert ability in text
    assert html.escape(repr(unfitted)) in text


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_answer_alike(model, copied):
    want, got = model.recommend(n=5), copied(model).recommend(n=5)
    np.testing.assert_array_equal(want[0], got[0])
    np.testing.assert_array_equal(want[1], got[1])
