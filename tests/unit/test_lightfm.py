"""The LightFM model: features, growth, cold start, explanation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import lightfm as twin

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, DataWarning, UnknownIdError
from tastemaker.models import lightfm

LOSSES = ("warp", "bpr", "logistic", "warp_kos")


def with_tags(**more) -> tm.Dataset:
    """Users like films of one kind; the genre and the year are features."""
    films = [(f"film{i}", {"kind=crime": 1} if i % 2 else {"kind=love": 1, "old": 1}) for i in range(12)]
    pairs = [(f"u{u}", f"film{i}") for u in range(20) for i in range(12) if i % 2 == u % 2 and (u + i) % 5]
    options = {"item_features": films, "user_features": [(f"u{u}", [f"taste={u % 2}"]) for u in range(20)]}
    return tm.Dataset.from_tuples(pairs, **(options | more))


def fit(data, **params) -> tm.LightFM:
    return tm.LightFM(**({"factors": 8, "epochs": 20, "deterministic": True, "rng": 0} | params)).fit(data)


@pytest.mark.parametrize("loss", LOSSES)
def test_one_thread_follows_the_twin(X, loss):
    X.data[::7] *= -1
    model = tm.LightFM(factors=5, epochs=2, loss=loss, rng=3).fit(X, threads=1)
    rng = np.random.default_rng(3)
    sides = []
    for n in X.shape:
        weights = np.zeros((n, 6))
        weights[:, :5] = (rng.random((n, 5), dtype=np.float32) - 0.5) / np.float32(5)
        sides.append(twin.Side(np.eye(n), weights, np.ones((n, 6)), np.zeros((n, 6))))
    settings, seed = twin.Settings(loss, popularity=loss == "bpr"), int(rng.integers(2**63))
    for epoch in range(2):
        twin.Epoch(X, *sides, settings, seed=seed, epoch=epoch).run()
    for name, side in zip(("user", "item"), sides, strict=True):
        got = np.column_stack([getattr(model, f"{name}_embeddings_"), getattr(model, f"{name}_biases_")])
        np.testing.assert_allclose(got, side.weights, rtol=2e-4, atol=2e-5)
        np.testing.assert_allclose(getattr(model, f"{name}_gradients_"), side.squares, rtol=2e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_threads_without_locks_learn_too(X, loss):
    data = X - sp.csr_array((X.toarray() == 0) * 1.0) if loss == "logistic" else X
    model = tm.LightFM(factors=8, epochs=30, loss=loss, rng=0).fit(data, threads=2)
    users, items = X.nonzero()
    assert np.median(model.rank(users, items, exclude_seen=False)) < 8


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", ["adagrad", "adadelta"])
def test_deterministic_is_the_same_at_any_number_of_threads(X, tags, loss, optimizer, threads):
    params = {"factors": 8, "epochs": 2, "loss": loss, "optimizer": optimizer, "reg_item": 1e-3, "rng": 0}
    one, other = (
        tm.LightFM(**params, deterministic=True).fit(X, item_features=tags, threads=n) for n in (1, threads)
    )
    np.testing.assert_array_equal(one.item_embeddings_, other.item_embeddings_)
    np.testing.assert_array_equal(one.user_gradients_, other.user_gradients_)


@pytest.mark.parametrize(
    "change",
    [
        {"factors": 5},
        {"loss": "bpr"},
        {"optimizer": "adadelta"},
        {"learning_rate": 0.1},
        {"reg_user": 0.01},
        {"reg_item": 0.01},
        {"max_sampled": 2},
        {"epochs": 3},
        {"item_indicators": True},
        {"user_indicators": False},
        {"feature_weights": {"kind": 2.0}},
        {"deterministic": False},
        {"rng": 1},
    ],
)
def test_every_parameter_changes_the_result(change):
    data = with_tags(indicators="item_indicators" not in change)
    base = {"factors": 4, "epochs": 2}
    one, other = (fit(data, **p).item_embeddings_ for p in (base, base | change))
    assert one.shape != other.shape or np.abs(one - other).max() > 1e-4 or "user_indicators" in change


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ({"optimizer": "adadelta"}, {"rho": 0.5}),
        ({"optimizer": "adadelta"}, {"epsilon": 1e-3}),
        ({"loss": "warp_kos"}, {"k": 1}),
        ({"loss": "warp_kos"}, {"n_kos": 6}),
    ],
)
def test_settings_of_one_policy_change_its_result(X, base, change):
    one, other = (fit(X, **p).item_embeddings_ for p in (base, base | change))
    assert np.abs(one - other).max() > 1e-4


def test_an_identity_that_is_given_is_as_fast_as_none(X, monkeypatch):
    given = []
    plain = lightfm.Engine.__init__

    def spy(self, examples, parameters, features, *args, **options):
        given.append(features)
        plain(self, examples, parameters, features, *args, **options)

    monkeypatch.setattr(lightfm.Engine, "__init__", spy)
    users, items = (sp.eye_array(n, format="coo") for n in X.shape)
    one = tm.LightFM(factors=4, epochs=2, rng=0).fit(X, user_features=users, item_features=items, threads=1)
    other = tm.LightFM(factors=4, epochs=2, rng=0).fit(X, threads=1)
    np.testing.assert_array_equal(one.item_embeddings_, other.item_embeddings_)
    shifted = sp.csr_array(np.roll(np.eye(30), 1, axis=0))
    for no_identity in (shifted, items * 2, sp.csr_array(np.eye(30, 31)), sp.csr_array(np.ones((30, 1)))):
        tm.LightFM(factors=4, epochs=1, rng=0).fit(X, item_features=no_identity)
    assert [side is None for features in given for side in features] == [True] * 4 + [True, False] * 4


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_count_in_every_loss(X, loss):
    heavy = X.copy()
    heavy.data = np.where(np.arange(X.nnz) % 3 == 0, 3.0, 0.5).astype(np.float32)
    one, other, ones = fit(heavy, loss=loss), fit(X, loss=loss), X.copy()
    ones.data[:] = 1
    again = tm.LightFM(factors=8, epochs=20, loss=loss, deterministic=True, rng=0).fit(
        ones, sample_weight=heavy
    )
    assert np.abs(one.item_embeddings_ - other.item_embeddings_).max() > 1e-3
    np.testing.assert_array_equal(again.item_embeddings_, one.item_embeddings_)


def test_a_dislike_is_no_like(X):
    disliked = X.copy()
    row = slice(X.indptr[0], X.indptr[1])
    disliked.data[row] = np.where(np.arange(X.indptr[1]) % 2 == 0, -1, 1)
    item, liked = int(X.indices[0]), int(X.indices[1])
    for loss in LOSSES:
        model = fit(disliked, loss=loss)
        assert model.score(0, item) < model.score(0, liked)


def test_cold_users_by_features_by_interactions_and_by_both():
    model = fit(with_tags(), loss="warp")
    crime = {f"film{i}" for i in range(12) if i % 2}
    by_features = model.recommend(user_features=["taste=1"], n=4)
    assert set(by_features["item"]) <= crime
    assert list(by_features.columns) == ["item", "rank", "score"]
    assert set(model.recommend(interactions=["film1", "film3"], n=3)["item"]) <= crime
    both = model.recommend(user_features={"taste=1": 1.0}, interactions=["film1"], n=4)
    assert "film1" not in set(both["item"])
    assert set(both["item"]) <= crime
    with pytest.warns(DataWarning, match="1 of 2 features were not seen"):
        model.recommend(user_features=["taste=1", "taste=9"], n=2)
    with pytest.warns(DataWarning):
        assert len(model.recommend(user_features=["taste=9"], n=2)) == 0


def test_rows_of_features_for_several_new_users():
    model = fit(with_tags())
    rows = sp.csr_array(np.array([[1.0, 0.0], [0.0, 1.0]]))
    ids, _ = model.recommend(user_features=rows, n=3, output="arrays")
    assert (ids[0] % 2 == ids[0][0] % 2).all()
    assert ids.shape == (2, 3)
    with pytest.raises(DataError, match="must have 2 columns"):
        model.recommend(user_features=sp.csr_array((1, 5)))
    with pytest.raises(ArgumentError, match="must not both be given"):
        model.recommend("u0", user_features=["taste=1"])
    with pytest.raises(ArgumentError, match="must be of the 2 users"):
        model.recommend(user_features=rows, interactions=["film1"])
    with pytest.raises(ArgumentTypeError, match="`user_features` must be a list of names"):
        model.recommend(user_features="taste=1")


def test_folding_in_does_not_depend_on_the_company(X, threads):
    model = fit(X)
    with tm.config(threads=threads):
        whole = model.fold_in(X)
    np.testing.assert_array_equal(model.fold_in(X[[5]])[0], whole[5])
    assert not model.fold_in(X[[5]] * 0).any()


def test_explanations_name_features_and_sum_to_the_score():
    model = fit(with_tags())
    for by, names in (
        ("item", {"this item", "kind=crime", "bias of the user"}),
        ("user", {"this user", "taste=1", "bias of the item"}),
    ):
        frame = model.explain("u1", "film3", by=by)
        assert set(frame["feature"]) == names
        assert frame["contribution"].sum() == pytest.approx(model.score("u1", "film3"), rel=1e-4)
    with pytest.raises(ArgumentError, match="`by` must be one of"):
        model.explain("u1", "film3", by="both")


def test_feature_embeddings_and_their_neighbours():
    model = fit(with_tags())
    names, embeddings = model.feature_embeddings()
    assert names == ("kind=crime", "kind=love", "old")
    assert embeddings.shape == (3, 8)
    near, cosines = model.similar_features("old", n=5)
    assert near.tolist() == ["kind=love", "kind=crime"]
    assert cosines[0] > cosines[1]
    with pytest.raises(ArgumentError, match="Did you mean 'kind=love'"):
        model.similar_features("kind=loves")
    one = sp.csr_array(np.eye(3))
    nameless = tm.LightFM(factors=2, epochs=1).fit(one, item_features=one)
    with pytest.raises(ArgumentError, match="came as a matrix"):
        nameless.feature_embeddings()


def test_a_new_item_by_its_features():
    model = fit(with_tags())
    vectors = model.represent_items({"kind=crime": 1.0})
    user = model.fold_in(["film1", "film3"])[0]
    crime, love = (model.represent_items([name])[0] for name in ("kind=crime", "kind=love"))
    np.testing.assert_array_equal(vectors[0], crime)
    assert user[:-2] @ crime[:-1] > user[:-2] @ love[:-1]


def test_the_users_to_whom_to_show_an_item():
    model = fit(with_tags())
    found = model.recommend_users("film3", n=40, exclude_seen=False)
    assert list(found.columns) == ["item", "user", "rank", "score"]
    users = list(found["user"])
    scores = np.array([model.score(users, film) for film in with_tags().items.ids])
    want = (model.score(users, "film3") - scores.mean(axis=0)) / scores.std(axis=0)
    np.testing.assert_allclose(found["score"], want, rtol=1e-3, atol=1e-4)
    assert (np.diff(found["score"]) <= 0).all()
    unseen = model.recommend_users(["film3", "film4"], n=40)
    data = with_tags()
    for item, part in unseen.groupby("item"):
        liked = set(data.users.take(data.matrix[:, data.items.lookup([item])].nonzero()[0]))
        assert set(part["user"]) == set(data.users.ids) - liked
    ids, scores = model.recommend_users(n=2, output="arrays")
    assert ids.shape == scores.shape == (12, 2)
    assert model.recommend_users("film3", n=2, output="arrays")[0].shape == (2,)
    with pytest.raises(UnknownIdError):
        model.recommend_users("film99")


def test_the_users_to_whom_to_show_a_new_item():
    model = fit(with_tags())
    crime = {f"u{u}" for u in range(20) if u % 2}
    found = model.recommend_users(item_features=["kind=crime"], n=6)
    assert list(found.columns) == ["user", "rank", "score"]
    assert set(found["user"]) <= crime
    rows = sp.csr_array(np.array([[1.0, 0, 0], [0, 1, 1]]))
    both = model.recommend_users(item_features=rows, n=6)
    assert set(both["user"][both["item"] == 0]) == set(found["user"])
    assert not set(both["user"][both["item"] == 1]) & crime
    why = model.explain(found["user"][0], item_features=["kind=crime"])
    assert set(why["feature"]) == {"kind=crime", "bias of the user"}
    by_user = model.explain(found["user"][0], item_features=["kind=crime"], by="user")
    assert why["contribution"].sum() == pytest.approx(by_user["contribution"].sum(), rel=1e-4)
    with pytest.warns(DataWarning, match="1 of 1 features were not seen"):
        assert len(model.recommend_users(item_features=["kind=war"])) == 0
    for call in (model.recommend_users, lambda *a, **o: model.explain("u0", *a, **o)):
        with pytest.raises(ArgumentError, match="`items` and `item_features` must not both be given"):
            call("film1", item_features=["kind=crime"])
    with pytest.raises(ArgumentError, match="one id each"):
        model.explain("u0", item_features=rows)


def test_users_of_whom_nothing_is_known_are_no_audience():
    X = sp.csr_array(np.vstack([np.eye(3), np.zeros((1, 3))]))
    model = tm.LightFM(factors=3, epochs=2, rng=0).fit(X)
    assert 3 not in model.recommend_users(0, n=4, exclude_seen=False)[0]


def test_growth_moves_nothing_that_is_known():
    data = with_tags()
    model = fit(data)
    before = model.user_embeddings_.copy(), model.feature_embeddings()[1].copy()
    grown = data.extend(
        [("new", "film1"), ("new", "film99")],
        item_features=[("film99", {"kind=war": 1.0, "kind=crime": 1.0})],
    )
    model.set_params(learning_rate=1e-9, epochs=1).partial_fit(grown)
    names, embeddings = model.feature_embeddings()
    assert names == ("kind=crime", "kind=love", "old", "kind=war")
    np.testing.assert_allclose(embeddings[:3], before[1], atol=1e-6)
    np.testing.assert_allclose(model.user_embeddings_[:20], before[0][:20], atol=1e-6)
    assert len(model.recommend("new", n=3)) == 3
    fewer = tm.Dataset.from_tuples(
        [(u, i) for u in data.users.ids for i in data.items.ids],
        item_features=[("film1", ["kind=crime"])],
        user_features=[(u, [f"taste={at % 2}"]) for at, u in enumerate(data.users.ids)],
    )
    model = fit(data)
    with pytest.raises(DataError, match="'kind=love' is gone"):
        model.partial_fit(fewer)


def test_state_is_kept_by_partial_fit_and_dropped_by_slim(X):
    model = fit(X, epochs=3)
    assert (model.partial_fit(X).item_gradients_ >= 1).all()
    ids = model.recommend(n=3)[0]
    assert model.slim() is model
    assert model.item_gradients_.size == 0
    np.testing.assert_array_equal(model.recommend(n=3)[0], ids)
    with pytest.raises(ArgumentError, match="`slim` dropped it"):
        model.partial_fit(X)


def test_a_slim_model_survives_its_file(X, tags, tmp_path):
    model = tm.LightFM(factors=3, epochs=2, optimizer="adadelta", rng=0).fit(X, item_features=tags)
    model.slim().save(tmp_path / "m")
    loaded = tm.load(tmp_path / "m")
    np.testing.assert_array_equal(
        loaded.recommend(n=3, exclude_seen=False)[0], model.recommend(n=3, exclude_seen=False)[0]
    )


def test_names_survive_the_file(tmp_path):
    model = fit(with_tags(), feature_weights={"kind": 2.0})
    model.save(tmp_path / "m")
    loaded = tm.load(tmp_path / "m")
    assert loaded.feature_embeddings()[0] == ("kind=crime", "kind=love", "old")
    assert loaded.get_params() == model.get_params()
    want, got = (m.recommend(user_features=["taste=0"], n=3)["item"].tolist() for m in (model, loaded))
    assert got == want
