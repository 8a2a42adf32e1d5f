"""Checks of what a model recommends, scores and ranks."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, UnknownIdError, UnsupportedError
from tastemaker.models.base import Recommender
from tastemaker.retrieval import SparseScorer
from tastemaker.testing._samples import (
    expect,
    fitted,
    interactions,
    n_items,
    n_users,
    refused,
    same,
    same_lists,
)


def lists_are_the_best_by_score(model: Recommender) -> None:
    """Lists hold the best scores, ties by index, without what was seen; -1 and NaN where candidates run out."""
    model = fitted(model)
    scores, seen = _all_scores(model), interactions().toarray() != 0
    for exclude_seen in (True, False):
        candidates = _candidates(model, scores) & ~(seen & exclude_seen)
        for n in (1, 7, n_items, n_items + 15):
            got = model.recommend(n=n, exclude_seen=exclude_seen)
            same_lists(got, _brute_force(scores, candidates, n), f"n={n}, exclude_seen={exclude_seen}")
            expect(got[0].dtype == np.int32 and got[1].dtype == np.float32, "ids are int32, scores float32")


def allow_deny_and_seen_act_together(model: Recommender) -> None:
    """An item is recommended if it is allowed, not denied and not seen; an empty allow list allows nothing."""
    model = fitted(model)
    allow, deny = [0, 3, 4, 5, 9, 20, 29], [4, 20]
    mask = np.isin(np.arange(n_items), sorted({*allow} - {*deny}))
    scores = _all_scores(model)
    want = _brute_force(scores, _candidates(model, scores) & mask & (interactions().toarray() == 0), n_items)
    same_lists(model.recommend(n=n_items, allow=allow, deny=deny), want, "allow, deny and seen")
    expect((model.recommend([0, 1], allow=[])[0] == -1).all(), "an empty allow list allows nothing")


def deny_for_one_user_leaves_the_others_alone(model: Recommender) -> None:
    """``deny={user: items}`` changes that user's list only, and may name users of the call only."""
    model = fitted(model)
    before, _ = model.recommend([3, 8], n=5)
    denied = int(before[0, 0])
    after, _ = model.recommend([3, 8], n=5, deny={3: [denied]})
    expect(denied not in after[0], "the denied item is gone")
    same(after[1], before[1], "the other user's list")
    with refused(ArgumentError, "`deny` must name users of this call", "deny of another user"):
        model.recommend([3, 8], deny={4: [denied]})


def batches_are_the_whole(model: Recommender) -> None:
    """``recommend_batches`` gives the lists of ``recommend``, with what is denied to single users."""
    model = fitted(model)
    everybody, _ = model.recommend(n=1)
    for deny in (None, {user: everybody[user].tolist() for user in (3, 30)}):
        users, *lists = zip(*model.recommend_batches(n=5, batch_size=7, deny=deny), strict=True)
        same(np.concatenate(users), np.arange(n_users), "the users of the batches")
        joined = np.concatenate(lists[0]), np.concatenate(lists[1])
        same_lists(joined, model.recommend(n=5, deny=deny), "lists of the batches")


def lists_do_not_depend_on_the_company(model: Recommender) -> None:
    """A user's list is the same alone, among others, in any order and given twice."""
    model = fitted(model)
    ids, scores = model.recommend(n=6)
    for user in (7, np.int64(7), np.array(7)):
        same_lists(model.recommend(user, n=6), (ids[7], scores[7]), "a single user, flat")
    chosen = [9, 0, 9, 39]
    same_lists(model.recommend(chosen, n=6), (ids[chosen], scores[chosen]), "users in another order")
    expect(model.recommend([], n=5)[0].shape == (0, 5), "no users get no lists")


def threads_change_nothing(model: Recommender) -> None:
    """Fitting and recommending give the same bits on 1, 3 and 7 threads. Give the model a seed to be checked."""
    want = fitted(model, threads=2).recommend(n=12, threads=2)
    for threads in (1, 3, 7):
        got = fitted(model, threads=threads).recommend(n=12, threads=threads)
        same_lists(got, want, f"{threads} threads and 2")


def who_has_seen_everything_gets_nothing(model: Recommender) -> None:
    """A user without candidates has an empty list: -1 and NaN."""
    dense = interactions().toarray()
    dense[5] = 1
    ids, scores = fitted(model, sp.csr_array(dense)).recommend([5], n=3)
    expect((ids == -1).all() and np.isnan(scores).all(), "the list is empty")


def an_item_without_interactions_does_no_harm(model: Recommender) -> None:
    """Every score in a list is finite, although an item was never seen."""
    dense = interactions().toarray()
    dense[:, 11] = 0
    ids, scores = fitted(model, sp.csr_array(dense)).recommend(n=n_items)
    expect(np.isfinite(scores[ids >= 0]).all(), "scores are finite")


def ranks_are_places_in_the_list(model: Recommender) -> None:
    """``rank`` is the place in the full list; of an item that was seen, the place that it would have."""
    model = fitted(model)
    ids, _ = model.recommend(n=n_items)
    users, places = np.nonzero(ids >= 0)
    items = ids[users, places]
    same(model.rank(users, items), places + 1, "rank and place")
    expect(model.rank(int(users[0]), int(items[0])) == places[0] + 1, "a single pair has one rank")
    expect(1 <= model.rank(0, int(interactions()[[0]].indices[0])) <= n_items, "a seen item has a rank")


