"""Bad input through the façade: an exception of errors.py that says what is wrong; nothing crashes, nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.compat.conftest import MODELS

import tastemaker as tm
from tastemaker.compat.implicit.als import AlternatingLeastSquares
from tastemaker.compat.implicit.ann.annoy import AnnoyModel
from tastemaker.compat.implicit.ann.nmslib import NMSLibModel
from tastemaker.compat.implicit.cpu import als as functions
from tastemaker.compat.implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from tastemaker.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    NotFittedError,
    TastemakerError,
    UnknownIdError,
)

TRAINABLE = ["als", "bpr", "lmf", "cosine", "bm25", "annoy"]
every_trainable = pytest.mark.parametrize("name", TRAINABLE)


def broken(X, **parts):
    """Return a CSR matrix whose parts were changed behind scipy's back."""
    matrix = X.copy()
    for part, change in parts.items():
        setattr(matrix, part, change(getattr(matrix, part).copy()))
    return matrix


def at(index, value):
    def change(array):
        array[index] = value
        return array

    return change


BAD_MATRICES = {
    "nan": (lambda X: broken(X, data=at(3, np.nan)), DataError, "must hold finite values, got nan"),
    "infinite": (lambda X: broken(X, data=at(3, np.inf)), DataError, "must hold finite values, got inf"),
    "beyond float32": (lambda X: X.astype(np.float64) * 1e300, DataError, "float32"),
    "empty": (lambda X: sp.csr_matrix(X.shape), DataError, "at least one interaction"),
    "no users": (lambda X: sp.csr_matrix((0, 40)), DataError, "must h.* at least"),
    "no items": (lambda X: sp.csr_matrix((60, 0)), DataError, "must h.* at least"),
    "indptr not monotone": (lambda X: broken(X, indptr=at(5, 0)), DataError, "indptr"),
    "column too large": (lambda X: broken(X, indices=at(3, 40)), DataError, "column indices in"),
    "negative column": (lambda X: broken(X, indices=at(3, -1)), DataError, "column indices in"),
    "dense": (lambda X: X.toarray(), ArgumentTypeError, "sparse matrix, got ndarray"),
    "Dataset": (tm.Dataset.from_sparse, ArgumentTypeError, r"got Dataset.* pass its \.matrix"),
    "list": (lambda X: [[0, 1]], ArgumentTypeError, "sparse matrix, got list"),
    "None": (lambda X: None, ArgumentTypeError, "sparse matrix, got NoneType"),
    "complex": (lambda X: X.astype(complex), DataError, "real numbers"),
}


