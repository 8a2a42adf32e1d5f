"""evaluate and compare: figures, intervals, who is tested, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import ranking as twin

from tastemaker import Dataset
from tastemaker.data import IdMap
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, UnsupportedError
from tastemaker.evaluation import Interval, _task, compare, evaluate
from tastemaker.models.base import Recommender
from tastemaker.retrieval import DenseScorer
from tastemaker.splits import Split

n_users, n_items = 40, 12


class _Fixed(Recommender):
    """Scores items by a number that depends on the item alone, or on nothing the data says."""

    abilities = frozenset({"fold_in"})

    def __init__(self, *, order: tuple[int, ...] = tuple(range(n_items))) -> None:
        self.order = order

    def _fit(self, X, run):
        self.fits = self.__dict__.get("fits", 0) + 1
        self.scores_ = np.empty((n_items, 1), dtype=np.float32)
        self.scores_[list(self.order), 0] = np.arange(n_items, 0, -1)

    def _scorer(self):
        return DenseScorer(self.scores_)

    def _queries(self, rows):
        return np.ones((self.n_users_ if rows is None else len(rows), 1), dtype=np.float32)

    def _fold_in(self, X):
        return np.ones((X.shape[0], 1), dtype=np.float32)


class _Known(_Fixed):
    """The same without fold-in."""

    abilities = frozenset()


def as_data(dense, users=None):
    return Dataset.from_sparse(sp.csr_array(np.asarray(dense, dtype=np.float32)), users=users)


@pytest.fixture
def split(rng):
    """Random split; user 3 has no test items, user 4 only a dislike, user 5 nothing in training."""
    train = rng.random((n_users, n_items)) < 0.3
    test = (rng.random((n_users, n_items)) < 0.3) & ~train
    test[:, 0] |= ~(train | test).any(axis=1)
    test[3], train[5] = False, False
    test[5, :3] = True
    liked = test.astype(np.float32)
    liked[4] = 0
    liked[4, 7], train[4, 7] = -1, False
    return Split(train=as_data(train), test=as_data(liked), name="random")


def expected(split, metric, k, order=range(n_items), *, exclude_seen=True):
    """The metric per user from the definitions."""
    train, test = (part.matrix.toarray() for part in (split.train, split.test))
    values = []
    for seen, liked in zip(train, test, strict=True):
        truth = set(np.flatnonzero(liked > 0))
        ids = [i for i in order if not (exclude_seen and seen[i])]
        if truth:
            values.append(getattr(twin, metric)(ids, truth, k))
    return values


@pytest.mark.parametrize("exclude_seen", [True, False])
def test_figures_equal_the_definitions(split, exclude_seen):
    metrics = ["precision@3", "recall@5", "ndcg@10", "hit@1", "map@40", "mrr@10"]
    order = tuple(range(n_items))[::-1]
    result = evaluate(_Fixed(order=order), split, metrics, exclude_seen=exclude_seen)
    assert result.metrics == metrics
    for label in metrics:
        name, k = label.split("@")
        want = expected(split, name, int(k), order, exclude_seen=exclude_seen)
        np.testing.assert_allclose(result.per_user[label], want, rtol=1e-12)
        assert result[label].value == pytest.approx(np.mean(want))


def test_users_without_relevant_test_items_are_left_out(split):
    result = evaluate(_Fixed(), split)
    want = np.flatnonzero((split.test.matrix.toarray() > 0).any(axis=1))
    np.testing.assert_array_equal(result.users, want)
    assert not {3, 4} & set(result.users)
    assert 5 in result.users
    assert result.n_users == len(result.per_user["ndcg@10"]) == len(want)


def test_users_come_as_the_ids_of_the_data(split):
    names = IdMap([f"user {i:02d}" for i in range(n_users)])
    named = Split(
        train=as_data(split.train.matrix.toarray(), names),
        test=as_data(split.test.matrix.toarray(), names),
        name="random",
    )
    assert evaluate(_Fixed(), named).users[:2].tolist() == ["user 00", "user 01"]


def test_batches_change_nothing(split, monkeypatch):
    whole = evaluate(_Fixed(), split)
    monkeypatch.setattr(_task, "_batch_users", 7)
    parts = evaluate(_Fixed(), split)
    assert parts.to_dict() == whole.to_dict()


def test_held_out_users_are_folded_in(split):
    train = as_data(np.eye(n_items))
    held = Split(train=train, test=split.test, history=split.train, name="users")
    result = evaluate(_Fixed(), held, "recall@4")
    np.testing.assert_allclose(result.per_user["recall@4"], expected(split, "recall", 4), rtol=1e-12)
    with pytest.raises(UnsupportedError, match="fold_in"):
        evaluate(_Known(), held)


def test_unfitted_models_are_fitted_and_fitted_ones_are_not(split):
    model = _Fixed()
    evaluate(model, split)
    evaluate(model, split)
    assert model.fits == 1
    assert model.seen_.shape == split.train.matrix.shape


def test_a_model_of_other_data_is_refused(split):
    with pytest.raises(DataError, match=r"`small` must be fitted on split.train \(40 x 12\).*39 x 12"):
        compare({"small": _Fixed().fit(split.train.matrix[:39])}, split)


def test_a_model_that_has_seen_the_answers_is_refused(split):
    everything = split.train.matrix + split.test.matrix
    with pytest.raises(DataError, match=r"holds \d+ of the \d+ test interactions"):
        evaluate(_Fixed().fit(everything), split)


def test_repeated_interactions_are_no_leak(split):
    both = Split(train=split.train, test=split.train, name="repeats")
    assert evaluate(_Fixed().fit(split.train), both, "recall@12", exclude_seen=False)["recall@12"].value == 1


def test_intervals_are_the_percentiles_of_means_over_drawn_users(split):
    result = evaluate(_Fixed(), split, "recall@5", draws=4000, confidence=0.9)
    values = result.per_user["recall@5"]
    rng = np.random.default_rng(1)
    means = rng.choice(values, (4000, len(values))).mean(axis=1)
    want = [values.mean(), *np.quantile(means, [0.05, 0.95])]
    assert result["recall@5"] == pytest.approx(want, abs=0.01)


def test_intervals_cover_the_truth_about_as_often_as_they_say(rng):
    """The truth is known: item 0, which all get first, is the only test item of half the users on average."""
    n, covered = 200, np.zeros(2, dtype=int)
    train = as_data(np.eye(n_items)[np.full(n, -1)])
    for _ in range(500):
        test = np.eye(n_items)[np.where(rng.random(n) < 0.5, 0, 1)]
        trial = Split(train=train, test=as_data(test), name="halves")
        result = evaluate(_Fixed(), trial, ["recall@1", "ndcg@2"], draws=200, rng=rng, threads=1)
        for at, (metric, truth) in enumerate([("recall@1", 0.5), ("ndcg@2", 0.5 + 0.5 / np.log2(3))]):
            covered[at] += result[metric].low <= truth <= result[metric].high
    # 93 to 97 %, give or take what 500 repetitions leave to chance: 1 %.
    assert ((covered > 0.92 * 500) & (covered < 0.98 * 500)).all()


def test_models_are_resampled_together_and_reproducibly(split):
    same = compare({"a": _Fixed(), "b": _Fixed()}, split)
    assert same["a"].figures == same["b"].figures
    again = compare({"a": _Fixed(), "b": _Fixed()}, split)
    assert again["a"].figures == same["a"].figures
    assert compare({"a": _Fixed()}, split, rng=1)["a"].figures != same["a"].figures
    assert evaluate(_Fixed(), split).figures == same["a"].figures


def test_same_figures_at_any_thread_count(split, threads):
    one, many = (compare({"a": _Fixed()}, split, threads=t)["a"] for t in (1, threads))
    assert one.figures == many.figures


def test_a_single_user_has_no_interval(split):
    test = np.zeros((n_users, n_items))
    test[20, 0] = 1
    one = Split(train=split.train, test=as_data(test), name="one")
    result = evaluate(_Fixed(), one, "hit@12", exclude_seen=False)
    assert result["hit@12"].value == 1
    assert np.isnan(result["hit@12"][1:]).all()
    assert "nan" in repr(result)


def test_equal_values_give_an_interval_of_no_width(split):
    repeats = Split(train=split.train, test=split.train, name="repeats")
    assert evaluate(_Fixed(), repeats, "hit@12", exclude_seen=False)["hit@12"] == (1, 1, 1)


def test_cutoffs_far_beyond_the_items(split):
    result = evaluate(_Fixed(), split, ["precision@2147483647", "recall@2147483647"])
    assert 0 < result["precision@2147483647"].value < 1e-8
    assert result["recall@2147483647"].value == 1


# --- how results show -------------------------------------------------------------------------------------


def test_comparison_prints_a_row_per_model(split):
    result = compare({"forwards": _Fixed(), "backwards": _Fixed(order=tuple(range(n_items))[::-1])}, split)
    lines = repr(result).splitlines()
    assert lines[0].split() == [
        *["model", "precision@10", "recall@10", "ndcg@10", "hit@10"],
        *["fit", "s", "recommend", "s"],
    ]
    assert lines[2].startswith("forwards ")
    assert lines[2].count(" ±0.") == 4
    assert lines[-2:] == [
        "38 test users; ± is half the width of the 95 % bootstrap interval over users (1,000 samples).",
        "* differs from forwards (paired t-test, p < 0.05).",
    ]
    assert result.models == list(result) == ["forwards", "backwards"]
    assert len(result) == 2
    assert result.n_users == 38
    assert "<td" in result._repr_html_()


def test_comparison_converts_to_one_row_per_model_and_metric(split):
    result = compare({"a": _Fixed(), "b": _Fixed()}, split, ["ndcg@5", "hit@5"])
    frame = result.to_frame("pandas")
    assert list(frame["model"]) == ["a", "a", "b", "b"]
    assert list(frame["metric"]) == ["ndcg@5", "hit@5"] * 2
    assert tuple(frame.loc[1, ["value", "low", "high"]]) == result["a"]["hit@5"]
    assert (frame["fit_seconds"] > 0).all()


def test_evaluation_prints_a_row_per_metric(split):
    result = evaluate(_Fixed(), split)
    lines = repr(result).splitlines()
    assert lines[0].split() == ["metric", "value", "low", "high"]
    assert lines[2].split()[0] == "precision@10"
    assert lines[-1].startswith("_Fixed, 38 test users; 95 % bootstrap interval")
    assert result.to_dict()["metric"] == result.metrics


def test_an_interval_prints_with_half_its_width():
    assert str(Interval(0.1712, 0.165, 0.177)) == "0.171 ±0.006"
    assert str(Interval(0.0171, 0.0165, 0.0177)) == "0.0171 ±0.0006"


# --- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("ndgc@10", "Did you mean 'ndcg@10'"),
        ("NDCG@5", "Did you mean 'ndcg@5'"),
        ("hit_rate@5", "Did you mean 'hit@5'"),
        ("ndcg", "Did you mean 'ndcg@10'"),
        (
            "beauty@3",
            "must be of precision, recall, ndcg, hit, map, mrr, auc, .*, coverage, got 'beauty@3'.$",
        ),
        ("roc_auc", "Did you mean 'auc'"),
        ("roc_auc@5", "Did you mean 'auc@5'"),
        ("catalogue_coverage@5", "Did you mean 'coverage@5'"),
        ("noveltty@5", "Did you mean 'novelty@5'"),
        ("ndcg@0", "cutoff >= 1"),
        ("ndcg@-1", "cutoff >= 1"),
        ("ndcg@ten", "cutoff >= 1"),
        ("ndcg@99999999999", "cutoff >= 1"),
        ([], "at least one"),
    ],
)
def test_unknown_metrics(split, metrics, message):
    with pytest.raises(ArgumentError, match=message):
        evaluate(_Fixed(), split, metrics)


def test_a_metric_named_twice_is_computed_once(split):
    assert evaluate(_Fixed(), split, ["hit@5", "ndcg@5", "hit@5"]).metrics == ["hit@5", "ndcg@5"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"metrics": 10}, ArgumentTypeError, "`metrics`"),
        ({"metrics": [10]}, ArgumentTypeError, "`metrics`"),
        ({"confidence": 0}, ArgumentError, "`confidence`"),
        ({"confidence": 95}, ArgumentError, "`confidence`"),
        ({"draws": 10}, ArgumentError, "`draws`"),
        ({"exclude_seen": 1}, ArgumentTypeError, "`exclude_seen`"),
        ({"rng": "seed"}, ArgumentTypeError, "`rng`"),
        ({"threads": 0}, ArgumentError, "`threads`"),
        ({"random_state": 0}, ArgumentTypeError, "`random_state` -> `rng`"),
    ],
)
def test_wrong_arguments(split, arguments, error, message):
    with pytest.raises(error, match=message):
        evaluate(_Fixed(), split, **arguments)
    with pytest.raises(error, match=message):
        compare({"a": _Fixed()}, split, **arguments)


def test_wrong_models_and_splits(split):
    for models, message in [
        ([_Fixed()], "mapping of names"),
        ({}, "at least one"),
        ({1: _Fixed()}, "str names"),
        ({"a": "als"}, r"`models\['a'\]` must be a tastemaker model, got 'als'"),
        ({"a": _Fixed}, r"Did you mean _Fixed\(\)"),
    ]:
        with pytest.raises((ArgumentError, ArgumentTypeError), match=message):
            compare(models, split)
    with pytest.raises(ArgumentTypeError, match=r"`model` .* Did you mean _Fixed\(\)"):
        evaluate(_Fixed, split)
    with pytest.raises(ArgumentTypeError, match="leave_last"):
        evaluate(_Fixed(), (split.train, split.test))
    with pytest.raises(ArgumentError, match="Did you mean 'ndcg@10'"):
        evaluate(_Fixed(), split)["ndcg@1"]
    with pytest.raises(ArgumentError, match="Did you mean 'knn'"):
        compare({"knn": _Fixed()}, split)["kn"]


def test_a_split_without_likes_is_refused(split):
    nothing = split.test.with_interactions(-abs(split.test.matrix), None)
    with pytest.raises(DataError, match="positive weight"):
        evaluate(_Fixed(), Split(split.train, nothing, "none"))