def scores_are_of_pairs(model: Recommender) -> None:
    """``score`` takes pairs, or one id against many; a single pair gives a float."""
    model = fitted(model)
    scores = model.score(3, [0, 1, 2])
    expect(scores.shape == (3,), "one score per item")
    expect(
        isinstance(model.score(3, 1), float) and model.score(3, 1) == scores[1], "a pair's score is a float"
    )
    with refused(ArgumentError, "pairs of the same length", "two users against three items"):
        model.score([0, 1], [0, 1, 2])


def new_users_are_answered_and_not_stored(model: Recommender) -> None:
    """With "fold_in", new users get lists without what they did and leave no trace; else they are refused."""
    model, X = fitted(model), interactions()
    if "fold_in" not in model.abilities:
        with refused(UnsupportedError, "cannot do fold_in", "interactions of new users"):
            model.recommend(interactions=X)
        return
    before = model.recommend(n=5)
    ids, _ = model.recommend(interactions=X[[2, 4]], n=5)
    expect(ids.shape == (2, 5), "one list per new user")
    for row, user in enumerate((2, 4)):
        expect(not set(ids[row]) & set(X[[user]].indices), "what the new user did is not recommended")
    expect(
        model.recommend(interactions=X[[2]].indices.tolist(), n=5)[0].shape == (5,),
        "a list of items is one user",
    )
    same_lists(model.recommend(n=5), before, "the known users' lists")
    with refused(ArgumentError, "must not both be given", "users and interactions at once"):
        model.recommend([1], interactions=X)
    with refused(DataError, f"must have shape any x {n_items}", "a matrix of other items"):
        model.recommend(interactions=interactions(n_items=n_items - 1))


def neighbours_are_ordered_and_others(model: Recommender) -> None:
    """``similar_items`` and ``similar_users`` are ordered and without the item itself; refused without the ability."""
    model = fitted(model)
    for verb, size in (("similar_items", n_items), ("similar_users", n_users)):
        similar, everyone = getattr(model, verb), np.arange(size)
        if verb not in model.abilities:
            with refused(UnsupportedError, f"`{type(model).__name__}` cannot do {verb}", verb):
                similar(0)
            continue
        ids, scores = similar(everyone, n=6)
        expect(ids.shape == scores.shape == (size, 6), "six neighbours each")
        expect(not (ids == everyone[:, None]).any(), "nothing is a neighbour of itself")
        expect((np.diff(np.where(ids >= 0, scores, -np.inf)) <= 0)[:, :].all(), "nearest first")
        same(similar(3, n=6)[0], ids[3], "a single query")
        with refused(UnknownIdError, "", "an unknown id"):
            similar(size)


def wrong_arguments_name_the_rule(model: Recommender) -> None:
    """Unknown users and items and impossible numbers are refused, with the argument's name."""
    model = fitted(model)
    for error, text, arguments in (
        (UnknownIdError, f"`users` must be indices in [0, {n_users}), got {n_users}", {"users": n_users}),
        (UnknownIdError, "got -1", {"users": -1}),
        (UnknownIdError, "got 99", {"users": [0, 1, 99]}),
        (ArgumentTypeError, "integer indices", {"users": "42"}),
        (ArgumentTypeError, "integer indices", {"users": 1.5}),
        (ArgumentError, "1-d", {"users": [[0, 1]]}),
        (ArgumentError, "`n` must be an int >= 1, got 0", {"n": 0}),
        (ArgumentError, "`n` must be an int >= 1, got -3", {"n": -3}),
        (ArgumentTypeError, "`n` must be an int >= 1, got 2.0 (float)", {"n": 2.0}),
        (ArgumentTypeError, "`n`", {"n": True}),
        (ArgumentTypeError, "`exclude_seen` must be True or False", {"exclude_seen": 1}),
        (UnknownIdError, f"`allow` must be indices in [0, {n_items}), got {n_items}", {"allow": [n_items]}),
        (UnknownIdError, "`deny`", {"deny": [-1]}),
        (ArgumentError, "`threads` must be an int >= 1", {"threads": 0}),
        (ArgumentError, "`output` must be 'arrays'", {"output": "frame"}),
        (ArgumentError, "`output` must be one of", {"output": "json"}),
    ):
        with refused(error, text, f"recommend({arguments})"):
            model.recommend(**arguments)


def _all_scores(model: Recommender) -> np.ndarray:
    users, items = np.indices((model.n_users_, model.n_items_)).reshape(2, -1)
    scores: np.ndarray = model.score(users, items).reshape(model.n_users_, model.n_items_)
    return scores


def _candidates(model: Recommender, scores: np.ndarray) -> np.ndarray:
    """Return what may be recommended: a sparse scorer has an opinion only where an entry is stored."""
    return scores != 0 if isinstance(model._index(), SparseScorer) else np.ones(scores.shape, dtype=bool)


def _brute_force(scores: np.ndarray, candidates: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the best n candidates by score descending, index ascending; padded with -1 and NaN."""
    ids = np.full((len(scores), n), -1, dtype=np.int32)
    values = np.full((len(scores), n), np.nan, dtype=np.float32)
    for row, (score, candidate) in enumerate(zip(scores, candidates, strict=True)):
        order = [i for i in np.lexsort((np.arange(len(score)), -score)) if candidate[i]][:n]
        ids[row, : len(order)] = order
        values[row, : len(order)] = score[order]
    return ids, values
