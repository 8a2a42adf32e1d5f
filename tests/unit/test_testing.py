"""check_recommender: what is sound passes, what is broken is named, rule by rule."""

from __future__ import annotations

import numpy as np
import pytest

import tastemaker as tm
from tastemaker.errors import ArgumentTypeError
from tastemaker.retrieval import DenseScorer
from tastemaker.testing import check_recommender, checks_of


class Sound(tm.Recommender):
    """Recommends what is popular; the base of models with one fault each."""

    abilities = frozenset({"fold_in"})
    _learned = {"counts_": ("items",)}  # noqa: RUF012

    def __init__(self, *, power=1.0):
        self.power = power

    def _check_params(self):
        if not isinstance(self.power, float):
            raise ArgumentTypeError(f"`power` must be a float, got {self.power!r}.")

    def _fit(self, X, run):
        for _ in run.epochs(1):
            self.counts_ = np.bincount(X.indices, minlength=X.shape[1]).astype(np.float32) ** self.power

    def _scorer(self):
        return DenseScorer(self.counts_[:, None])

    def _queries(self, rows):
        return np.ones((self.n_users_ if rows is None else len(rows), 1), np.float32)

    def _fold_in(self, X):
        return np.ones((X.shape[0], 1), np.float32)


class ChecksNothing(Sound):
    def _check_params(self):
        pass

    def _fit(self, X, run):
        self.power = 1.0
        super()._fit(X, run)


class Changes(Sound):
    def __init__(self, *, power=1.0):
        self.power = abs(power) if isinstance(power, float) else 0.5


class DependsOnThreads(Sound):
    def _fit(self, X, run):
        super()._fit(X, run)
        self.counts_ = self.counts_ + run.threads * np.arange(X.shape[1], dtype=np.float32)


class Remembers(Sound):
    def _fit(self, X, run):
        before = vars(self).get("seen_")
        super()._fit(X, run)
        if before is not None:
            self.counts_ = self.counts_[::-1].copy()


class RepeatsWhatIsSeen(Sound):
    def _excluded(self, who, exclude_seen, denied):
        return denied


class SavesHalf(Sound):
    _learned = {}  # noqa: RUF012


class Random(Sound):
    def _fit(self, X, run):
        super()._fit(X, run)
        self.counts_ = np.random.default_rng().random(X.shape[1]).astype(np.float32)


def broken_rules(model):
    found = set()
    for check in checks_of(model):
        try:
            check()
        except Exception:
            found.add(check.name)
    return found


def test_a_sound_model_passes():
    check_recommender(Sound(power=0.5))


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        (ChecksNothing(), "fit checks every parameter"),
        (Changes(), "fit checks every parameter"),
        (DependsOnThreads(), "threads change nothing"),
        (Remembers(), "fit forgets the earlier fit"),
        (RepeatsWhatIsSeen(), "lists are the best by score"),
        (SavesHalf(), "files bring the model back"),
        (Random(), "threads change nothing"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, tm.Recommender) else "",
)
def test_a_fault_is_found(model, rule):
    assert rule in broken_rules(model)


def test_the_message_lists_every_broken_rule_with_what_was_found():
    with pytest.raises(AssertionError, match=r"DependsOnThreads\(\) breaks \d+ rules:") as caught:
        check_recommender(DependsOnThreads())
    assert "- Fitting and recommending give the same bits on 1, 3 and 7 threads" in str(caught.value)
    assert "1 threads and 2" in str(caught.value)


def test_the_model_given_is_left_alone():
    model = Sound()
    for check in checks_of(model):
        check()
    assert not model.__sklearn_is_fitted__()


def test_a_check_tells_its_rule():
    check = checks_of(Sound())[0]
    assert str(check) == check.name == "parameters are stored unchanged"
    assert check.rule.startswith("``__init__`` stores arguments")


def test_what_is_no_model_is_refused():
    with pytest.raises(ArgumentTypeError, match="`model` must be a Recommender, got <class"):
        check_recommender(tm.ALS)