@pytest.mark.parametrize("case", BAD_MATRICES)
@every_trainable
def test_fit_refuses_a_bad_matrix_and_keeps_the_model(name, case, X):
    make, error, message = BAD_MATRICES[case]
    model = MODELS[name]()
    model.fit(X, show_progress=False)
    before = model.recommend(3, X[3])
    with pytest.raises(error, match=message):
        model.fit(make(X), show_progress=False)
    for got, want in zip(model.recommend(3, X[3]), before, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("case", [c for c in BAD_MATRICES if c not in ("empty", "no users", "no items")])
def test_recommend_refuses_a_bad_matrix(model, case, X):
    make, error, message = BAD_MATRICES[case]
    with pytest.raises(error, match=message):
        model.recommend(np.arange(60), make(X))


@every_trainable
def test_unsorted_and_duplicate_entries_are_taken_as_they_are_meant(name, X):
    indices, data = X.indices.copy(), X.data.copy()
    for start, stop in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        indices[start:stop], data[start:stop] = indices[start:stop][::-1], data[start:stop][::-1]
    shuffled = sp.csr_matrix((data, indices, X.indptr), shape=X.shape)
    rows, cols = X.nonzero()
    halves = np.concatenate([X.data / 2, X.data / 2])
    doubled = sp.coo_matrix((halves, (np.tile(rows, 2), np.tile(cols, 2))), shape=X.shape)
    doubled = sp.csr_matrix(
        (doubled.data, doubled.col, np.arange(0, len(halves) + 1)), shape=(len(halves), 40)
    )
    order = np.argsort(np.tile(rows, 2), kind="stable")
    counts = 2 * np.diff(X.indptr)
    duplicate = sp.csr_matrix(
        (halves[order], np.tile(cols, 2)[order], np.concatenate([[0], np.cumsum(counts)])), shape=X.shape
    )
    plain = MODELS[name]()
    plain.fit(X, show_progress=False)
    want = plain.recommend(np.arange(60), X)[0]
    for matrix in (shuffled, duplicate):
        model = MODELS[name]()
        model.fit(matrix, show_progress=False)
        np.testing.assert_array_equal(model.recommend(np.arange(60), matrix)[0], want)


@every_trainable
def test_small_data_is_enough(name):
    for X in (np.ones((1, 1)), np.ones((1, 5)), np.ones((5, 1)), np.eye(3)):
        model = MODELS[name]()
        model.fit(sp.csr_matrix(X), show_progress=False)
        ids, _ = model.recommend(0, sp.csr_matrix(X)[0], N=3)
        assert not set(ids) & set(np.flatnonzero(X[0]))
        model.similar_items(0)


def test_more_factors_than_items(X):
    model = AlternatingLeastSquares(factors=200, iterations=2, random_state=0)
    model.fit(X, show_progress=False)
    assert np.isfinite(model.item_factors).all()
    assert len(model.recommend(0, X[0])[0]) == 10


@pytest.mark.parametrize("rows", [60, 7])
def test_a_transposed_matrix_is_refused(model, X, rows):
    with pytest.raises(DataError, match="`user_items` must contain 1 row for every"):
        model.recommend(np.arange(rows), X.T.tocsr())
    with pytest.raises(DataError, match="`user_items` must have at most 40 columns"):
        model.recommend(np.arange(40), X.T.tocsr())


@pytest.mark.parametrize("bad", [-1, 60, 2**31, 2**40, [0, -1], [0, 60]])
def test_a_user_beyond_the_model_is_an_index_error(als, X, bad):
    """implicit takes a negative user for another one."""
    rows = X[[0] * np.size(bad)]
    for call in (lambda: als.recommend(bad, rows), lambda: als.similar_users(bad)):
        with pytest.raises(UnknownIdError, match=r"`userid` must be indices in \[0, 60\)") as raised:
            call()
        assert isinstance(raised.value, IndexError)


@pytest.mark.parametrize("bad", [-1, 40, 2**31, [0, -1], [0, 40]])
def test_an_item_beyond_the_model_is_an_index_error(model, X, bad):
    for call, argument in (
        (lambda: model.similar_items(bad), "itemid"),
        (lambda: model.recommend(0, X[0], items=bad), "items"),
        (lambda: model.recommend(0, X[0], filter_items=bad), "filter_items"),
        (lambda: model.similar_items(0, items=bad), "items"),
        (lambda: model.similar_items(0, filter_items=bad), "filter_items"),
    ):
        with pytest.raises(IndexError, match=rf"`{argument}` must be indices in \[0, 40\)"):
            call()


def test_other_users_of_similar_users_must_exist_too(als):
    for name in ("users", "filter_users"):
        with pytest.raises(IndexError, match=rf"`{name}` must be indices"):
            als.similar_users(0, **{name: [60]})
    with pytest.raises(ArgumentError, match="`users` and `filter_users`"):
        als.similar_users(0, users=[1], filter_users=[2])


@pytest.mark.parametrize("bad", ["42", 1.5, None, [1.0], ["a"], np.array([[0, 1]]), [[0], [1, 2]], {"a": 1}])
def test_ids_of_the_wrong_kind(model, X, bad):
    with pytest.raises(TastemakerError, match="`userid` must be"):
        model.recommend(bad, X[0])
    with pytest.raises(TastemakerError, match="`itemid` must be"):
        model.similar_items(bad)


@pytest.mark.parametrize(
    ("bad", "error"), [(0, ArgumentError), (-3, ArgumentError), (2.5, ArgumentTypeError)]
)
def test_n_must_be_a_positive_int(model, X, bad, error):
    with pytest.raises(error, match="`N` must be an int >= 1"):
        model.recommend(0, X[0], N=bad)
    with pytest.raises(error, match="`N` must be an int >= 1"):
        model.similar_items(0, N=bad)


def test_out_of_range_columns_are_refused_by_every_update(als, X):
    """Here implicit reads beyond its arrays and ends the process."""
    wide = sp.csr_matrix(([1.0], ([0], [40])), shape=(1, 41))
    hidden = broken(X[0], indices=at(0, 40))
    for matrix in (wide, hidden):
        for call in (
            lambda m: als.recalculate_user(0, m),
            lambda m: als.partial_fit_users([0], m),
            lambda m: als.recommend(0, m, recalculate_user=True),
            lambda m: als.explain(0, m, 1),
        ):
            with pytest.raises(DataError, match="`user_items` must have"):
                call(matrix)
    for call in (
        lambda m: als.recalculate_item(0, m),
        lambda m: als.partial_fit_items([0], m),
        lambda m: als.similar_items(0, recalculate_item=True, item_users=m),
    ):
        with pytest.raises(DataError, match="`item_users` must have at most 60 columns"):
            call(sp.csr_matrix(([1.0], ([0], [60])), shape=(1, 61)))


def test_updates_need_one_row_for_each_id_and_real_ids(als, X):
    before = als.user_factors.copy()
    for call in (als.recalculate_user, als.partial_fit_users):
        with pytest.raises(ValueError, match="1 row for every id asked for"):
            call([0, 1], X[:1])
    for bad in ([-1], [2**31]):
        with pytest.raises(IndexError, match="`userids` must be indices"):
            als.partial_fit_users(bad, X[:1])
    with pytest.raises(ArgumentTypeError, match="`item_users`"):
        als.similar_items(0, recalculate_item=True)
    np.testing.assert_array_equal(als.user_factors, before)


def test_explain_needs_a_user_and_an_item_of_its_matrix(als, X):
    with pytest.raises(IndexError, match=r"`userid` must be indices in \[0, 60\)"):
        als.explain(60, X, 0)
    with pytest.raises(IndexError, match=r"`itemid` must be indices in \[0, 40\)"):
        als.explain(0, X, 40)
    with pytest.raises(ArgumentError, match="`N` must be"):
        als.explain(0, X, 1, N=0)


def test_functions_check_shapes_and_indices(X):
    users, items = np.ones((60, 3), np.float32), np.ones((40, 3), np.float32)
    for function in (functions.least_squares, functions.least_squares_cg):
        with pytest.raises(DataError, match="`Cui` must contain 1 row"):
            function(X[:5], users, items, 0.1)
        with pytest.raises(DataError, match="`Cui` must have at most 39 columns"):
            function(X, users, items[:39], 0.1)
    with pytest.raises(IndexError, match="`u` must be indices"):
        functions.user_factor(items, items.T @ items, X, 60, 0.1, 3)
    with pytest.raises(IndexError, match="`Cui` must be indices"):
        functions.user_factor(items[:3], items.T @ items, X, 0, 0.1, 3)


BAD_PARAMETERS = [
    ({"factors": 0}, ArgumentError, "`factors` must be an int >= 1, got 0"),
    ({"factors": 2.5}, ArgumentTypeError, "`factors` must be an int"),
    ({"iterations": 0}, ArgumentError, "`iterations` must be an int >= 1"),
    ({"regularization": -1}, ArgumentError, "`regularization` must be a finite number >= 0"),
    ({"regularization": "no"}, ArgumentTypeError, "`regularization`"),
    ({"alpha": 0}, ArgumentError, "`alpha` must be a finite number > 0"),
    ({"alpha": float("nan")}, ArgumentError, "`alpha`"),
    ({"num_threads": -1}, ArgumentError, "`num_threads` must be an int >= 0"),
    ({"dtype": np.float16}, ArgumentError, "`dtype` must be float32 or float64"),
    ({"dtype": np.int32}, ArgumentError, "`dtype` must be float32 or float64"),
    ({"random_state": "no"}, ArgumentTypeError, "`random_state` must be"),
    ({"random_state": -1}, ArgumentError, "`random_state` must be"),
]


@pytest.mark.parametrize(("params", "error", "message"), BAD_PARAMETERS)
def test_bad_parameters_of_als(params, error, message, X):
    with pytest.raises(error, match=message):
        AlternatingLeastSquares(**params).fit(X, show_progress=False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CosineRecommender(K=0), "`K` must be an int >= 1"),
        (lambda: BM25Recommender(K1=-1), "`K1` must be a finite number >= 0"),
        (lambda: BM25Recommender(B=2), "`B` must be a finite number >= 0 and <= 1"),
        (lambda: CosineRecommender(num_threads=-2), "`num_threads` must be an int >= 0"),
    ],
)
def test_bad_parameters_of_neighbours(make, message, X):
    with pytest.raises(ArgumentError, match=message):
        make().fit(X, show_progress=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda: AlternatingLeastSquares(epochs=3),
        lambda: functions.AlternatingLeastSquares(reg=3),
        lambda: CosineRecommender(neighbors=3),
        lambda: AnnoyModel(None, trees=3),
        lambda: NMSLibModel(None, space="cosine"),
    ],
)
def test_a_parameter_that_is_not_there_is_named(make):
    with pytest.raises(ArgumentTypeError, match=r"has no argument `\w+`"):
        make()


