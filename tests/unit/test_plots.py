"""Plots: the numbers against the formulas, what is drawn against the numbers, and what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from matplotlib import colors
from matplotlib import pyplot as plt

import tastemaker as tm
from tastemaker import plots
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, MissingLibraryError, NotFittedError

CUTOFFS = (1, 5, 10)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def split():
    return tm.splits.leave_last(tm.datasets.make_movies(rng=3, n_users=80, n_items=60).dataset)


@pytest.fixture(scope="module")
def result(split):
    models = {"popular": tm.Popular(), "knn": tm.KNN(), "als": tm.ALS(factors=4, compute_loss=True, rng=0)}
    metrics = ["auc", *(f"{name}@{k}" for k in CUTOFFS for name in ("ndcg", "recall"))]
    return tm.compare(models, split, metrics)


def drawings(result, split):
    return {
        "long_tail": lambda **ax: plots.long_tail(split.train, **ax),
        "popularity_bias": lambda **ax: plots.popularity_bias(result, **ax),
        "metric_at_k": lambda **ax: plots.metric_at_k(result, **ax),
        "paired_differences": lambda **ax: plots.paired_differences(result, **ax),
        "training_loss": lambda **ax: plots.training_loss(tm.ALS(compute_loss=True).fit(split.train), **ax),
    }


NAMES = ("long_tail", "popularity_bias", "metric_at_k", "paired_differences", "training_loss")


@pytest.mark.parametrize("name", NAMES)
def test_a_plot_goes_into_the_axes_given_and_makes_no_figure(name, result, split):
    ax = plt.figure().add_subplot()
    assert drawings(result, split)[name](ax=ax) is ax
    assert ax.has_data()
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_plot_without_axes_makes_its_own_labelled_figure(name, result, split):
    ax = drawings(result, split)[name]()
    assert plt.get_fignums() == [ax.figure.number]
    assert ax.get_xlabel()
    ax.figure.canvas.draw()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_axes_is_refused(name, result, split):
    with pytest.raises(ArgumentTypeError, match="`ax` must be matplotlib axes or None, got 3"):
        drawings(result, split)[name](ax=3)


@pytest.mark.parametrize("name", NAMES)
def test_without_matplotlib_the_remedy_is_named_and_the_numbers_are_there(name, result, split, monkeypatch):
    draw = drawings(result, split)[name]
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingLibraryError, match=r'pip install "tastemaker\[plots\]"'):
        draw()
    assert len(plots.metric_at_k_data(result)) == 9


def test_metric_at_k_holds_the_figures_of_the_comparison(result):
    table = plots.metric_at_k_data(result, "recall")
    assert list(zip(table["model"], table["k"], strict=True)) == [(m, k) for m in result for k in CUTOFFS]
    for row, (model, k) in enumerate(zip(table["model"], table["k"], strict=True)):
        assert tuple(table[name][row] for name in ("value", "low", "high")) == result[model][f"recall@{k}"]


def test_metric_at_k_draws_a_line_and_a_band_per_model(result):
    ax = plots.metric_at_k(result)
    table = plots.metric_at_k_data(result)
    assert [line.get_label() for line in ax.lines] == ["popular", "knn", "als"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), table["value"][table["model"] == "knn"])
    for line, band in zip(ax.lines, ax.collections, strict=True):
        assert tuple(band.get_facecolor()[0, :3]) == colors.to_rgb(line.get_color())


def test_paired_differences_hold_those_of_the_comparison(result):
    table = plots.paired_differences_data(result, "ndcg@10")
    rows = [row for row in result.differences().rows if row.metric == "ndcg@10"]
    assert table["model"].tolist() == [row.model for row in rows] == ["knn", "als"]
    assert table["low"].tolist() == [row.low for row in rows]
    same = plots.paired_differences_data(result.differences(), "ndcg@10")
    assert same.to_dict() == table.to_dict()
    assert set(plots.paired_differences_data(result)["metric"]) == {"auc"}


def test_paired_differences_draw_the_interval_around_the_point(result):
    ax = plots.paired_differences(result, "ndcg@5")
    table = plots.paired_differences_data(result, "ndcg@5")
    (bars,) = ax.collections
    for segment, low, high in zip(bars.get_segments(), table["low"], table["high"], strict=True):
        np.testing.assert_allclose(segment[:, 0], [low, high])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["knn", "als"]


def test_the_long_tail_counts_users_not_weights():
    matrix = sp.csr_array(np.array([[5.0, 0, 1, 0], [2, 0, 0, 0], [9, 0, 4, 7]]))
    table = plots.long_tail_data(matrix)
    assert table["users"].tolist() == [3, 2, 1, 0]
    np.testing.assert_allclose(table["share"], [3 / 6, 5 / 6, 1, 1])
    assert plots.long_tail(matrix).get_legend().get_texts()[0].get_text() == (
        "half of the interactions: 1 of 4 items"
    )


def test_popularity_bias_by_hand(split):
    result = tm.compare({"popular": tm.Popular(), "knn": tm.KNN()}, split, "ndcg@5")
    table = plots.popularity_bias_data(result, n=2)
    count = np.bincount(split.train.matrix.indices, minlength=split.train.n_items)
    order = np.argsort(-count, kind="stable")
    half = (split.train.n_items + 1) // 2
    given = np.bincount(result["knn"].lists[:, :2].ravel(), minlength=split.train.n_items)
    for source, counts in (("training data", count), ("knn", given)):
        at = table["source"] == source
        want = np.cumsum(counts[order])[half - 1] / counts.sum()
        got = np.interp(half / split.train.n_items, table["items"][at], table["share"][at])
        assert got == pytest.approx(want, abs=0.01)


def test_popularity_bias_of_one_model_starts_at_0_and_ends_at_1(result):
    table = plots.popularity_bias_data(result["knn"])
    assert list(dict.fromkeys(table["source"])) == ["training data", "knn"]
    for source in ("training data", "knn"):
        share = table["share"][table["source"] == source]
        assert (share[0], share[-1]) == (0, 1)
        assert (np.diff(share) >= 0).all()


def test_training_loss_is_the_history(split):
    models = {
        "small": tm.ALS(factors=4, epochs=3, compute_loss=True, rng=0).fit(split.train),
        "large": tm.ALS(factors=8, epochs=2, compute_loss=True, rng=0).fit(split.train),
    }
    table = plots.training_loss_data(models)
    assert table["model"].tolist() == ["small"] * 3 + ["large"] * 2
    assert table["loss"].tolist() == [entry["loss"] for model in models.values() for entry in model.history_]
    assert len(plots.training_loss(models).lines) == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda r: plots.metric_at_k_data(3), ArgumentTypeError, r"from compare\(...\), got 3"),
        (lambda r: plots.metric_at_k_data(r, "map"), ArgumentError, "one of 'ndcg', 'recall', got 'map'"),
        (lambda r: plots.paired_differences_data(r["knn"]), ArgumentTypeError, "must come from compare"),
        (lambda r: plots.paired_differences_data(r, "ndcg@3"), ArgumentError, "'ndcg@10'.*got 'ndcg@3'"),
        (lambda r: plots.popularity_bias_data([r]), ArgumentTypeError, r"compare\(...\) or evaluate\(...\)"),
        (lambda r: plots.popularity_bias_data(r, n=11), ArgumentError, "at most 10.*got 11.*'ndcg@11'"),
        (lambda r: plots.popularity_bias_data(r, n=0), ArgumentError, "`n` must be an int >= 1"),
        (lambda r: plots.long_tail_data(sp.csr_array((3, 4))), DataError, "at least one interaction"),
        (lambda r: plots.training_loss_data(tm.ALS()), NotFittedError, "not fitted yet"),
        (lambda r: plots.training_loss_data({}), ArgumentError, "at least one model"),
        (lambda r: plots.training_loss_data([tm.ALS()]), ArgumentTypeError, "a model or a mapping"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, error, message, result):
    with pytest.raises(error, match=message):
        call(result)


def test_refusals_that_need_another_comparison(split):
    one = tm.compare({"popular": tm.Popular()}, split, "auc")
    with pytest.raises(ArgumentError, match="a metric with a cutoff"):
        plots.metric_at_k_data(one)
    with pytest.raises(ArgumentError, match="compare two or more"):
        plots.paired_differences_data(one)
    with pytest.raises(ArgumentError, match=r"got none from Popular. Use ALS\(compute_loss=True\)"):
        plots.training_loss_data(tm.Popular().fit(split.train))
