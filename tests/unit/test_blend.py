"""Blends against their definition; weights found on validation; members of every kind; wrong arguments."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import blend as twin

import tastemaker as tm
from tastemaker import _core
from tastemaker.errors import ArgumentError, ArgumentTypeError
from tastemaker.models import _blend_weights, _blending
from tastemaker.retrieval import DenseScorer, SparseScorer, TableScorer


def everything(model):
    users, items = np.indices(model.seen_.shape).reshape(2, -1)
    return model.score(users, items).reshape(model.seen_.shape)


def members():
    return {
        "als": tm.ALS(factors=5, epochs=2, rng=0),  # dense queries
        "knn": tm.KNN(neighbors=5),  # sparse ones, that do not touch every item
        "ease": tm.EASE(reg=10.0),
        "popular": tm.Popular(),
    }


@pytest.mark.parametrize("block", [2**23, 30 * 7])  # all users at once, seven at a time
def test_scores_are_the_scaled_sum_of_the_members(X, block, monkeypatch):
    monkeypatch.setattr(_blending, "_BLOCK", block)
    model = tm.Blend(members(), weights={"ease": 1, "als": 4, "popular": 0.5, "knn": 2}).fit(X)
    np.testing.assert_allclose(model.weights_, np.array([4, 2, 1, 0.5]) / 7.5)
    want = twin.blended([everything(member) for member in model.models_.values()], model.weights_)
    np.testing.assert_allclose(everything(model), want, rtol=1e-4, atol=1e-5)
    ids, scores = model.recommend(n=4)
    np.testing.assert_array_equal(scores, np.take_along_axis(everything(model), ids, axis=1))
    rows = np.repeat(np.arange(40), 4)
    np.testing.assert_array_equal(model.rank(rows, ids.ravel()).reshape(ids.shape), [[1, 2, 3, 4]] * 40)


def test_one_member_ranks_as_it_does_alone(X):
    for member in members().values():
        if not isinstance(member, tm.KNN):  # of whom a blend ranks the untouched items too
            want, _ = member.fit(X).recommend(n=8)
            np.testing.assert_array_equal(tm.Blend({"only": member}).fit(X).recommend(n=8)[0], want)


def test_a_member_that_knows_the_data_is_not_trained_again(X):
    fitted, other = tm.ALS(factors=3, epochs=1, rng=1).fit(X), tm.ALS(factors=3, epochs=1, rng=1).fit(X * 2)
    before = other.user_factors_
    model = tm.Blend({"fitted": fitted, "other": other}, weights={"fitted": 1, "other": 1}).fit(X)
    assert model.models_["fitted"].user_factors_ is fitted.user_factors_
    assert model.models_["fitted"] is not fitted
    np.testing.assert_array_equal(model.models_["other"].user_factors_, fitted.user_factors_)
    assert other.user_factors_ is before


def test_members_know_the_ids_of_the_data():
    data = tm.Dataset.from_tuples([(f"u{u}", 10 * i) for u in range(9) for i in range(9) if (u * i) % 4 < 2])
    model = tm.Blend({"ease": tm.EASE(reg=1.0), "knn": tm.KNN()}, weights={"ease": 1, "knn": 1}).fit(data)
    for member in model.models_.values():
        assert list(member.recommend("u3", n=1).columns) == ["user", "item", "rank", "score"]


def test_explanations_weigh_those_of_the_members(X):
    model = tm.Blend({"ease": tm.EASE(reg=5.0), "knn": tm.KNN()}, weights={"ease": 1, "knn": 3}).fit(X)
    ids, contributions = model.explain(4, 17)
    assert contributions.sum() == pytest.approx(model.score(4, 17), rel=1e-4)
    ease, knn = (dict(zip(*m.explain(4, 17), strict=True)) for m in model.models_.values())
    sigma = [everything(member)[4].std() for member in model.models_.values()]
    want = [0.25 * ease[i] / sigma[0] + 0.75 * knn[i] / sigma[1] for i in ids]
    np.testing.assert_allclose(contributions, want, rtol=1e-4, atol=1e-6)


def test_folded_in_users_are_by_member(X):
    model = tm.Blend(members() | {}, weights=dict.fromkeys(members(), 1)).fit(X)
    folded = model.fold_in(X[[3, 5]])
    assert set(folded) == set(members())
    assert folded["als"].shape == (2, 5)
    assert sp.issparse(folded["knn"])


def test_abilities_are_those_of_all_members():
    assert tm.Blend({"a": tm.EASE(), "b": tm.ALS()}).abilities == {"fold_in", "explain"}
    assert tm.Blend({"a": tm.EASE(), "b": tm.Popular()}).abilities == {"fold_in"}
    assert tm.Blend().abilities == frozenset()


# Weights


def test_the_pool_measures_ndcg(X, rng):
    held_at = _blend_weights.hold_out(X, 0.3, rng)
    train, held = _blend_weights.taken(X, ~held_at), _blend_weights.taken(X, held_at)
    fitted = {name: member.fit(train) for name, member in members().items()}
    users = np.flatnonzero(np.diff(held.indptr))
    pool = _blend_weights._Pool(fitted, held, users, 2)
    weights = rng.random(4)
    scores = twin.blended([everything(member) for member in fitted.values()], weights)
    want = twin.ndcg(scores, train.toarray() != 0, held.toarray() != 0, 5)
    assert pool.ndcg(weights, 5) == pytest.approx(want)


def test_no_better_weights_are_near(X):
    held_at = _blend_weights.hold_out(X, 0.3, np.random.default_rng(2))
    train, held = _blend_weights.taken(X, ~held_at), _blend_weights.taken(X, held_at)
    fitted = {name: member.fit(train) for name, member in members().items()}
    found = _blend_weights.find_weights(fitted, held, 5, np.random.default_rng(0), 2)
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1)
    pool = _blend_weights._Pool(fitted, held, np.flatnonzero(np.diff(held.indptr)), 2)
    best = pool.ndcg(found, 5)
    assert all(pool.ndcg(w, 5) <= best for w in (np.full(4, 0.25), *np.eye(4)))


def test_what_is_held_out_is_a_share_and_nobodys_all(rng):
    X = sp.csr_array(np.ones((200, 30), np.float32))
    X = sp.vstack([X, sp.csr_array(([1.0], ([0], [3])), shape=(1, 30))], format="csr")
    held = _blend_weights.hold_out(sp.csr_array(X), 0.4, rng)
    assert 0.35 < held.mean() < 0.45
    assert not held[-1]
    train, test = _blend_weights.taken(X, ~held), _blend_weights.taken(X, held)
    np.testing.assert_array_equal((train + test).toarray(), X.toarray())
    assert (np.diff(train.indptr) > 0).all()


def test_a_useless_member_gets_no_weight(rng):
    tastes = rng.integers(0, 2, 120)
    X = sp.csr_array(
        (rng.random((120, 40)) < np.where(np.arange(40) % 2 == tastes[:, None], 0.5, 0.02)) * 1.0
    )
    model = tm.Blend({"ease": tm.EASE(reg=5.0), "popular": tm.Popular()}, rng=0).fit(X)
    assert model.weights_[0] > 0.8


def test_many_users_are_sampled(X, monkeypatch):
    monkeypatch.setattr(_blend_weights, "MOST_USERS", 5)
    first, again = (tm.Blend(members(), rng=3).fit(X).weights_ for _ in range(2))
    np.testing.assert_array_equal(first, again)


# The core


@pytest.mark.usefixtures("simd_level")
def test_all_scores_have_the_bits_of_single_ones(rng, threads):
    dense, table = (
        rng.standard_normal((101, 7)).astype(np.float32),
        rng.standard_normal((9, 101)).astype(np.float32),
    )
    vectors = rng.standard_normal((50, 7)).astype(np.float32)
    sparse = sp.random_array((50, 9), density=0.4, rng=rng, dtype=np.float32).tocsr()
    rows, items = np.indices((50, 101)).reshape(2, -1)
    for scorer, queries in (
        (DenseScorer(dense), vectors),
        (TableScorer(table), sparse),
        (SparseScorer(sp.csr_array(table * (table > 0))), sparse),
    ):
        scores = scorer.score_all(queries, threads=threads)
        np.testing.assert_array_equal(scores.ravel(), scorer.score(queries, rows, items))


def test_scaled_rows_are_added_at_any_number_of_threads(rng, threads):
    scores, total = (rng.standard_normal((30, 5000)).astype(np.float32) for _ in range(2))
    scores[4] = 3
    before = total.copy()
    factors = _core.add_scaled(scores, 0.5, total, threads)
    spread = scores.astype(np.float64).std(axis=1)
    want = np.divide(0.5, spread, out=np.zeros(30), where=spread > 0)
    np.testing.assert_allclose(factors, want, rtol=1e-6)
    np.testing.assert_allclose(total, before + factors[:, None] * scores, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="one shape"):
        _core.add_scaled(scores, 1.0, total[:3].copy(), threads)


@pytest.mark.parametrize(
    ("models", "params", "error", "message"),
    [
        (None, {}, ArgumentTypeError, "`models` must be a dict name -> model"),
        ({}, {}, ArgumentError, "at least one member, got none"),
        ([tm.EASE()], {}, ArgumentTypeError, "`models` must be a dict"),
        ({"a": "als"}, {}, ArgumentTypeError, "got 'als' for 'a'"),
        ({"a": tm.EASE(reg=-1)}, {}, ArgumentError, "`reg` must be"),
        ({"a": tm.EASE()}, {"weights": [1]}, ArgumentTypeError, "`weights` must be a dict of one number"),
        ({"a": tm.EASE()}, {"weights": {"b": 1}}, ArgumentError, r"for each member \(a\), got {'b': 1}"),
        ({"a": tm.EASE()}, {"weights": {"a": -1}}, ArgumentError, r"`weights\['a'\]` must be"),
        ({"a": tm.EASE()}, {"weights": {"a": 0}}, ArgumentError, "must not all be 0"),
        ({"a": tm.EASE()}, {"validation": 0}, ArgumentError, "`validation` must be"),
        ({"a": tm.EASE()}, {"validation": 0.6}, ArgumentError, "`validation` must be"),
        ({"a": tm.EASE()}, {"k": 0}, ArgumentError, "`k` must be"),
        ({"a": tm.EASE()}, {"rng": "x"}, ArgumentTypeError, "`rng` must be"),
    ],
)
def test_wrong_arguments(X, models, params, error, message):
    with pytest.raises(error, match=message):
        tm.Blend(models, **params).fit(X)


def test_only_the_models_come_without_a_name():
    with pytest.raises(ArgumentTypeError, match=r"by name \(weights, validation, k, rng\), got {'a': 1}"):
        tm.Blend({"a": tm.EASE()}, {"a": 1})


def test_members_may_be_called_anything_and_be_blends(X, tmp_path):
    inner = tm.Blend({"model": tm.EASE(), "params": tm.Popular()}, weights={"model": 1, "params": 1})
    model = tm.Blend({"inner": inner, "a/b": tm.SVD(factors=3, rng=0)}, weights={"inner": 1, "a/b": 1}).fit(X)
    model.save(tmp_path / "m")
    loaded = tm.load(tmp_path / "m")
    assert loaded.to_config() == model.to_config()
    np.testing.assert_array_equal(loaded.recommend(n=5)[0], model.recommend(n=5)[0])
