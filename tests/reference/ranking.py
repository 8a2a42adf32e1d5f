"""Metrics from the formulas: ids is one user's list of items, truth a set of items, k a cutoff.

Those beyond accuracy take ``has``, the dense training matrix (users x items).
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np


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


def auc(ids, truth, k, n_items):
    """Share of ordered pairs: items by their place, all beyond place k tied; a tie is half a pair."""
    place = {item: r for r, item in enumerate(ids[:k], 1)}
    pairs = [(place.get(t, k + 1), place.get(o, k + 1)) for t in truth for o in set(range(n_items)) - truth]
    return sum(1.0 if t < o else 0.5 if t == o else 0.0 for t, o in pairs) / len(pairs) if pairs else 1.0


def novelty(ids, has, k):
    shares = [max(np.count_nonzero(has[:, i]), 1) / len(has) for i in ids[:k]]
    return -float(np.mean(np.log2(shares))) if shares else 0.0


def _cosine(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return a @ b / lengths if lengths else 0.0


def diversity(ids, has, k):
    cosines = [_cosine(has[:, i], has[:, j]) for i, j in combinations(ids[:k], 2)]
    return 1 - float(np.mean(cosines)) if cosines else 0.0


def popularity_lift(ids, has, k, history):
    popularity = np.count_nonzero(has, axis=0)
    usual = (popularity**2).sum() / popularity.sum()  # of all interactions
    taste = popularity[list(history)].mean() if len(history) else 0
    return popularity[ids[:k]].mean() / (taste or usual) if len(ids[:k]) else 0.0


def coverage(lists, n_items, k):
    return len({i for ids in lists for i in ids[:k]}) / n_items


def coverage_values(lists, n_items, k):
    """Jackknife: how the coverage of all differs from that of all but one user, centred, about the coverage."""
    n = len(lists)
    whole = coverage(lists, n_items, k)
    without = [coverage(lists[:u] + lists[u + 1 :], n_items, k) for u in range(n)]
    return [whole + (n - 1) * (np.mean(without) - left) for left in without]
