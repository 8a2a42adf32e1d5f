"""Nearest neighbours of the façade and their weightings."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import knn as twin

from tastemaker.compat.implicit import nearest_neighbours as nn
from tastemaker.errors import DataError, UnsupportedError

TWINS = {
    "product": (nn.ItemItemRecommender, lambda X: X),
    "cosine": (nn.CosineRecommender, lambda X: X / np.linalg.norm(X, axis=0)),
    "tfidf": (nn.TFIDFRecommender, lambda X: unit(np.sqrt(X) * twin.idf(X)[:, None])),
    "bm25": (nn.BM25Recommender, lambda X: twin.bm25(X, 1.2, 0.75)),
}
by_class = pytest.mark.parametrize("name", TWINS)


def unit(X):
    return X / np.linalg.norm(X, axis=0)


def fitted(name, X, **params):
    model = TWINS[name][0](**params)
    model.fit(X, show_progress=False)
    return model


@by_class
@pytest.mark.parametrize("K", [1, 3, 20, 1000])
def test_similarity_holds_the_k_largest_products_itself_included(name, K, X):
    model = fitted(name, X, K=K)
    weighted = TWINS[name][1](X.toarray().astype(np.float64))
    want = weighted.T @ weighted
    pattern = (X != 0).astype(np.float64)
    want[(pattern.T @ pattern).toarray() == 0] = np.nan
    want = np.nan_to_num(twin.best(want, K))
    assert isinstance(model.similarity, sp.csr_matrix)
    assert model.similarity.dtype == np.float64
    np.testing.assert_allclose(model.similarity.toarray(), want, rtol=1e-5, atol=1e-6)
    assert np.diff(model.similarity.indptr).max() <= K


@by_class
def test_scores_are_sums_over_the_history(name, X):
    model = fitted(name, X)
    ids, scores = model.recommend(np.arange(60), X, N=40, filter_already_liked_items=False)
    want = (X @ model.similarity).toarray()
    rows, cols = np.nonzero(ids >= 0)
    np.testing.assert_allclose(scores[rows, cols], want[rows, ids[rows, cols]], rtol=1e-5)


def test_weightings_agree_with_their_formulas(X):
    dense = X.toarray().astype(np.float64)
    for got, want in (
        (nn.normalize(X.T), unit(dense).T),
        (nn.tfidf_weight(X.T), (np.sqrt(dense) * twin.idf(dense)[:, None]).T),
        (nn.bm25_weight(X.T), twin.bm25(dense, 100, 0.8).T),
        (nn.bm25_weight(X.T, K1=1.2, B=0.5), twin.bm25(dense, 1.2, 0.5).T),
    ):
        assert isinstance(got, sp.coo_matrix)
        np.testing.assert_allclose(got.toarray(), want, rtol=1e-12)


def test_weightings_leave_their_argument_and_empty_rows_alone():
    X = sp.coo_matrix(np.array([[3.0, 0], [0, 0]]))
    for weigh in (nn.normalize, nn.tfidf_weight, nn.bm25_weight):
        weigh(X)
        assert X.data.tolist() == [3]
    assert nn.normalize(X).toarray().tolist() == [[1, 0], [0, 0]]


def test_weighted_data_of_any_type_can_be_compared(X):
    """all_pairs_knn of implicit takes float64 only."""
    want = fitted("bm25", X, K=5).similarity.toarray()
    weighted = nn.bm25_weight(X.T, 1.2, 0.75).T
    for matrix in (weighted.tocsr(), weighted.tocsr().astype(np.float32)):
        pairs = nn.all_pairs_knn(matrix, K=5, show_progress=False)
        assert isinstance(pairs, sp.coo_matrix)
        np.testing.assert_allclose(pairs.toarray(), want, rtol=1e-4, atol=1e-6)


def test_the_scorer_recommends_from_the_parts_of_a_row(X):
    model = fitted("cosine", X)
    scorer = nn.NearestNeighboursScorer(model.similarity)
    row = X[4]
    for remove in (True, False):
        got = scorer.recommend(row.indptr, row.indices, row.data, K=6, remove_own_likes=remove)
        want = model.recommend(4, row, N=6, filter_already_liked_items=remove)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_similarity_may_be_assigned(X):
    model = nn.ItemItemRecommender()
    model.similarity = sp.csr_matrix(np.eye(40, k=1))
    assert model.similar_items(5)[0].tolist() == [6]
    assert model.recommend(0, sp.csr_matrix(([1.0], ([0], [5])), shape=(1, 40)))[0].tolist() == [6]


def test_a_callback_is_refused(X):
    with pytest.raises(UnsupportedError, match="`callback` of `CosineRecommender` must be None"):
        nn.CosineRecommender().fit(X, callback=print)


def test_dislikes_are_for_products_and_cosines_only(X):
    dislikes = X.copy()
    dislikes.data[::3] *= -1
    weighted = unit(dislikes.toarray())
    got = fitted("cosine", dislikes, K=1000).similarity.toarray()
    np.testing.assert_allclose(got, np.where(got != 0, weighted.T @ weighted, 0), atol=1e-6)
    for name in ("tfidf", "bm25"):
        with pytest.raises(DataError, match="weights > 0"):
            fitted(name, dislikes)


def test_of_equally_similar_items_itself_is_kept_then_by_index():
    model = fitted("cosine", sp.csr_matrix(np.ones((4, 9))), K=4)
    kept = model.similarity.tolil().rows
    assert kept.tolist()[0] == [0, 1, 2, 3]
    assert kept.tolist()[8] == [0, 1, 2, 8]


def test_fitting_again_forgets(X):
    model = fitted("cosine", X)
    model.fit(X[:, :10], show_progress=False)
    assert model.similarity.shape == (10, 10)
    assert model.recommend(0, X[0, :10])[0].max(initial=0) < 10
