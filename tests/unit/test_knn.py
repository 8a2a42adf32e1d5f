"""KNN against its numpy twin, entry by entry; its parameters and refusals; new users."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import knn as twin

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, ModelFitError

SIMILARITIES = ("cosine", "pearson", "tfidf", "bm25", "jaccard", "random_walk", "dot")
POSITIVE = ("tfidf", "bm25", "random_walk")
SHRINKING = ("cosine", "pearson", "tfidf", "jaccard")
EVERY = 10**6

# float32 sums of at most 40 products of weights up to 4: eps * terms * their size, relative to norms of 1 or more.
TOLERANCE = {"rtol": 2e-5, "atol": 2e-6}


def data(kind: str, rng: np.random.Generator, users: int = 40, items: int = 27) -> np.ndarray:
    """Random weights with a popular head, an empty row and an empty column."""
    mask = rng.random((users, items)) < 0.05 + 0.6 / np.arange(1, items + 1)
    weights = {
        "binary": np.ones(mask.shape),
        "counts": rng.integers(1, 6, mask.shape),
        "real": rng.uniform(0.2, 4, mask.shape),
        "signed": rng.uniform(-3, 3, mask.shape),
    }[kind]
    X = (mask * weights).astype(np.float32)
    X[3] = 0
    X[:, 5] = 0
    return X


def dense(similar: sp.csr_array) -> np.ndarray:
    """As the twin writes it: NaN where nothing is stored."""
    out = np.full(similar.shape, np.nan)
    rows = np.repeat(np.arange(similar.shape[0]), np.diff(similar.indptr))
    out[rows, similar.indices] = similar.data
    return out


def assert_same(got: sp.csr_array, want: np.ndarray) -> None:
    """Equal entry by entry; what is 0 up to rounding may be stored or not."""
    np.testing.assert_allclose(np.nan_to_num(dense(got)), np.nan_to_num(want), **TOLERANCE)
    missing = np.isnan(dense(got)) != np.isnan(want)
    assert (np.abs(np.nan_to_num(want[missing])) < 1e-6).all()


def cases() -> list[tuple[str, str, float]]:
    """Every similarity with the weights and the shrinkage that it takes."""
    return [
        (similarity, kind, shrinkage)
        for similarity in SIMILARITIES
        for kind in ("binary", "counts", "real", "signed")
        for shrinkage in (0.0, 2.5)
        if (kind != "signed" or similarity not in POSITIVE) and (not shrinkage or similarity in SHRINKING)
    ]


@pytest.mark.parametrize("axis", ["item", "user"])
@pytest.mark.parametrize(("similarity", "kind", "shrinkage"), cases())
def test_similarities_equal_the_twin(similarity, kind, shrinkage, axis, rng):
    X = data(kind, rng)
    model = tm.KNN(similarity=similarity, neighbors=EVERY, axis=axis, shrinkage=shrinkage).fit(
        sp.csr_array(X)
    )
    assert model.similarity_.has_canonical_format
    assert_same(model.similarity_, twin.similarity(X if axis == "item" else X.T, similarity, shrinkage))


@pytest.mark.parametrize("kind", ["binary", "counts"])
@pytest.mark.parametrize(
    ("similarity", "params"),
    [
        ("bm25", {"k1": 0.4, "b": 0.1}),
        ("bm25", {"k1": 100.0, "b": 1.0}),
        ("bm25", {"k1": 0.0}),
        ("random_walk", {"alpha": 0.7, "beta": 0.0}),
        ("random_walk", {"alpha": 0.0, "beta": 1.3}),
        ("random_walk", {"alpha": 1.6, "beta": 0.4}),
    ],
)
def test_parameters_enter_as_in_the_formulas(similarity, params, kind, rng):
    X = data(kind, rng)
    model = tm.KNN(similarity=similarity, neighbors=EVERY, **params).fit(sp.csr_array(X))
    assert_same(model.similarity_, twin.similarity(X, similarity, **params))


def test_pearson_is_numpys_corrcoef(rng):
    X = data("counts", rng)
    X = X[:, X.any(axis=0)]
    S = dense(tm.KNN(similarity="pearson", neighbors=EVERY).fit(sp.csr_array(X)).similarity_)
    found = ~np.isnan(S)
    np.testing.assert_allclose(S[found], np.corrcoef(X.T)[found], atol=1e-6)


def test_an_item_that_never_varies_correlates_with_nothing():
    X = np.array([[2, 1, 0], [2, 0, 1], [2, 3, 1]], dtype=np.float32)
    S = tm.KNN(similarity="pearson").fit(sp.csr_array(X)).similarity_
    assert S[[0]].nnz == 0
    assert S[:, [0]].nnz == 0
    assert S[1, 2] != 0


@pytest.mark.parametrize("similarity", SIMILARITIES)
@pytest.mark.parametrize("neighbors", [1, 2, 7, 26, 27])
def test_lists_are_the_best_of_all_pairs(similarity, neighbors, rng):
    X = sp.csr_array(data("counts", rng))
    every = tm.KNN(similarity=similarity, neighbors=EVERY).fit(X).similarity_
    short = tm.KNN(similarity=similarity, neighbors=neighbors).fit(X).similarity_
    np.testing.assert_array_equal(dense(short), twin.best(dense(every), neighbors))


def test_ties_go_to_the_smaller_index():
    X = sp.csr_array(np.ones((3, 9), dtype=np.float32))
    S = tm.KNN(neighbors=3).fit(X).similarity_
    assert S[[0]].indices.tolist() == [1, 2, 3]
    assert S[[2]].indices.tolist() == [0, 1, 3]
    assert S[[8]].indices.tolist() == [0, 1, 2]


def test_negative_similarities_are_kept():
    X = sp.csr_array(np.array([[1, -1], [2, -3]], dtype=np.float32))
    model = tm.KNN(neighbors=1).fit(X)
    assert model.similarity_[0, 1] < -0.9
    ids, scores = model.recommend(interactions=sp.csr_array(np.array([[1, 0]], dtype=np.float32)), n=1)
    assert ids.tolist() == [[1]]
    assert scores[0, 0] < 0


@pytest.mark.parametrize("items", [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 127, 128, 129])
def test_sizes_around_the_vector_width(items, simd_level, rng):
    X = (rng.random((25, items)) < 0.4).astype(np.float32)
    X[0, 0] = 1
    S = tm.KNN(neighbors=EVERY).fit(sp.csr_array(X)).similarity_
    assert_same(S, twin.similarity(X, "cosine"))


def test_more_items_than_16_bits_number(rng):
    columns = np.sort(rng.choice(70_000, 600, replace=False))
    X = data("counts", rng, users=60, items=600)
    wide = sp.csr_array(sp.coo_array(X))
    wide = sp.csr_array((wide.data, columns[wide.indices], wide.indptr), shape=(60, 70_000))
    got = tm.KNN(neighbors=5).fit(wide).similarity_
    want = tm.KNN(neighbors=5).fit(sp.csr_array(X)).similarity_
    np.testing.assert_array_equal(got[columns][:, columns].toarray(), want.toarray())
    assert got.nnz == want.nnz


@pytest.mark.parametrize("axis", ["item", "user"])
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_recommendations_are_sums_over_neighbours(similarity, axis, rng):
    X = data("counts", rng)
    model = tm.KNN(similarity=similarity, neighbors=4, axis=axis).fit(sp.csr_array(X))
    S = dense(model.similarity_)
    want = twin.item_scores(X, S) if axis == "item" else twin.user_scores(X, S)
    users, items = np.nonzero(np.ones_like(X))
    np.testing.assert_allclose(model.score(users, items), want.ravel(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["binary", "counts"])
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_new_users_are_compared_as_known_ones_are(similarity, kind, rng):
    X = sp.csr_array(data(kind, rng))
    model = tm.KNN(similarity=similarity, neighbors=EVERY, axis="user").fit(X)
    folded, known = model.fold_in(X).toarray(), model.similarity_.toarray()
    np.fill_diagonal(folded, 0)  # a new user may equal a known one; a known one is not its own neighbour
    np.testing.assert_allclose(folded, known, **TOLERANCE)
    few = tm.KNN(similarity=similarity, neighbors=3, axis="user").fit(X).fold_in(X)
    assert np.diff(few.indptr).max() == 3
    np.testing.assert_array_equal(dense(few), twin.best(dense(model.fold_in(X)), 3))


def test_neighbours_come_best_first_from_the_stored_lists(rng):
    model = tm.KNN(neighbors=4).fit(sp.csr_array(data("counts", rng)))
    ids, scores = model.similar_items(2, n=6)
    stored = model.similarity_[[2]]
    order = np.lexsort((stored.indices, -stored.data))
    assert ids.tolist() == [*stored.indices[order], -1, -1]
    np.testing.assert_array_equal(scores[:4], stored.data[order])


def test_abilities_follow_the_axis():
    assert tm.KNN().abilities == {"fold_in", "similar_items", "explain"}
    assert tm.KNN(axis="user").abilities == {"fold_in", "similar_users"}


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"similarity": "cosin"}, ArgumentError, "Did you mean 'cosine'"),
        ({"neighbors": 0}, ArgumentError, "`neighbors` must be an int >= 1, got 0"),
        ({"neighbors": 2.5}, ArgumentTypeError, "`neighbors` must be an int"),
        ({"shrinkage": -1}, ArgumentError, "`shrinkage`"),
        ({"similarity": "bm25", "b": 1.5}, ArgumentError, "`b`"),
        ({"axis": "items"}, ArgumentError, "Did you mean 'item'"),
        ({"similarity": "bm25", "shrinkage": 3.0}, ArgumentError, "`shrinkage` of `KNN` must be left at 0.0"),
        ({"beta": 0.1}, ArgumentError, "read by 'random_walk' only"),
    ],
)
def test_bad_parameters_are_refused_by_fit(params, error, message):
    with pytest.raises(error, match=message):
        tm.KNN(**params).fit(sp.csr_array(np.eye(3)))


def test_a_peers_name_is_answered_with_ours():
    with pytest.raises(ArgumentTypeError, match="`K` -> `neighbors`"):
        tm.KNN(K=20)


@pytest.mark.parametrize("similarity", POSITIVE)
def test_dislikes_are_refused_where_the_formula_has_no_place_for_them(similarity):
    with pytest.raises(DataError, match=r"`data` must hold weights > 0 .* got -2.0.*Drop the dislikes"):
        tm.KNN(similarity=similarity).fit(sp.csr_array(np.array([[1.0, -2.0]])))


def test_weights_beyond_float32_fail_with_the_reason():
    with pytest.raises(ModelFitError, match=r"exceed the range of float32.*Scale them down"):
        tm.KNN().fit(sp.csr_array(np.array([[1e30, 1e30]])))
