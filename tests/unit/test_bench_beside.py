"""The tables beside LightFM: splits, figures and report, on made-up data."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from bench.quality.beside import report, splits
from bench.quality.beside.cases import CASES, features_of
from bench.quality.beside.figures import interval, measure
from bench.quality.beside.splits import Parts

import tastemaker as tm


@pytest.fixture
def data():
    return tm.datasets.make_movies(rng=0).dataset


def test_a_fifth_of_each_users_interactions_is_left_out(data):
    parts = splits.left_out(data, 0)
    lengths = np.diff(data.matrix.indptr)
    assert (np.diff(parts.test.indptr) == lengths // 5).all()
    assert ((parts.train + parts.test).toarray() == (data.matrix.toarray() != 0)).all()


@pytest.mark.parametrize("split", [splits.drawn_items, splits.fold_of_items])
def test_items_are_held_out_whole(data, split):
    parts = split(data, 1)
    held = np.isin(np.arange(data.n_items), parts.candidates)
    assert held.sum() in (data.n_items // 5, data.n_items // 5 + 1)
    assert parts.train[:, held].nnz == parts.test[:, ~held].nnz == 0
    assert parts.train.nnz + parts.test.nnz == data.nnz


def test_each_item_is_in_one_fold(data):
    folds = [splits.fold_of_items(data, fold).candidates for fold in range(5)]
    assert np.array_equal(np.sort(np.concatenate(folds)), np.arange(data.n_items))


def test_auc_counts_pairs_of_items_that_were_not_seen():
    train = sp.csr_matrix([[0, 0, 0, 0, 1.0], [1, 0, 0, 0, 0]])
    test = sp.csr_matrix([[1, 0, 1.0, 0, 0], [0, 0, 0, 0, 0]])
    item = np.array([[3], [2], [2], [1], [9]])  # item 4 was seen; 0 beats 1 and 3, 2 ties with 1 and beats 3
    figures = measure(np.ones((2, 1)), item, Parts(train, test), ("auc", "ndcg@2"))
    assert figures["auc"] == pytest.approx(3.5 / 4)
    assert figures["ndcg@2"] == pytest.approx(1 / (1 + 1 / np.log2(3)))  # the tie goes to item 1


def test_only_candidates_are_ranked():
    train = sp.csr_matrix([[1.0, 0, 0]])
    test = sp.csr_matrix([[0, 0, 1.0]])
    parts = Parts(train, test, np.array([2, 1]))
    assert measure(np.ones((1, 1)), np.array([[9], [1], [1]]), parts, ("auc", "ndcg@1")) == {
        "auc": 0.5,
        "ndcg@1": 1,
    }


def test_an_interval_is_students():
    mean, half = interval([1.0, 2.0, 3.0])
    assert (mean, half) == (2, pytest.approx(4.3027 / np.sqrt(3), rel=1e-4))


def test_rows_of_features_sum_to_one():
    data = tm.Dataset.from_tuples(
        [("ann", "heat"), ("bob", "emma")], item_features=[("heat", ["a", "b"]), ("emma", ["b"])]
    )
    tags, both, _ = CASES["citeulike-a"].rows
    assert features_of(data, tags)["item"].shape == (2, 2)
    matrix = features_of(data, both)["item"]
    assert matrix.shape == (2, 4)
    assert matrix.sum(axis=1) == pytest.approx(1)


def test_the_table_sets_ours_beside_theirs():
    records = [
        {"row": "warp", "library": library, "seed": seed, "figures": {"auc": value}}
        for library, values in {"tastemaker": [0.7, 0.8], "LightFM": [0.6, 0.7]}.items()
        for seed, value in enumerate(values)
    ]
    text = report.table({"records": records})
    assert "| warp  | auc    | 0.7500 ±0.6353 | 0.6500 ±0.6353 | +0.1000 ±0.0000 |" in text
