"""Ranking metrics of one user from the formulas: ids is a list of items, truth a set of items, k a cutoff."""

from __future__ import annotations

import math


def _hits(ids, truth, k):
    """h(r) for r = 1..k; places past the end of the list miss."""
    return [1 if r < len(ids) and ids[r] in truth else 0 for r in range(k)]


def _dcg(hits):
    return sum(h / math.log2(1 + r) for r, h in enumerate(hits, 1))


def precision(ids, truth, k):
    return sum(_hits(ids, truth, k)) / k


def recall(ids, truth, k):
    return sum(_hits(ids, truth, k)) / len(truth)


def ndcg(ids, truth, k):
    return _dcg(_hits(ids, truth, k)) / _dcg([1] * min(k, len(truth)))


def hit(ids, truth, k):
    return float(any(_hits(ids, truth, k)))


def map(ids, truth, k):
    hits = _hits(ids, truth, k)
    return sum(precision(ids, truth, r) for r, h in enumerate(hits, 1) if h) / len(truth)


def mrr(ids, truth, k):
    return max((1 / r for r, h in enumerate(_hits(ids, truth, k), 1) if h), default=0.0)