def test_an_argument_that_is_not_there_is_named_with_those_that_are(model, X):
    for call in (
        lambda: model.recommend(0, X[0], exclude_seen=True),
        lambda: model.similar_items(0, k=5),
        lambda: model.fit(X, progress=False),
    ):
        with pytest.raises(ArgumentTypeError, match=r"has no argument `\w+`\. (Use|It takes)"):
            call()


@pytest.mark.parametrize("name", MODELS)
def test_use_before_fit(name, X):
    model = MODELS[name]()
    for call in (lambda: model.recommend(0, X[0]), lambda: model.similar_items(0)):
        with pytest.raises(NotFittedError, match=r"Call fit\(user_items\) first"):
            call()
    if name == "als":
        for call in (
            lambda: model.similar_users(0),
            lambda: model.partial_fit_users([0], X[0]),
            lambda: model.recalculate_item(0, X.T.tocsr()[0]),
            lambda: model.explain(0, X, 0),
            lambda: model.item_norms,
            lambda: model.YtY,
        ):
            with pytest.raises(NotFittedError):
                call()


@pytest.mark.parametrize(
    ("factors", "error", "message"),
    [
        (np.ones(3, np.float32), ArgumentError, "must be 2-d"),
        (np.ones((3, 2), int), ArgumentTypeError, "must be an array of float32 or float64"),
        ([["a"]], ArgumentTypeError, "must be an array of float32 or float64"),
        (np.full((3, 2), np.nan, np.float32), DataError, "must hold finite values"),
    ],
)
def test_bad_factors_cannot_be_assigned(factors, error, message):
    model = AlternatingLeastSquares()
    for name in ("user_factors", "item_factors"):
        with pytest.raises(error, match=f"`{name}` {message}"):
            setattr(model, name, factors)


def test_a_similarity_must_be_square_and_sound():
    model = CosineRecommender()
    with pytest.raises(DataError, match="`similarity` must have shape 3 x 3"):
        model.similarity = sp.csr_matrix((3, 4))
    with pytest.raises(DataError, match="`similarity` must hold finite values"):
        model.similarity = sp.csr_matrix([[np.nan, 0], [0, 1]])
    assert model.scorer is None
