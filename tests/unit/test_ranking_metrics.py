"""Ranking metrics of the core against the formulas and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import (
    average_precision_score,
    ndcg_score,
    precision_score,
    recall_score,
    roc_auc_score,
)
from tests.reference import ranking as twin

from tastemaker import _core
from tastemaker._validation import csr_parts

names = _core.ranking_metric_names()


def rank_users(ids, truth, cutoffs, threads=1):
    """Metrics as {name: (cutoffs, users)}; every item may be recommended to everybody."""
    ids = np.ascontiguousarray(ids, dtype=np.int32)
    candidates = np.full(truth.shape[0], truth.shape[1], dtype=np.int32)
    out = _core.rank_users(ids, csr_parts(truth), candidates, np.array(cutoffs, dtype=np.int32), threads)
    return dict(zip(names, out, strict=True))


def random_lists(rng, users, items, width):
    """Distinct items per row, -1 from a random place on; at least one relevant item per user."""
    ids = np.argsort(rng.random((users, items)), axis=1)[:, :width]
    ids[np.arange(width) >= rng.integers(0, width + 1, size=users)[:, None]] = -1
    truth = sp.lil_array((users, items), dtype=np.float32)
    for user in range(users):
        truth[user, rng.choice(items, size=rng.integers(1, items + 1), replace=False)] = 1
    return ids, truth.tocsr()


def twin_metrics(ids, truth, cutoffs):
    relevant = [
        set(truth.indices[a:b].tolist()) for a, b in zip(truth.indptr, truth.indptr[1:], strict=False)
    ]
    lists = [[i for i in row if i >= 0] for row in ids.tolist()]
    return {
        name: [
            [metric_twin(name, row, rel, k, truth.shape[1]) for row, rel in zip(lists, relevant, strict=True)]
            for k in cutoffs
        ]
        for name in names
    }


def metric_twin(name, ids, relevant, k, n_items):
    return twin.auc(ids, relevant, k, n_items) if name == "auc" else getattr(twin, name)(ids, relevant, k)


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_twin(seed):
    rng = np.random.default_rng(seed)
    ids, truth = random_lists(rng, users=30, items=12, width=9)
    cutoffs = [1, 2, 5, 9, 12, 40]  # beyond the list, beyond the items
    got, want = rank_users(ids, truth, cutoffs), twin_metrics(ids, truth, cutoffs)
    assert set(got) == {"precision", "recall", "ndcg", "hit", "map", "mrr", "auc"}
    for name in names:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("k", [1, 3, 10, 20])
def test_equals_scikit_learn(k):
    rng = np.random.default_rng(k)
    scores, relevant = rng.random((40, 20)), rng.random((40, 20)) < 0.3
    relevant[~relevant.any(axis=1), 0] = True
    ids = np.argsort(-scores, axis=1)
    relevant[relevant.all(axis=1), 0] = False  # an area needs both kinds
    got = rank_users(ids, sp.csr_array(relevant.astype(np.float32)), [k, 20])
    shown = np.zeros_like(relevant)
    np.put_along_axis(shown, ids[:, :k], True, axis=1)
    users = range(len(ids))
    want = {
        "precision": [precision_score(relevant[u], shown[u]) for u in users],
        "recall": [recall_score(relevant[u], shown[u]) for u in users],
        "ndcg": [ndcg_score([relevant[u]], [scores[u]], k=k) for u in users],
        "auc": [roc_auc_score(relevant[u], np.where(shown[u], scores[u], -1)) for u in users],
    }
    for name, values in want.items():
        np.testing.assert_allclose(got[name][0], values, rtol=1e-12, err_msg=name)
    # scikit-learn has no cutoff here, so compare at the end of the list.
    np.testing.assert_allclose(
        got["map"][1], [average_precision_score(relevant[u], scores[u]) for u in users], rtol=1e-12
    )


def test_a_list_worked_by_hand():
    truth = sp.csr_array(np.float32([[0, 1, 0, 1, 1]]))
    got = rank_users([[3, 0, 1, -1]], truth, [1, 3, 10])
    discount = 1 / np.log2(np.arange(2, 5))
    assert got["precision"].ravel() == pytest.approx([1, 2 / 3, 0.2])
    assert got["recall"].ravel() == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert got["ndcg"].ravel() == pytest.approx([1, *[(discount[0] + discount[2]) / discount.sum()] * 2])
    assert got["map"].ravel() == pytest.approx([1 / 3, (1 + 2 / 3) / 3, (1 + 2 / 3) / 3])
    assert got["hit"].ravel().tolist() == [1, 1, 1]
    assert got["mrr"].ravel().tolist() == [1, 1, 1]
    assert got["auc"].ravel() == pytest.approx([4 / 6, 3.5 / 6, 3.5 / 6])


def test_a_perfect_list_has_ndcg_of_exactly_one():
    truth = sp.csr_array(np.ones((1, 30), dtype=np.float32))
    got = rank_users(np.arange(30)[None, :], truth, range(1, 31))
    assert (got["ndcg"] == 1).all()
    assert (got["precision"] == 1).all()


def test_users_without_relevant_items_are_undefined():
    truth = sp.csr_array(np.float32([[0, 0], [1, 0]]))
    got = rank_users([[0, 1], [-1, -1]], truth, [1])
    for name in names:
        assert np.isnan(got[name][0, 0])
        assert got[name][0, 1] == (0.5 if name == "auc" else 0)


@pytest.mark.parametrize("threads", [3, 7])
def test_same_bits_at_any_thread_count(threads):
    ids, truth = random_lists(np.random.default_rng(1), users=600, items=60, width=50)
    one, many = (rank_users(ids, truth, range(1, 60), threads=t) for t in (1, threads))
    for name in names:
        np.testing.assert_array_equal(one[name], many[name])


def test_no_users_no_cutoffs_no_items():
    empty = sp.csr_array((0, 5), dtype=np.float32)
    assert rank_users(np.empty((0, 3)), empty, [1, 2])["ndcg"].shape == (2, 0)
    truth = sp.csr_array(np.ones((2, 5), dtype=np.float32))
    assert rank_users(np.zeros((2, 1)), truth, [])["ndcg"].shape == (0, 2)
    assert rank_users(np.empty((2, 0)), truth, [1])["recall"].tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("ids", "cutoffs", "message"),
    [
        (np.zeros((3, 2)), [1], "one row per user"),
        (np.zeros((2, 2)), [0, 1], "at least 1"),
        (np.zeros((2, 2)), [2, 1], "ascend"),
    ],
)
def test_the_core_refuses_what_it_cannot_index(ids, cutoffs, message):
    with pytest.raises(ValueError, match=message):
        rank_users(ids, sp.csr_array(np.ones((2, 2), dtype=np.float32)), cutoffs)


def test_the_core_refuses_candidates_for_other_users():
    truth = csr_parts(sp.csr_array(np.ones((2, 2), dtype=np.float32)))
    ids, few, cutoffs = np.zeros((2, 2), np.int32), np.ones(1, np.int32), np.ones(1, np.int32)
    with pytest.raises(ValueError, match="wrong length"):
        _core.rank_users(ids, truth, few, cutoffs, 1)
