"""What users of LightFM get wrong: errors that say so, and data in which there is nothing to learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from tests.contract.zoo import interactions
from tests.unit.test_lightfm import LOSSES, fit, with_tags

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, DataWarning, ModelFitError


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"factors": 0}, "`factors` must be an int >= 1"),
        ({"loss": "wrap"}, "Did you mean 'warp'"),
        ({"optimizer": "adam"}, "`optimizer` must be one of"),
        ({"learning_rate": 0}, "`learning_rate` must be a finite number > 0"),
        ({"rho": 1}, "`rho` must be a finite number >= 0"),
        ({"epsilon": 0}, "`epsilon` must be a finite number > 0"),
        ({"reg_item": -1}, "`reg_item` must be a finite number >= 0"),
        ({"max_sampled": 0}, "`max_sampled` must be an int >= 1 and <= 10000, got 0"),
        ({"max_sampled": 10_001}, "`max_sampled` must be an int >= 1 and <= 10000, got 10001"),
        ({"max_sampled": 2.5}, "`max_sampled` must be an int"),
        ({"k": 11}, "`k` of `LightFM` must be <= `n_kos`"),
        ({"epochs": 0}, "`epochs` must be an int >= 1"),
        ({"feature_weights": {"genre": np.nan}}, r"`feature_weights\['genre'\]` must be a finite number"),
        ({"feature_weights": {"genre": 1.0}}, "`feature_weights` must name groups of features"),
    ],
)
def test_parameters_are_checked(X, params, message):
    with pytest.raises((ArgumentError, ArgumentTypeError), match=message):
        tm.LightFM(**params).fit(X)


def test_features_of_the_wrong_shape_or_kind(X, tags):
    model = tm.LightFM(factors=2, epochs=1)
    with pytest.raises(DataError, match="one row for each of the 30 items of `data`, got 29 rows"):
        model.fit(X, item_features=tags[:29])
    with pytest.raises(DataError, match="one row for each of the 40 users of `data`, got 30 rows"):
        model.fit(X, user_features=tags)
    with pytest.raises(ArgumentTypeError, match="`user_features` must be a scipy sparse matrix"):
        model.fit(X, user_features=np.eye(40))
    for value in (np.nan, np.inf):
        tags.data[3] = value
        with pytest.raises(DataError, match="`item_features` must hold finite values"):
            model.fit(X, item_features=tags)
    with pytest.raises(ArgumentError, match="must not be given beside a Dataset"):
        model.fit(with_tags(), item_features=tags)


def test_a_row_without_features_is_warned_of_and_survived(X, tags):
    tags = sp.csr_array(tags * (np.arange(30) > 1)[:, None])
    tags.eliminate_zeros()
    with pytest.warns(DataWarning, match=r"of 30 items have no feature.*item_indicators=True"):
        model = tm.LightFM(factors=2, epochs=2, reg_item=1e-3).fit(X, item_features=tags)
    assert np.isfinite(model.score(0, [0, 1, 2])).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tm.LightFM(factors=2, epochs=1, item_indicators=True).fit(X, item_features=tags)


def test_negative_feature_weights_with_normalisation():
    data = with_tags(
        item_features=[(f"film{i}", {"x": 1.0, "y": -1.0}) for i in range(12)],
        normalize=True,
        indicators=False,
    )
    assert np.isfinite(fit(data).item_embeddings_).all()


def test_features_of_a_dataset_that_are_no_numbers():
    with pytest.raises(
        DataError, match=r"`item_features` .*must hold finite numbers, got nan.*Drop or replace"
    ):
        with_tags(item_features=[("film1", {"kind=crime": np.nan})])


@pytest.mark.parametrize("loss", LOSSES)
def test_an_item_that_everyone_likes(X, loss):
    X = sp.csr_array(np.hstack([np.ones((40, 1)), X.toarray()]))
    model = tm.LightFM(factors=4, epochs=5, loss=loss, rng=0).fit(X)
    assert np.isfinite(model.item_embeddings_).all()
    assert 0 not in model.recommend(n=5)[0]
    if loss != "logistic":  # which sees likes only, and so scores everything high
        assert np.median(model.rank(np.arange(40), 0)) <= 5


def test_sample_weights_must_match(X):
    model = tm.LightFM(factors=2, epochs=1)
    with pytest.raises(DataError, match="and nothing else"):
        model.fit(X, sample_weight=interactions(seed=3))
    with pytest.raises(DataError, match="`sample_weight` must be >= 0"):
        model.fit(X, sample_weight=-X)
    with pytest.raises(DataError, match="`sample_weight` must have shape"):
        model.fit(X, sample_weight=X[:5])


@pytest.mark.parametrize("loss", ["warp", "bpr", "warp_kos"])
def test_dislikes_alone_cannot_be_ranked(X, loss):
    with pytest.raises(DataError, match="Use loss='logistic'"):
        tm.LightFM(loss=loss).fit(-abs(X))
    tm.LightFM(factors=2, epochs=1, loss="logistic").fit(-abs(X))


@pytest.mark.parametrize("deterministic", [False, True])
def test_who_likes_everything_stays_as_at_the_start(X, deterministic):
    X = sp.csr_array(sp.vstack([X, np.ones((1, 30), np.float32)]))
    options = {"factors": 2, "epochs": 2, "loss": "warp", "deterministic": deterministic, "rng": 0}
    start, trained = (tm.LightFM(learning_rate=rate, **options).fit(X) for rate in (1e-30, 0.05))
    stays = (start.user_embeddings_ == trained.user_embeddings_).all(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(stays), [40])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("deterministic", [False, True])
def test_no_negative_exists(loss, deterministic):
    dense = np.ones((5, 4), np.float32)
    for X in (dense, np.vstack([dense, [1, 0, 0, 0]])):
        model = tm.LightFM(factors=2, epochs=2, loss=loss, max_sampled=50, deterministic=deterministic, rng=0)
        assert np.isfinite(model.fit(sp.csr_array(X)).item_embeddings_).all()


@pytest.mark.parametrize("loss", ["warp", "warp_kos"])
def test_more_draws_than_items(X, loss):
    model = tm.LightFM(factors=2, epochs=2, loss=loss, max_sampled=1000, rng=0).fit(X)
    assert np.isfinite(model.item_embeddings_).all()


def test_divergence_names_the_setting_and_keeps_the_last_good_epoch(X):
    model = tm.LightFM(factors=4, epochs=50, loss="logistic", learning_rate=1e30, rng=0)
    with pytest.raises(ModelFitError, match=r"Lower `learning_rate` \(1e\+30\).*No epoch was complete"):
        model.fit(X, threads=1)
    model = tm.LightFM(factors=4, epochs=2, rng=0).fit(X)
    before = model.item_embeddings_.copy()
    with pytest.raises(ModelFitError):
        model.set_params(learning_rate=1e38).partial_fit(X)
    np.testing.assert_array_equal(model.item_embeddings_, before)
    with pytest.raises(ModelFitError, match="Lower `reg_user`"):
        tm.LightFM(factors=4, epochs=2, reg_user=1e6, rng=0).fit(X, threads=1)


def test_other_settings_of_partial_fit_are_refused(X):
    with pytest.raises(ArgumentError, match="`factors` of `LightFM` must be 8"):
        fit(X).set_params(factors=4).partial_fit(X)
    with pytest.raises(ArgumentError, match="`optimizer` was changed"):
        fit(X).set_params(optimizer="adadelta").partial_fit(X)


def test_fewer_features_than_before(X, tags):
    model = tm.LightFM(factors=2, epochs=1).fit(X, item_features=tags)
    with pytest.raises(DataError, match="must have the 5 features of the last fit"):
        model.partial_fit(X, item_features=tags[:, :4])
    with pytest.raises(DataError, match="of the same kind"):
        model.partial_fit(X)
    wide = sp.csr_array(sp.hstack([tags, tags]))
    assert model.partial_fit(X, item_features=wide).item_embeddings_.shape == (10, 2)
