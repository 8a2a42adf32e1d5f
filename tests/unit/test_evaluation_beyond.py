"""AUC and the metrics beyond accuracy against their twins and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import roc_auc_score
from tests.reference import ranking as twin

import tastemaker as tm
from tastemaker import _core
from tastemaker._validation import csr_parts
from tastemaker.evaluation import _task
from tastemaker.evaluation._beyond import Catalogue

k = 7
per_list = ("novelty", "diversity", "popularity_lift", "coverage")


@pytest.fixture(scope="module")
def split():
    return tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset, n=3)


@pytest.fixture(scope="module", params=[tm.Popular, tm.KNN, tm.SVD])
def model(request, split):
    return request.param().fit(split.train)


@pytest.fixture(scope="module")
def lists(model, split):
    known = split.train.matrix
    rows = np.arange(known.shape[0], dtype=np.int32)
    ids = model._topn(rows, None, k, exclude=known, threads=1)[0]
    return [[i for i in row if i >= 0] for row in ids.tolist()]


@pytest.fixture(scope="module")
def figures(model, split):
    metrics = ["auc", "auc@2", "auc@7", "ndcg@10", *(f"{name}@{at}" for name in per_list for at in (k, 2))]
    result = tm.evaluate(model, split, metrics)
    assert result.n_users == split.train.n_users
    assert result.metrics == metrics
    return result.per_user


def test_auc_is_that_of_scikit_learn(model, split, lists, figures):
    seen, liked = split.train.matrix.toarray() != 0, split.test.matrix.toarray() > 0
    rows = np.arange(len(seen), dtype=np.int32)
    items = np.arange(seen.shape[1], dtype=np.int32)
    for user in rows[:60]:
        left = ~seen[user] | liked[user]
        for at in (2, k):
            scores = np.zeros(len(items))
            scores[lists[user][:at]] = np.arange(at, 0, -1)[: len(lists[user])]
            want = roc_auc_score(liked[user][left], scores[left])
            assert figures[f"auc@{at}"][user] == pytest.approx(want, abs=1e-9)
        queries = model._queries(rows[user : user + 1])
        ranks = model._index().mean_rank(queries, np.zeros_like(items), items, threads=1)
        scores = model._index().score(queries, np.zeros_like(items), items)
        want = roc_auc_score(liked[user][left], -ranks[left])
        if isinstance(model, (tm.Popular, tm.SVD)):  # KNN puts what its scores do not touch behind those of 0
            assert want == pytest.approx(roc_auc_score(liked[user][left], scores[left]), abs=1e-9)
        assert figures["auc"][user] == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("at", [2, k])
def test_novelty_diversity_and_popularity_lift_equal_their_twins(split, lists, figures, at):
    has = split.train.matrix.toarray().astype(np.float64)
    for user, ids in enumerate(lists):
        want = {
            "novelty": twin.novelty(ids, has, at),
            "diversity": twin.diversity(ids, has, at),
            "popularity_lift": twin.popularity_lift(ids, has, at, np.flatnonzero(has[user])),
        }
        for name, value in want.items():
            assert figures[f"{name}@{at}"][user] == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize("at", [2, k])
def test_coverage_equals_its_twin(split, lists, figures, at):
    values = figures[f"coverage@{at}"]
    assert values.mean() == pytest.approx(twin.coverage(lists, split.train.n_items, at), abs=1e-12)
    np.testing.assert_allclose(values, twin.coverage_values(lists, split.train.n_items, at), atol=1e-9)


def test_metrics_alone_and_in_batches(model, split, figures, monkeypatch):
    monkeypatch.setattr(_task, "_batch_users", 7)
    for name in ("auc", "auc@7", f"diversity@{k}", f"coverage@{k}"):
        np.testing.assert_array_equal(tm.evaluate(model, split, name).per_user[name], figures[name])


@pytest.mark.parametrize("exclude_seen", [True, False])
def test_relevant_items_of_the_history_are_candidates(split, exclude_seen):
    both = tm.splits.Split(train=split.train, test=split.train, name="repeats")
    values = tm.evaluate(tm.Popular(), both, ["auc", "auc@500"], exclude_seen=exclude_seen).per_user
    seen = split.train.matrix.toarray() != 0
    if exclude_seen:  # nothing that is relevant is on a list, but its place is known
        assert (values["auc@500"] < 0.5).all()
    order = np.argsort(-seen.sum(axis=0), kind="stable")
    want = [roc_auc_score(user, seen.sum(axis=0)) for user in seen]
    np.testing.assert_allclose(values["auc"], want, atol=1e-9)
    if not exclude_seen:
        want = [roc_auc_score(user[order], -np.arange(len(order))) for user in seen]
        np.testing.assert_allclose(values["auc@500"], want, atol=1e-9)


# --- the kernel of diversity ------------------------------------------------------------------------------


def diversity(ids, vectors, cutoffs, threads=1):
    parts = csr_parts(vectors)
    return _core.list_diversity(np.array(ids, np.int32), parts, np.array(cutoffs, np.int32), threads)


def test_same_diversity_at_any_thread_count(split, threads):
    vectors = split.train.matrix.T.tocsr()
    ids = np.argsort(np.random.default_rng(0).random((900, vectors.shape[0])), axis=1)[:, :9]
    one, many = (diversity(ids, vectors, [2, 5, 9], t) for t in (1, threads))
    np.testing.assert_array_equal(one, many)


def test_diversity_of_short_lists_and_of_items_nobody_has():
    vectors = sp.csr_array(np.diag([1.0, 2.0, 0.0]))
    got = diversity([[0, 1, 2], [2, 0, -1], [1, -1, -1], [-1, -1, -1]], vectors, [1, 2, 50])
    assert got.tolist() == [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]


def test_equal_items_have_no_diversity():
    vectors = sp.csr_array(np.ones((3, 4)))
    assert diversity([[0, 1, 2]], vectors, [3]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("ids", "cutoffs", "message"),
    [([[3]], [1], "must have a vector"), ([[0]], [0], "at least 1"), ([[0]], [2, 1], "ascend")],
)
def test_the_kernel_refuses_what_it_cannot_index(ids, cutoffs, message):
    with pytest.raises(ValueError, match=message):
        diversity(ids, sp.csr_array(np.ones((3, 4))), cutoffs)


# --- coverage is no mean over users -----------------------------------------------------------------------


def draw_lists(rng, n_users, kind):
    """Lists of five of 200 items: of uneven popularity, or always the five of one niche."""
    if kind == "niches":
        shares = 1 / np.arange(1, 41) ** 1.2
        return rng.choice(40, size=(n_users, 1), p=shares / shares.sum()) * 5 + np.arange(5)
    arrivals = rng.exponential(size=(n_users, 200)) * np.arange(1, 201)
    return np.argpartition(arrivals, 5, axis=1)[:, :5]


@pytest.mark.parametrize("kind", ["uneven", "niches"])
@pytest.mark.parametrize("n_users", [60, 300])
def test_intervals_of_coverage_cover_what_other_users_would(rng, kind, n_users):
    catalogue = Catalogue(sp.csr_array(np.ones((2, 200))))
    truth = np.mean([len(np.unique(draw_lists(rng, n_users, kind))) / 200 for _ in range(1000)])
    covered = 0
    for _ in range(500):
        values = catalogue.coverage(draw_lists(rng, n_users, kind).astype(np.int32))
        half = 1.96 * values.std(ddof=1) / np.sqrt(n_users)
        covered += abs(values.mean() - truth) <= half
    # Wide by design, so nothing bounds it above; at 95 % each, 460 or fewer come 1 time in 1,000.
    assert covered > 460
