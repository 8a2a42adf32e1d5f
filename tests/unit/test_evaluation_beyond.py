"""AUC and the metrics beyond accuracy against independent computations."""

from __future__ import annotations

import numpy as np
import pytest

import tastemaker as tm

k = 7


@pytest.fixture(scope="module")
def split():
    return tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset, n=3)


@pytest.fixture(scope="module", params=[tm.Popular, tm.KNN, tm.SVD])
def model(request, split):
    return request.param().fit(split.train)


@pytest.fixture(scope="module")
def lists(model, split):
    known = split.train.matrix
    return model._topn(np.arange(known.shape[0], dtype=np.int32), None, k, exclude=known, threads=1)[0]


@pytest.fixture(scope="module")
def figures(model, split):
    metrics = ["auc", f"novelty@{k}", f"diversity@{k}", f"popularity_lift@{k}", "ndcg@10", "novelty@2"]
    result = tm.evaluate(model, split, metrics)
    assert result.n_users == split.train.n_users
    assert result.metrics == metrics
    return result.per_user


def test_auc_is_that_of_scikit_learn(model, split, figures):
    roc_auc_score = pytest.importorskip("sklearn.metrics").roc_auc_score
    seen, liked = split.train.matrix.toarray() != 0, split.test.matrix.toarray() > 0
    rows = np.arange(len(seen), dtype=np.int32)
    items = np.arange(seen.shape[1], dtype=np.int32)
    for user in rows[:60]:
        ranks = model._index().rank(
            model._queries(rows[user : user + 1]), np.zeros_like(items), items, threads=1
        )
        if not (model._topn(rows[user : user + 1], None, 1, exclude=None, threads=1)[0] >= 0).any():
            continue
        left = ~seen[user] | liked[user]
        want = roc_auc_score(liked[user][left], -ranks[left])
        assert figures["auc"][user] == pytest.approx(want, abs=1e-9)


def test_novelty_and_popularity_lift_from_their_formulas(split, lists, figures):
    has = split.train.matrix.toarray() != 0
    popularity = has.sum(axis=0)
    for user, padded in enumerate(lists):
        ids = padded[padded >= 0]
        novelty = np.mean([-np.log2(max(popularity[i], 1) / len(has)) for i in ids]) if len(ids) else 0
        lift = popularity[ids].mean() / popularity[has[user]].mean() if len(ids) else 0
        assert figures[f"novelty@{k}"][user] == pytest.approx(novelty, abs=1e-9)
        assert figures[f"popularity_lift@{k}"][user] == pytest.approx(lift, abs=1e-9)


def test_diversity_is_one_less_the_mean_cosine_of_pairs(split, lists, figures):
    columns = split.train.matrix.toarray().astype(np.float64)
    norms = np.linalg.norm(columns, axis=0)
    units = columns / np.where(norms > 0, norms, 1)
    for user, padded in enumerate(lists):
        ids = padded[padded >= 0]
        pairs = [units[:, a] @ units[:, b] for at, a in enumerate(ids) for b in ids[at + 1 :]]
        want = 1 - np.mean(pairs) if pairs else 0
        assert figures[f"diversity@{k}"][user] == pytest.approx(want, abs=1e-9)


def test_auc_alone_and_in_batches(model, split, figures, monkeypatch):
    from tastemaker.evaluation import _task

    monkeypatch.setattr(_task, "_batch_users", 7)
    np.testing.assert_array_equal(tm.evaluate(model, split, "auc").per_user["auc"], figures["auc"])
