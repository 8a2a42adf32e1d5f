"""evaluate and compare: lists for the test users, their metrics, and intervals over users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tastemaker._runtime import generator, num_threads
from tastemaker._validation import check_bool, check_choice, check_float, check_int, friendly, shown
from tastemaker.errors import ArgumentError, ArgumentTypeError
from tastemaker.evaluation._beyond import Catalogue
from tastemaker.evaluation._differences import Difference, Differences, paired_p_values
from tastemaker.evaluation._intervals import intervals_of, resampled_means
from tastemaker.evaluation._metrics import RankingMetrics
from tastemaker.evaluation._results import Comparison, Evaluation
from tastemaker.evaluation._segments import Basis
from tastemaker.evaluation._task import Task
from tastemaker.models.base import Recommender
from tastemaker.splits import Split

default_metrics = ("precision@10", "recall@10", "ndcg@10", "hit@10")


@friendly
def evaluate(
    model: Recommender,
    split: Split,
    metrics: str | Iterable[str] = default_metrics,
    *,
    exclude_seen: bool = True,
    confidence: float = 0.95,
    draws: int = 1000,
    rng: Any = 0,
    threads: int | None = None,
) -> Evaluation:
    """Measure a model on the test part of a split.

    Each test user gets a list from the model; the list is compared with the user's test items. A figure is the
    mean over users, with a percentile bootstrap interval [2]_ over them. Users whom the model cannot serve
    count with zero.

    Parameters
    ----------
    model : Recommender
        A model that was not fitted yet is fitted on ``split.train``.
    split : Split
        From ``tastemaker.splits``. Where it holds users out, they are folded in from ``split.history``.
    metrics : str or iterable of str, default ("precision@10", "recall@10", "ndcg@10", "hit@10")
        Any of precision, recall, ndcg, hit, map, mrr, auc, novelty, diversity, popularity_lift and coverage, each
        ``@`` a cutoff k >= 1; auc also without one. See Notes.
    exclude_seen : bool, default True
        Leave what a user had in training out of the list, as in ``recommend``.
    confidence : float, default 0.95
        Level of the intervals.
    draws : int, default 1000
        Bootstrap samples, >= 100; with 1000 a bound's own standard error is 2 % of the interval's width.
    rng : int, Generator, SeedSequence or None, default 0
        Source of the bootstrap's randomness; fixed by default, so that the same call prints the same table.
    threads : int, optional
        See ``tastemaker.num_threads``.

    Returns
    -------
    Evaluation

    Raises
    ------
    ArgumentError
        An unknown metric, or a number outside its range.
    DataError
        The split has no test items, or the model was fitted on other data than ``split.train``.

    Notes
    -----
    With h(r) = 1 where place r of the list holds a relevant item and T the relevant items, those with a positive
    weight in the user's test part [1]_:

    - precision@k: sum of h(r) over r <= k, divided by k, however short the list is
    - recall@k: the same sum divided by \\|T\\|
    - hit@k: 1 if any h(r) = 1, r <= k
    - ndcg@k: sum of h(r) / log2(1 + r), divided by its value for a list that starts with min(k, \\|T\\|) relevant items
    - map@k: sum of h(r) * precision@r, divided by \\|T\\| (not by min(k, \\|T\\|), a variant also in use)
    - mrr@k: 1 / r of the first h(r) = 1, r <= k; else 0
    - auc: area under the ROC curve [3]_, the share of pairs of a relevant and another item that the model orders
      rightly, over all items that may be recommended; a pair of equal scores counts one half; 1 where no other item is
      left
    - auc@k: the same, where all items beyond the first k are tied

    Beyond accuracy, over the first k items of the list; popularity is the number of training users who have an item:

    - novelty@k: mean of -log2(popularity / training users) [4]_; an item of popularity 0 counts as one of 1
    - diversity@k: 1 - mean cosine of the training columns of all pairs of items [5]_; 0 with fewer than two items
    - popularity_lift@k: mean popularity of the list / mean popularity of the user's history (of all interactions for
      a user without one)
    - coverage@k: share of the items that are on the list of any test user. It is no mean over users; ``per_user`` has
      values of which it is the mean, and whose interval is that of the coverage by n other such users, from the
      jackknife [6]_, which errs on the wide side: a 95 % interval covers in 95 to 100 % of cases

    The interval of every figure is the percentile bootstrap's, over users [2]_.

    References
    ----------
    .. [1] C. D. Manning, P. Raghavan, H. Schütze, "Introduction to Information Retrieval", 2008, chapter 8.
    .. [2] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    .. [3] T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 2006.
    .. [4] T. Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 2010.
    .. [5] C.-N. Ziegler et al., "Improving recommendation lists through topic diversification", WWW 2005.
    .. [6] B. Efron, C. Stein, "The jackknife estimate of variance", Annals of Statistics 1981.

    Examples
    --------
    >>> import tastemaker as tm
    >>> movies = tm.datasets.make_movies(rng=0)
    >>> split = tm.splits.leave_last(movies.dataset)
    >>> result = tm.evaluate(tm.Popular(), split, ["ndcg@10", "recall@20"])
    >>> result.metrics
    ['ndcg@10', 'recall@20']
    >>> result["ndcg@10"].low < result["ndcg@10"].value < result["ndcg@10"].high
    True
    """
    _check_model("model", model)
    name = type(model).__name__
    return compare(
        {name: model},
        split,
        metrics,
        exclude_seen=exclude_seen,
        confidence=confidence,
        draws=draws,
        rng=rng,
        threads=threads,
    )[name]


@friendly
def compare(
    models: Mapping[str, Recommender],
    split: Split,
    metrics: str | Iterable[str] = default_metrics,
    *,
    baseline: str | None = None,
    exclude_seen: bool = True,
    confidence: float = 0.95,
    draws: int = 1000,
    rng: Any = 0,
    threads: int | None = None,
) -> Comparison:
    """Measure several models on the same test users.

    Parameters
    ----------
    models : mapping of str to Recommender
        By the name to print. Models that were not fitted yet are fitted on ``split.train``.
    baseline : str, optional
        The model whose differences to the others are tested. None: the first one.
    split, metrics, exclude_seen, confidence, draws, rng, threads
        As in ``evaluate``. The bootstrap draws the same users for all models.

    Returns
    -------
    Comparison

    Notes
    -----
    Models are compared on the same users, so it is the difference per user that is tested, with a two-sided paired
    t-test [1]_. Two intervals that overlap do not say that a difference is not significant. P-values are not corrected
    for the number of models and metrics: of twenty tests of equal models, one falls below 0.05.

    References
    ----------
    .. [1] M. D. Smucker, J. Allan, B. Carterette, "A Comparison of Statistical Significance Tests for Information
       Retrieval Evaluation", CIKM 2007.

    Examples
    --------
    >>> import tastemaker as tm
    >>> split = tm.splits.leave_last(tm.datasets.make_movies(rng=0).dataset)
    >>> result = tm.compare({"popular": tm.Popular(), "knn": tm.KNN()}, split, "ndcg@10")
    >>> result.models
    ['popular', 'knn']
    >>> result["knn"]["ndcg@10"].value > result["popular"]["ndcg@10"].value
    True
    >>> result.differences().significant("knn", "ndcg@10")
    True
    """
    wanted = RankingMetrics(metrics)
    confidence = check_float("confidence", confidence, low=0, high=1, open_low=True)
    draws = check_int("draws", draws, low=100)
    random, threads = generator(rng), num_threads(threads)
    task = Task.of(split, check_bool("exclude_seen", exclude_seen))
    checked = _checked(models)
    baseline = next(iter(checked)) if baseline is None else check_choice("baseline", baseline, checked)
    catalogue = Catalogue(task.split.train.matrix)
    results = [_measure(name, model, task, wanted, catalogue, threads) for name, model in checked.items()]
    # One bootstrap for figures and differences: each draw takes the same users for all.
    means = resampled_means(np.concatenate([result.per_user for result in results]), draws, random)
    resampled = np.split(means, len(results))
    evaluations = {
        result.name: Evaluation(
            name=result.name,
            figures=dict(zip(wanted.labels, intervals_of(result.per_user, own, confidence), strict=True)),
            per_user=dict(zip(wanted.labels, result.per_user, strict=True)),
            users=task.users,
            fit_seconds=result.fit_seconds,
            recommend_seconds=result.recommend_seconds,
            confidence=confidence,
            draws=draws,
            _basis=result.basis,
        )
        for result, own in zip(results, resampled, strict=True)
    }
    return Comparison(evaluations, _differences(results, resampled, wanted.labels, baseline, confidence))


def _differences(
    results: list[_Measured], resampled: list[np.ndarray], labels: list[str], baseline: str, confidence: float
) -> Differences:
    at = [result.name for result in results].index(baseline)
    base, base_means = results[at].per_user, resampled[at]
    rows = [
        Difference(result.name, metric, *interval, float(p_value))
        for result, means in zip(results, resampled, strict=True)
        if result.name != baseline
        for metric, interval, p_value in zip(
            labels,
            intervals_of(result.per_user - base, means - base_means, confidence),
            paired_p_values(result.per_user, base),
            strict=True,
        )
    ]
    return Differences(baseline, tuple(rows), base.shape[1], confidence)


def _checked(models: Any) -> dict[str, Recommender]:
    if not isinstance(models, Mapping):
        raise ArgumentTypeError(
            f"`models` must be a mapping of names to models, got {shown(models)}. Use compare({{'als': ALS()}}, split)."
        )
    if not models:
        raise ArgumentError("`models` must hold at least one model, got none.")
    for name, model in models.items():
        if not isinstance(name, str):
            raise ArgumentTypeError(f"`models` must have str names, got {shown(name)}.")
        _check_model(f"models[{name!r}]", model)
    return dict(models)


def _check_model(argument: str, model: Any) -> None:
    if not isinstance(model, Recommender):
        hint = f" Did you mean {model.__name__}()?" if isinstance(model, type) else ""
        raise ArgumentTypeError(f"`{argument}` must be a tastemaker model, got {shown(model)}.{hint}")


@dataclass(frozen=True)
class _Measured:
    """One model's figures before the bootstrap."""

    name: str
    basis: Basis
    per_user: np.ndarray  # metrics x users
    fit_seconds: float
    recommend_seconds: float


def _measure(
    name: str, model: Recommender, task: Task, metrics: RankingMetrics, catalogue: Catalogue, threads: int
) -> _Measured:
    given = model.__sklearn_is_fitted__()
    if not given:
        model.fit(task.split.train, threads=threads)
    model = model._now()
    if given:
        task.check_fitted_on_train(name, model)
    n = min(metrics.depth, model.n_items_)
    answers = task.ask(model, n, ranks=metrics.needs_ranks, threads=threads)
    basis = Basis(task.lists(answers), catalogue, metrics)
    return _Measured(name, basis, basis.per_user(threads), model.fit_seconds_, answers.seconds)
