"""The protocols and the tables of quality, on made-up data."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from bench.quality import fitting, report, tuned
from bench.quality.cases import CASES, Row
from bench.quality.protocols import FullRanking, SampledRanking

import tastemaker as tm


@pytest.fixture
def data():
    return tm.datasets.make_movies(rng=0).dataset


def test_a_sampled_rank_counts_better_negatives_and_equal_ones_of_lower_index():
    class Fixed:
        def score(self, users, items):
            assert users.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
            assert items.tolist() == [2, 0, 1, 3, 1, 0, 2, 3]
            return np.array([5, 5, 6, 5, 9, 1, 2, 3], np.float32)

    train = tm.Dataset.from_sparse(sp.csr_array(np.eye(2, 4, dtype=np.float32)))
    negatives = np.array([[0, 1, 3], [0, 2, 3]])
    figures = SampledRanking(train, np.array([2, 1]), negatives).measure(Fixed())
    # User 0: item 1 is better, item 0 equal and before, item 3 equal and behind: third. User 1: first.
    assert figures["hit@10"].value == 1
    assert figures["ndcg@10"].value == pytest.approx((1 / np.log2(4) + 1) / 2)


def test_validation_of_a_sampled_ranking_holds_out_training_items(data):
    seen = data.matrix.toarray() > 0
    sampled = SampledRanking(data, np.zeros(data.n_users, int), np.zeros((data.n_users, 5), int))
    inner = sampled.validation()
    assert inner.train.nnz == data.nnz - data.n_users
    kept = inner.train.matrix.toarray() > 0
    for user in range(data.n_users):
        assert seen[user, inner.items[user]]
        assert not kept[user, inner.items[user]]
        assert not seen[user, inner.negatives[user]].any()


def test_validation_of_a_full_ranking_is_a_part_of_train(data):
    measure = FullRanking(tm.splits.leave_last(data), ("ndcg@10",))
    inner = measure.validation()
    assert inner.train.nnz < measure.train.nnz
    figures = inner.measure(tm.Popular().fit(inner.train))
    assert 0 < figures["ndcg@10"].low < figures["ndcg@10"].value < figures["ndcg@10"].high


def test_a_row_takes_the_parameters_that_were_found_for_it_or_for_its_model():
    found = {"small": {"test": {"params": {"reg": 0.5}}}}
    assert fitting.params_of(Row("small", tm.ALS), found, "test") == {"reg": 0.5}
    assert fitting.params_of(Row("large", tm.ALS, like="small"), found, "test") == {"reg": 0.5}
    assert fitting.params_of(Row("other", tm.ALS), found, "test") == {}


def test_every_row_was_searched():
    found = tuned.read()
    for name, case in CASES.items():
        for row in case.rows:
            for mode in row.modes:
                if row.space:
                    assert set(found[name][row.name][mode]["params"]) == set(row.space), (
                        name,
                        row.name,
                        mode,
                    )


def test_the_table_has_our_figures_and_the_published_ones():
    mode = {"figures": {"ndcg@20": [0.15, 0.14, 0.16]}, "fit_seconds": 1.25, "params": {}}
    text = report.render(
        {
            "title": "T",
            "shape": [10, 20],
            "nnz": 30,
            "metrics": ["ndcg@20"],
            "machine": {"cpu": "c", "cores": 2},
            "published": {"P": [0.1234]},
            "rows": [{"name": "ALS", "commit": "x", "date": "d", "validation": mode, "test": mode}],
        }
    )
    assert "| ALS          | 0.1500 ±0.0100 | 0.1500 ±0.0100         | 1.2    |" in text
    assert "| published: P | -              | 0.1234                 | -      |" in text
