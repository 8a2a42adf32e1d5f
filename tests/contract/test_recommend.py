"""Top-N of every model on a matrix, against brute force over its own scores."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.contract.zoo import interactions

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataWarning, UnknownIdError, UnsupportedError


def all_scores(model):
    users, items = np.indices((model.n_users_, model.n_items_)).reshape(2, -1)
    return model.score(users, items).reshape(model.n_users_, model.n_items_)


def brute_force(scores, candidates, n):
    """Best n candidates by score descending, index ascending; padded with -1 and NaN."""
    ids = np.full((len(scores), n), -1, np.int32)
    values = np.full((len(scores), n), np.nan, np.float32)
    for row, (score, candidate) in enumerate(zip(scores, candidates, strict=True)):
        order = [i for i in np.lexsort((np.arange(len(score)), -score)) if candidate[i]][:n]
        ids[row, : len(order)] = order
        values[row, : len(order)] = score[order]
    return ids, values


def candidates_of(model, scores, X, *, exclude_seen):
    """Return what may be recommended: a neighbourhood model has an opinion where a neighbour is stored."""
    touched = scores != 0 if isinstance(model, tm.KNN) else np.ones(scores.shape, bool)
    return touched & (X.toarray() == 0) if exclude_seen else touched


@pytest.mark.parametrize("exclude_seen", [True, False])
@pytest.mark.parametrize("n", [1, 7, 30, 45])
def test_recommend_equals_brute_force(model, X, n, exclude_seen):
    ids, scores = model.recommend(n=n, exclude_seen=exclude_seen)
    assert ids.shape == scores.shape == (40, n)
    assert ids.dtype == np.int32
    assert scores.dtype == np.float32
    reference = all_scores(model)
    candidates = candidates_of(model, reference, X, exclude_seen=exclude_seen)
    want_ids, want_scores = brute_force(reference, candidates, n)
    np.testing.assert_array_equal(ids, want_ids)
    np.testing.assert_array_equal(scores, want_scores)


def test_allow_deny_and_seen_act_together(model, X):
    allow, deny = [0, 3, 4, 5, 9, 20, 29], [4, 20]
    ids, _ = model.recommend(n=30, allow=allow, deny=deny)
    reference = all_scores(model)
    candidates = candidates_of(model, reference, X, exclude_seen=True)
    mask = np.zeros(30, bool)
    mask[allow] = True
    mask[deny] = False
    want, _ = brute_force(reference, candidates & mask, 30)
    np.testing.assert_array_equal(ids, want)


def test_an_empty_allow_list_allows_nothing(model):
    ids, scores = model.recommend([0, 1], allow=[])
    assert (ids == -1).all()
    assert np.isnan(scores).all()


def test_deny_for_one_user_leaves_the_others_alone(model):
    before, _ = model.recommend([3, 8], n=5)
    denied = int(before[0, 0])
    after, _ = model.recommend([3, 8], n=5, deny={3: [denied]})
    assert denied not in after[0]
    np.testing.assert_array_equal(after[1], before[1])
    with pytest.raises(ArgumentError, match="`deny` must name users of this call"):
        model.recommend([3, 8], deny={4: [denied]})


def test_deny_for_one_user_reaches_its_batch(model):
    deny = {3: [int(model.recommend(3, n=1)[0][0])], 30: [int(model.recommend(30, n=1)[0][0])]}
    want_ids, want_scores = model.recommend(n=5, deny=deny)
    users, ids, scores = zip(*model.recommend_batches(n=5, batch_size=7, deny=deny), strict=True)
    np.testing.assert_array_equal(np.concatenate(users), np.arange(40))
    np.testing.assert_array_equal(np.concatenate(ids), want_ids)
    np.testing.assert_array_equal(np.concatenate(scores), want_scores)


def test_one_user_gives_flat_arrays_equal_to_the_batch(model):
    ids, scores = model.recommend(7, n=6)
    batch_ids, batch_scores = model.recommend(n=6)
    assert ids.shape == (6,)
    np.testing.assert_array_equal(ids, batch_ids[7])
    np.testing.assert_array_equal(scores, batch_scores[7])
    np.testing.assert_array_equal(model.recommend(np.array(7), n=6)[0], ids)
    np.testing.assert_array_equal(model.recommend(np.int64(7), n=6)[0], ids)


def test_any_order_of_users(model):
    everyone, _ = model.recommend(n=5)
    chosen = [9, 0, 9, 39]
    np.testing.assert_array_equal(model.recommend(chosen, n=5)[0], everyone[chosen])
    assert model.recommend([], n=5)[0].shape == (0, 5)


def test_same_bits_at_any_number_of_threads(unfitted, X, threads):
    want = type(unfitted)(**unfitted.get_params()).fit(X, threads=2).recommend(n=12, threads=2)
    got = unfitted.fit(X, threads=threads).recommend(n=12, threads=threads)
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])


def test_batches_are_the_whole(model):
    ids, scores = model.recommend(n=4)
    users, batch_ids, batch_scores = zip(*model.recommend_batches(n=4, batch_size=7), strict=True)
    np.testing.assert_array_equal(np.concatenate(users), np.arange(40))
    np.testing.assert_array_equal(np.concatenate(batch_ids), ids)
    np.testing.assert_array_equal(np.concatenate(batch_scores), scores)


def test_a_user_who_has_seen_everything_gets_nothing(unfitted, X):
    dense = X.toarray()
    dense[5] = 1
    ids, scores = unfitted.fit(sp.csr_array(dense)).recommend([5], n=3)
    assert (ids == -1).all()
    assert np.isnan(scores).all()


def test_a_user_without_interactions_is_not_served_noise(unfitted, X):
    dense = X.toarray()
    dense[5] = 0
    model = unfitted.fit(sp.csr_array(dense))
    if isinstance(model, tm.Popular):
        assert (model.recommend([5], n=3)[0] >= 0).all()
        return
    with pytest.warns(DataWarning, match=r"1 of 2 users have no interactions"):
        ids, scores = model.recommend([5, 6], n=3)
    assert (ids[0] == -1).all()
    assert np.isnan(scores[0]).all()
    assert (ids[1] >= 0).any()


def test_an_item_without_interactions_does_no_harm(unfitted, X):
    dense = X.toarray()
    dense[:, 11] = 0
    ids, scores = unfitted.fit(sp.csr_array(dense)).recommend(n=30)
    assert np.isfinite(scores[ids >= 0]).all()


def test_rank_agrees_with_the_list(model, X):
    ids, _ = model.recommend(n=30)
    users, places = np.nonzero(ids >= 0)
    items = ids[users, places]
    np.testing.assert_array_equal(model.rank(users, items), places + 1)
    assert model.rank(int(users[0]), int(items[0])) == places[0] + 1
    assert 1 <= model.rank(0, int(X[[0]].indices[0])) <= 30


def test_score_broadcasts_pairs(model):
    one = model.score(3, [0, 1, 2])
    assert one.shape == (3,)
    assert model.score(3, 1) == one[1]
    assert isinstance(model.score(3, 1), float)
    with pytest.raises(ArgumentError, match="pairs of the same length"):
        model.score([0, 1], [0, 1, 2])


def test_new_users_are_answered_and_not_stored(model, X):
    if "fold_in" not in model.abilities:
        with pytest.raises(UnsupportedError, match=r"cannot do fold_in.*ALS"):
            model.recommend(interactions=X)
        return
    before = model.recommend(n=5)
    ids, _ = model.recommend(interactions=X[[2, 4]], n=5)
    assert ids.shape == (2, 5)
    for row, user in enumerate([2, 4]):
        assert not set(ids[row]) & set(X[[user]].indices)
    single, _ = model.recommend(interactions=X[[2]].indices.tolist(), n=5)
    assert single.shape == (5,)
    np.testing.assert_array_equal(model.recommend(n=5)[0], before[0])
    with pytest.raises(ArgumentError, match="must not both be given"):
        model.recommend([1], interactions=X)


def test_a_new_user_with_an_empty_history_gets_nothing(model):
    if "fold_in" in model.abilities and not isinstance(model, tm.Popular):
        ids, _ = model.recommend(interactions=[], n=4)
        assert (ids == -1).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"users": 40}, UnknownIdError, r"`users` must be indices in \[0, 40\), got 40"),
        ({"users": -1}, UnknownIdError, r"got -1"),
        ({"users": [0, 1, 99]}, UnknownIdError, r"got 99"),
        ({"users": "42"}, ArgumentTypeError, "integer indices"),
        ({"users": 1.5}, ArgumentTypeError, "integer indices"),
        ({"users": [[0, 1]]}, ArgumentError, "1-d"),
        ({"n": 0}, ArgumentError, r"`n` must be an int >= 1, got 0"),
        ({"n": -3}, ArgumentError, r"`n` must be an int >= 1, got -3"),
        ({"n": 2.0}, ArgumentTypeError, r"`n` must be an int >= 1, got 2.0 \(float\)"),
        ({"n": True}, ArgumentTypeError, "`n`"),
        ({"exclude_seen": 1}, ArgumentTypeError, "`exclude_seen` must be True or False"),
        ({"allow": [30]}, UnknownIdError, r"`allow` must be indices in \[0, 30\), got 30"),
        ({"deny": [-1]}, UnknownIdError, "`deny`"),
        ({"threads": 0}, ArgumentError, "`threads` must be an int >= 1"),
        ({"output": "frame"}, ArgumentError, "`output` must be 'arrays'"),
        ({"output": "json"}, ArgumentError, "`output` must be one of"),
    ],
)
def test_wrong_arguments_name_the_rule(model, arguments, error, message):
    with pytest.raises(error, match=message):
        model.recommend(**arguments)


def test_a_matrix_of_another_width_is_refused(model):
    if "fold_in" in model.abilities:
        with pytest.raises(ValueError, match="must have shape any x 30"):
            model.recommend(interactions=interactions(n_items=29))
