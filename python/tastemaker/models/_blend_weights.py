"""The weights of a blend, found on interactions that the members did not see."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import scipy.sparse as sp

from tastemaker.models._blending import BlendScorer
from tastemaker.models.base import Recommender

#: Users that are asked, of each member so many items: a pool that holds the blend's first places.
MOST_USERS, POOL = 8192, 200

#: Users whose scores are held at a time.
_ROWS = 256

#: How far a weight is moved at a time, coarse to fine.
STEPS = (0.2, 0.05, 0.01)


def hold_out(X: sp.csr_array, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a mask over the entries of X: a share of them at random, but of no user all."""
    held = rng.random(X.nnz) < share
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    left = np.bincount(rows[~held], minlength=X.shape[0])
    held[left[rows] == 0] = False
    return held


def taken(X: sp.csr_array, mask: np.ndarray) -> sp.csr_array:
    """Return X with the masked entries only."""
    ends = np.concatenate([[0], np.cumsum(mask)])[X.indptr]
    return sp.csr_array((X.data[mask], X.indices[mask], ends), shape=X.shape)


def find_weights(
    members: dict[str, Recommender], held: sp.csr_array, k: int, rng: np.random.Generator, threads: int
) -> np.ndarray:
    """Return the weights, >= 0 and summing to 1, whose blend has the best mean NDCG@k on held interactions.

    Each step moves some weight from one member to another while that helps. NDCG is not concave, so this finds a
    local optimum, from the best of the even blend and each member alone.
    """
    users = np.flatnonzero(np.diff(held.indptr))
    if len(users) > MOST_USERS:
        users = np.sort(rng.choice(users, MOST_USERS, replace=False))
    pool = _Pool(members, held, users, threads)
    count = len(members)
    starts = [np.full(count, 1 / count), *np.eye(count)]
    gains = [pool.ndcg(weights, k) for weights in starts]
    best, weights = max(gains), np.asarray(starts[int(np.argmax(gains))])
    for step in STEPS:
        moved = True
        while moved:
            moved = False
            for giver, taker in permutations(range(count), 2):
                tried = weights.copy()
                tried[taker] += min(step, tried[giver])
                tried[giver] -= min(step, tried[giver])
                if (gained := pool.ndcg(tried, k)) > best:
                    best, weights, moved = gained, tried, True
    return weights


class _Pool:
    """For some users, the items that may come first in a blend, with each member's scaled scores."""

    def __init__(
        self, members: dict[str, Recommender], held: sp.csr_array, users: np.ndarray, threads: int
    ) -> None:
        self._blocks = []
        for start in range(0, len(users), _ROWS):
            rows = users[start : start + _ROWS]
            hits = held[rows].toarray() != 0
            pool = hits.copy()
            scores = []
            for member in members.values():
                ids, _ = member._topn(rows, None, POOL, exclude=member.seen_[rows], threads=threads)
                pool[np.nonzero(ids >= 0)[0], ids[ids >= 0]] = True
                scores.append(alone(member).combine({"": member._queries(rows)}, threads)[0])
            self._blocks.append(_padded(pool, hits, scores))

    def ndcg(self, weights: np.ndarray, k: int) -> float:
        """Return the mean NDCG@k of the blend with these weights."""
        gains = 1 / np.log2(np.arange(2, k + 2))
        best = np.cumsum(gains)
        total, users = 0.0, 0
        for scores, hits, padding in self._blocks:
            blended = np.tensordot(weights, scores, 1)
            blended[padding] = -np.inf
            rows, places = np.nonzero(hits)
            own, of_user = blended[rows, places][:, None], blended[rows]
            before = (of_user > own) | ((of_user == own) & (np.arange(hits.shape[1]) < places[:, None]))
            ranks = before.sum(axis=1)
            reached = np.bincount(rows[ranks < k], weights=gains[ranks[ranks < k]], minlength=len(hits))
            total += float((reached / best[np.minimum(hits.sum(axis=1), k) - 1]).sum())
            users += len(hits)
        return total / users


def alone(member: Recommender) -> BlendScorer:
    """Return what scales the scores of one member as a blend does."""
    return BlendScorer({"": member._index()}, np.ones(1, np.float32), member.n_items_)


def _padded(
    pool: np.ndarray, hits: np.ndarray, scores: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (scores, hits, padding) of the pool only: each row's items moved to its front, by index."""
    rows, items = np.nonzero(pool)
    sizes = pool.sum(axis=1)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    shape = (len(pool), int(sizes.max(initial=0)))
    moved = np.zeros((len(scores), *shape), np.float32)
    moved[:, rows, places] = [part[rows, items] for part in scores]
    moved_hits = np.zeros(shape, bool)
    moved_hits[rows, places] = hits[rows, items]
    return moved, moved_hits, np.arange(shape[1]) >= sizes[:, None]
