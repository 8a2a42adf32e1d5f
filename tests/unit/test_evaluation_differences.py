"""Paired differences to a baseline."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import ttest_rel

import tastemaker as tm
from tastemaker.errors import ArgumentError
from tastemaker.evaluation._differences import paired_p_values


@pytest.fixture(scope="module")
def split():
    return tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset)


@pytest.fixture(scope="module")
def result(split):
    models = {"popular": tm.Popular(), "same": tm.Popular(), "knn": tm.KNN()}
    return tm.compare(models, split, ["ndcg@10", "hit@5"])


def test_values_are_mean_differences_with_a_paired_test(result):
    table = result.differences().to_table()
    assert table["model"].tolist() == ["same", "same", "knn", "knn"]
    assert set(table["baseline"]) == {"popular"}
    ours, theirs = (result[name].per_user["ndcg@10"] for name in ("knn", "popular"))
    assert table["difference"][2] == pytest.approx((ours - theirs).mean(), rel=1e-12)
    assert table["p_value"][2] == pytest.approx(ttest_rel(ours, theirs).pvalue, rel=1e-9)
    assert table["low"][2] < table["difference"][2] < table["high"][2]


def test_equal_models_do_not_differ(result):
    same = result.differences().rows[0]
    assert same[2:] == (0, 0, 0, 1)
    assert (
        result.differences()
        .sentences()[0]
        .startswith("same and popular: difference in ndcg@10 not significant (p = 1, ")
    )
    assert not result.differences().significant("popular", "ndcg@10")


def test_marks_in_the_printed_table(result):
    for text in (repr(result), result.to_text()):
        rows = {line.split()[0]: line for line in text.splitlines()}
        assert " *" in rows["knn"]
        assert " *" not in rows["same"]
        assert " *" not in rows["popular"]
        assert "* differs from popular (paired t-test, p < 0.05)." in text


def test_the_baseline_is_chosen_by_name(split):
    models = {"popular": tm.Popular(), "knn": tm.KNN()}
    other = tm.compare(models, split, "ndcg@10", baseline="knn").differences()
    assert other.baseline == "knn"
    assert [row.model for row in other.rows] == ["popular"]
    with pytest.raises(ArgumentError, match=r"`baseline`.*Did you mean 'knn'"):
        tm.compare(models, split, baseline="kn")


def test_one_model_has_no_differences(split):
    alone = tm.compare({"popular": tm.Popular()}, split)
    assert len(alone.differences().to_table()) == 0
    assert "*" not in repr(alone)
    repr(alone.differences())


def test_p_values_at_the_edges():
    assert np.isnan(paired_p_values(np.ones((1, 1)), np.zeros((1, 1)))).all()
    np.testing.assert_array_equal(paired_p_values(np.ones((1, 9)), np.zeros((1, 9))), [0])
    np.testing.assert_array_equal(paired_p_values(np.ones((1, 9)), np.ones((1, 9))), [1])


def test_p_values_of_equal_models_are_uniform():
    rng = np.random.default_rng(3)
    values, others = rng.random((2, 2000, 60)) < 0.3
    below = int((paired_p_values(values.astype(float), others.astype(float)) < 0.05).sum())
    # Expected 100, standard deviation 9.7: four of them either way.
    assert 61 <= below <= 139


def test_json_has_the_plain_columns(result):
    assert json.loads(result.to_json())["model"] == result.to_dict()["model"]
    assert json.loads(result.differences().to_json())["p_value"][0] == 1
    single = tm.Table({"low": [np.nan], "item": ["ø"]})
    assert json.loads(single.to_json()) == {"low": [None], "item": ["ø"]}
