"""Lists of every model of the façade: shapes and types, filters, and what happens where candidates run out."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from tests.compat.conftest import MODELS

from tastemaker.compat.implicit._arguments import no_score
from tastemaker.errors import ArgumentError, DataError, UnsupportedError

ITEMS = 40


def score_type(model):
    inner = getattr(model, "model", model)
    return getattr(inner, "dtype", np.dtype(np.float64))


def test_one_user_gets_vectors_and_a_batch_gets_matrices(model, X):
    ids, scores = model.recommend(3, X[3], N=4)
    assert ids.shape == scores.shape == (4,)
    assert (ids.dtype, scores.dtype) == (np.int32, score_type(model))
    batch_ids, batch_scores = model.recommend([2, 3], X[[2, 3]], N=4)
    assert batch_ids.shape == batch_scores.shape == (2, 4)
    assert (batch_ids.dtype, batch_scores.dtype) == (np.int32, score_type(model))
    np.testing.assert_array_equal(batch_ids[1], ids)
    np.testing.assert_allclose(batch_scores[1], scores, rtol=1e-6)


def test_numbers_of_every_kind_ask_for_one_user(model, X):
    want = model.recommend(3, X[3])[0]
    for userid in (np.int64(3), np.int32(3), np.uint8(3), np.array(3)):
        np.testing.assert_array_equal(model.recommend(userid, X[3])[0], want)


def test_liked_items_never_come_back_and_no_item_is_made_up(model, X):
    """implicit pads with item 0 at 0 or with liked items at -3.4e38; its neighbours return liked items at 0."""
    users = np.arange(X.shape[0])
    ids, scores = model.recommend(users, X, N=ITEMS + 5)
    assert ids.shape == (X.shape[0], ITEMS + 5)
    for user in users:
        found = ids[user] >= 0
        assert not found[np.argmin(found) :].any() or found.all(), "padding comes last"
        assert not set(ids[user][found]) & set(X[user].indices)
        assert len(set(ids[user][found])) == found.sum()
        assert (ids[user][~found] == -1).all()
        assert (scores[user][~found] == no_score).all()
        alone, alone_scores = model.recommend(user, X[user], N=ITEMS + 5)
        np.testing.assert_array_equal(alone, ids[user][found])
        assert np.isfinite(alone_scores).all()


def test_item_0_is_an_item_like_any_other(model, X):
    with_0 = [user for user in range(X.shape[0]) if X[user, 0] == 0]
    ids, scores = model.recommend(with_0, X[with_0], N=ITEMS)
    at = ids == 0
    assert at.any()
    assert (scores[at] > no_score).all()


def test_a_user_who_has_everything_gets_nothing(model, X):
    everything = sp.csr_matrix(np.ones((1, ITEMS), np.float32))
    ids, scores = model.recommend(3, everything)
    assert len(ids) == len(scores) == 0
    ids, _ = model.recommend([3], everything, N=3)
    assert ids.tolist() == [[-1, -1, -1]]


def test_filter_items_are_left_out_and_n_stays(model, X):
    before = model.recommend(3, X[3], N=10)[0]
    without = before[[0, 2, 4]]
    for filter_items in (without.tolist(), without, tuple(without)):
        ids, _ = model.recommend(3, X[3], N=4, filter_items=filter_items)
        assert len(ids) == 4
        if getattr(model, "index", "exact") == "exact":
            np.testing.assert_array_equal(ids, before[~np.isin(before, without)][:4])


def test_items_are_the_only_candidates(model, X):
    best = model.recommend(3, X[3], N=ITEMS)[0]
    chosen = best[[5, 1, 3]]
    ids, _ = model.recommend(3, X[3], N=10, items=chosen)
    np.testing.assert_array_equal(ids, best[[1, 3, 5]])
    assert ids.dtype == np.int32
    ids, _ = model.recommend([3, 4], X[[3, 4]], N=10, items=chosen)
    assert ids.shape == (2, 3)
    assert set(ids.ravel()) <= {-1, *chosen}
    assert not set(model.recommend(3, X[3], items=[*chosen, *X[3].indices])[0]) & set(X[3].indices)


def test_no_items_give_no_list(model, X):
    ids, scores = model.recommend(3, X[3], items=[])
    assert len(ids) == len(scores) == 0
    assert model.recommend([3, 4], X[[3, 4]], items=[])[0].shape == (2, 0)


def test_items_and_filter_items_contradict_each_other(model, X):
    """implicit fails with "truth value of an array is ambiguous" for an array."""
    for filter_items in ([1], np.array([1, 2])):
        with pytest.raises(ArgumentError, match="`items` and `filter_items` must not both be given"):
            model.recommend(3, X[3], items=[1, 2], filter_items=filter_items)
        with pytest.raises(ArgumentError, match="`items` and `filter_items` must not both be given"):
            model.similar_items(3, items=[1, 2], filter_items=filter_items)


@pytest.mark.parametrize("name", ["als", "als-float64", "cosine", "annoy", "usearch"])  # BM25 is no cosine
def test_an_item_is_similar_to_itself_first(name, fitted):
    model = fitted(name)
    ids, scores = model.similar_items(5, N=6)
    assert ids[0] == 5
    assert scores[0] == pytest.approx(1, abs=1e-6)
    assert (np.diff(scores) <= 1e-6).all()
    batch, _ = model.similar_items([5, 6], N=6)
    np.testing.assert_array_equal(batch[0], ids)


def test_similar_items_can_be_restricted(model):
    ids, _ = model.similar_items(5, N=6)
    without, _ = model.similar_items(5, N=3, filter_items=ids[:2])
    assert not set(without) & set(ids[:2])
    only, _ = model.similar_items(5, N=9, items=ids[[3, 1]])
    np.testing.assert_array_equal(only, ids[[1, 3]])


def test_rank_items_sorts_all_of_the_selection(model, X):
    chosen = model.recommend(3, X[3], N=ITEMS, filter_already_liked_items=False)[0][:12]
    with pytest.warns(DeprecationWarning, match="items=selected_items"):
        ids, _ = model.rank_items(3, X[3], sorted(chosen))
    np.testing.assert_array_equal(ids, chosen)


def test_a_matrix_may_be_narrower_than_the_model_and_of_any_format(model, X):
    row = X[3]
    want, _ = model.recommend(3, row)
    width = row.indices.max() + 1
    for same in (row[:, :width], sp.csr_array(row), row.tocoo(), row.astype(np.float64), sp.lil_array(row)):
        np.testing.assert_array_equal(model.recommend(3, same)[0], want)


@pytest.mark.parametrize("rows", [slice(0, 2), slice(0, 0), slice(None)])
def test_one_row_is_needed_for_each_user(model, X, rows):
    with pytest.raises(DataError, match="`user_items` must contain 1 row for every id asked for"):
        model.recommend(3, X[rows])
    with pytest.raises(ValueError, match="1 row for every"):
        model.recommend([3], X[rows])


def test_a_pickled_model_answers_the_same(model, X):
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.recommend(3, X[3])[1], model.recommend(3, X[3])[1])


@pytest.mark.parametrize("name", ["als", "bm25"])
def test_results_do_not_depend_on_the_number_of_threads(name, X, fitted):
    want = fitted(name).recommend(np.arange(60), X)
    for num_threads in (1, 3, 7):
        model = MODELS[name]()
        model.num_threads = num_threads
        model.fit(X, show_progress=False)
        for got, expected in zip(model.recommend(np.arange(60), X), want, strict=True):
            np.testing.assert_array_equal(got, expected)


def test_wrappers_and_neighbours_refuse_what_they_cannot_do(fitted):
    for name in ("cosine", "annoy"):
        with pytest.raises(UnsupportedError, match="similar_users"):
            fitted(name).similar_users(0)
    with pytest.raises(NotImplementedError, match="recalculate_item"):
        fitted("cosine").similar_items(0, recalculate_item=True)


def test_a_stored_zero_is_no_interaction(model, X):
    """implicit filters it as a liked item."""
    stored = X[3]
    absent = model.recommend(3, stored)[0][0]
    zero = sp.csr_matrix(
        (np.append(stored.data, np.float32(0)), np.append(stored.indices, absent), [0, stored.nnz + 1]),
        shape=stored.shape,
    )
    np.testing.assert_array_equal(model.recommend(3, zero)[0], model.recommend(3, stored)[0])


def test_equal_scores_are_ordered_by_index():
    model = MODELS["als"]()
    model.user_factors = np.ones((1, 2), np.float32)
    model.item_factors = np.ones((9, 2), np.float32)
    nothing = sp.csr_matrix((1, 9))
    assert model.recommend(0, nothing, N=4)[0].tolist() == [0, 1, 2, 3]
    assert model.similar_items(5, N=3)[0].tolist() == [0, 1, 2]


def test_a_user_without_factors_gets_nothing():
    """implicit recommends arbitrary items at score 0."""
    model = MODELS["als"]()
    model.user_factors, model.item_factors = np.zeros((1, 2)), np.ones((9, 2))
    assert len(model.recommend(0, sp.csr_matrix((1, 9)))[0]) == 0
