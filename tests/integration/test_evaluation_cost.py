"""What an evaluation costs beyond the recommendations that it measures."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

import tastemaker as tm
from tastemaker import retrieval

at_cutoffs = ("precision", "recall", "map", "ndcg", "mrr", "hit", "auc")
metrics = [f"{name}@{k}" for name in at_cutoffs for k in (5, 10, 20)]
metrics += ["auc", "coverage@10", "novelty@10", "diversity@10", "popularity_lift@10"]


@pytest.fixture
def asked(monkeypatch) -> Iterator[list[float]]:
    """Processor seconds of each call that makes lists or ranks."""
    seconds: list[float] = []

    def timed(function):
        def call(*args, **kwargs):
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                seconds.append(time.process_time() - start)

        return call

    for scorer in (retrieval.DenseScorer, retrieval.SparseScorer):
        for name in ("topn", "mean_rank"):
            monkeypatch.setattr(scorer, name, timed(getattr(scorer, name)))
    return seconds


@pytest.mark.data
def test_five_models_with_a_thousand_draws_cost_less_than_five_seconds(data_dir, asked):
    if not (data_dir / "ml-1m").is_dir():
        pytest.skip("TASTEMAKER_DATA has no folder ml-1m")
    split = tm.splits.random(tm.datasets.movielens("1m", download=False).dataset, rng=0)
    models = {
        "popular": tm.Popular(),
        "cosine": tm.KNN(neighbors=20),
        "bm25": tm.KNN(similarity="bm25", neighbors=50),
        "svd": tm.SVD(factors=16),
        "als": tm.ALS(factors=16, epochs=1, rng=0),
    }
    for model in models.values():
        model.fit(split.train)
    start = time.process_time()
    result = tm.compare(models, split, metrics, draws=1000)
    beyond = time.process_time() - start - sum(asked)
    assert result.metrics == metrics
    assert beyond < 5  # some 2 on two cores, whatever else they are busy with
