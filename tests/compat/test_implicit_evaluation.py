"""Splits and metrics of the façade."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from tastemaker.compat.implicit import evaluation
from tastemaker.compat.implicit.evaluation import leave_k_out_split, ranking_metrics_at_k, train_test_split
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError


class Fixed:
    """A model that recommends what it was told to."""

    def __init__(self, lists):
        self.lists = np.asarray(lists, dtype=np.int32)

    def recommend(self, userid, user_items, N=10):
        assert isinstance(user_items, sp.csr_matrix)
        assert user_items.shape[0] == len(userid)
        return self.lists[userid, :N], np.zeros((len(userid), N))


def naive(lists, test, K):
    """The definitions, user by user and place by place."""
    hits_of_all, possible_of_all, ap, ndcg, auc = 0, 0, [], [], []
    items = test.shape[1]
    for ids, row in zip(lists, test.toarray() > 0, strict=True):
        likes = set(np.flatnonzero(row))
        if not likes:
            continue
        listed = [i for i in ids[:K] if i >= 0]
        best = min(K, len(likes))
        hits = [i in likes for i in listed]
        hits_of_all += sum(hits)
        possible_of_all += best
        ap.append(sum(sum(hits[: r + 1]) / (r + 1) for r, hit in enumerate(hits) if hit) / best)
        gain = [1 / np.log2(r + 2) for r in range(max(best, len(hits)))]
        ndcg.append(sum(g for g, hit in zip(gain, hits, strict=False) if hit) / sum(gain[:best]))
        ordered = 0.0
        for liked in likes:
            for other in set(range(items)) - likes:
                place = {i: r for r, i in enumerate(listed)}
                a, b = place.get(liked), place.get(other)
                ordered += 0.5 if a is b is None else 1.0 if b is None or (a is not None and a < b) else 0.0
        pairs = len(likes) * (items - len(likes))
        auc.append(ordered / pairs if pairs else 1.0)
    return {
        "precision": hits_of_all / possible_of_all,
        "map": np.mean(ap),
        "ndcg": np.mean(ndcg),
        "auc": np.mean(auc),
    }


@pytest.mark.parametrize("K", [1, 3, 8, 12, 50])
def test_metrics_agree_with_their_definitions(K, rng):
    lists = np.argsort(rng.random((30, 12)), axis=1)[:, :9]
    lists[4, 5:] = -1
    lists[5] = -1
    relevant = rng.random((30, 12)) < 0.3
    relevant[6] = True
    test = sp.csr_matrix(relevant.astype(np.float32))
    got = ranking_metrics_at_k(Fixed(lists), sp.csr_matrix((30, 12)), test, K=K, show_progress=False)
    assert got == pytest.approx(naive(lists, test, K), abs=1e-12)


def test_the_functions_give_one_metric_each(als, X):
    train, test = train_test_split(X, random_state=0)
    every = ranking_metrics_at_k(als, train, test, K=4, show_progress=False)
    for name, function in {
        "precision": evaluation.precision_at_k,
        "map": evaluation.mean_average_precision_at_k,
        "ndcg": evaluation.ndcg_at_k,
        "auc": evaluation.AUC_at_k,
    }.items():
        value = function(als, train, test, K=4, show_progress=False, num_threads=2)
        assert type(value) is float
        assert value == every[name]


@pytest.mark.parametrize("K", [39, 40, 41, 1000])
def test_no_metric_exceeds_1_where_k_exceeds_the_items(K, model, X):
    """implicit gives a precision of 4.5 here."""
    train, test = train_test_split(X, random_state=0)
    for value in ranking_metrics_at_k(model, train, test, K=K, show_progress=False).values():
        assert 0 < value <= 1


def test_more_users_than_a_batch_give_the_same_means(als, X):
    train, test = train_test_split(X, random_state=0)
    few = ranking_metrics_at_k(als, train, test, K=5, show_progress=False)
    wrapped = type("Many", (), {"recommend": lambda self, u, rows, N: als.recommend(u % 60, rows, N)})()
    many = [sp.vstack([part] * 40, format="csr") for part in (train, test)]
    assert ranking_metrics_at_k(wrapped, *many, K=5, show_progress=False) == pytest.approx(few, rel=1e-9)


def test_train_test_split_cuts_and_leaves_dislikes_out_of_test(X):
    likes = X.copy()
    likes.data[::4] *= -1
    train, test = train_test_split(likes, train_percentage=0.6, random_state=1)
    assert isinstance(train, sp.csr_matrix)
    assert isinstance(test, sp.csr_matrix)
    assert train.dtype == test.dtype == X.dtype
    assert not train.multiply(test).nnz
    assert test.data.min() > 0
    rest = likes - train - test
    assert rest.data[rest.data != 0].max() < 0
    assert 0.5 < train.nnz / likes.nnz < 0.7
    same, _ = train_test_split(likes, train_percentage=0.6, random_state=np.random.default_rng(1))
    assert (same != train).nnz == 0


@pytest.mark.parametrize("K", [1, 3])
def test_leave_k_out_split_takes_k_of_who_has_more_than_k_plus_1(K, X):
    train, test = leave_k_out_split(X, K=K, random_state=2)
    assert (train + test != X).nnz == 0
    taken, counts = np.diff(test.indptr), np.diff(X.indptr)
    assert (taken == np.where(counts > K + 1, K, 0)).all()
    again = leave_k_out_split(X, K=K, random_state=2)[1]
    assert (again != test).nnz == 0, (
        "implicit shuffles by numpy's global state, so that its seed does not repeat"
    )
    assert (leave_k_out_split(X, K=K, random_state=3)[1] != test).nnz


def test_leave_k_out_split_keeps_a_share_of_users_in_train(X):
    _, test = leave_k_out_split(X, train_only_size=0.5, random_state=2)
    kept = (np.diff(test.indptr) == 0).sum()
    assert 30 <= kept < 60


def test_every_interaction_may_be_left_out():
    X = sp.csr_matrix(np.ones((200, 4)))
    _, test = leave_k_out_split(X, random_state=0)
    assert np.bincount(test.indices, minlength=4).min() > 30


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda X: train_test_split(X, train_percentage=1.5), ArgumentError, "`train_percentage` must be"),
        (lambda X: train_test_split(X, train_percentage=float("nan")), ArgumentError, "`train_percentage`"),
        (lambda X: train_test_split(X.toarray()), ArgumentTypeError, "`ratings` must be"),
        (lambda X: train_test_split(X, rng=1), ArgumentTypeError, "has no argument `rng`"),
        (lambda X: leave_k_out_split(X, K=0), ArgumentError, "`K` must be an int >= 1"),
        (lambda X: leave_k_out_split(X, train_only_size=-1), ArgumentError, "`train_only_size` must be"),
        (lambda X: ranking_metrics_at_k(Fixed([[1]]), X, X, K=0), ArgumentError, "`K` must be an int >= 1"),
        (lambda X: ranking_metrics_at_k(Fixed([[1]]), X, X, num_threads=-1), ArgumentError, "`num_threads`"),
        (lambda X: ranking_metrics_at_k(Fixed([[1]]), X, X * 0), DataError, "at least one interaction"),
        (
            lambda X: ranking_metrics_at_k(Fixed([[1]]), X[:5], X),
            DataError,
            "`train_user_items` must have shape",
        ),
        (lambda X: ranking_metrics_at_k(Fixed([[1]]), X.T, X), DataError, "It looks transposed"),
    ],
)
def test_bad_arguments(call, error, message, X):
    with pytest.raises(error, match=message):
        call(X)
