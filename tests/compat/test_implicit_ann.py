"""The wrappers of approximate_als: exact unless asked otherwise."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.sparse as sp

from tastemaker.compat.implicit import approximate_als
from tastemaker.compat.implicit.ann.annoy import AnnoyModel
from tastemaker.compat.implicit.ann.faiss import FaissModel
from tastemaker.compat.implicit.ann.nmslib import NMSLibModel
from tastemaker.errors import ArgumentError, MissingLibraryError, UnsupportedError

MAKERS = {
    AnnoyModel: approximate_als.AnnoyAlternatingLeastSquares,
    FaissModel: approximate_als.FaissAlternatingLeastSquares,
    NMSLibModel: approximate_als.NMSLibAlternatingLeastSquares,
}
every_maker = pytest.mark.parametrize(("cls", "make"), MAKERS.items(), ids=lambda p: p.__name__)


@every_maker
def test_arguments_go_to_the_model_and_its_wrapper(cls, make):
    model = make(7, 0.5, approximate_recommend=False, iterations=3, random_state=1)
    assert type(model) is cls
    assert (model.model.factors, model.model.regularization, model.model.iterations) == (7, 0.5, 3)
    assert (model.approximate_recommend, model.approximate_similar_items, model.index) == (
        False,
        True,
        "exact",
    )


def test_defaults_are_those_of_the_libraries_that_implicit_uses():
    assert NMSLibModel(None).index_params == {"M": 16, "post": 0, "efConstruction": 400}
    assert (NMSLibModel(None).query_params, NMSLibModel(None).method) == ({"ef": 90}, "hnsw")
    assert (AnnoyModel(None).n_trees, AnnoyModel(None).search_k) == (50, -1)
    assert (FaissModel(None).nlist, FaissModel(None).nprobe, FaissModel(None).use_gpu) == (400, 20, False)


@every_maker
def test_answers_are_the_model_s_own(cls, make, fitted, X):
    model, plain = make(factors=6, iterations=3, random_state=0), fitted("als")
    model.fit(X, show_progress=False)
    users = np.arange(60)
    for got, want in (
        (model.recommend(users, X, N=7), plain.recommend(users, X, N=7)),
        (model.recommend(3, X[4], recalculate_user=True), plain.recommend(3, X[4], recalculate_user=True)),
        (model.similar_items([1, 2], N=4), plain.similar_items([1, 2], N=4)),
    ):
        np.testing.assert_array_equal(got[0], want[0])
        np.testing.assert_array_equal(got[1], want[1])


def test_a_graph_finds_nearly_what_the_exact_search_finds(fitted, X):
    graph, plain = fitted("usearch"), fitted("als")
    users = np.arange(60)
    for got, want in (
        (graph.recommend(users, X, N=5), plain.recommend(users, X, N=5)),
        (graph.recommend(users, X, 5, True, [0, 1]), plain.recommend(users, X, 5, True, [0, 1])),
        (graph.recommend([9], X[3], 5, True, None, True), plain.recommend([9], X[3], 5, True, None, True)),
        (graph.similar_items(np.arange(40), N=5), plain.similar_items(np.arange(40), N=5)),
    ):
        assert np.mean([len(set(a) & set(b)) / 5 for a, b in zip(got[0], want[0], strict=True)]) > 0.95
        same = got[0] == want[0]
        np.testing.assert_allclose(got[1][same], want[1][same], rtol=1e-4, atol=1e-5)


def test_a_graph_leaves_out_what_has_no_factors(fitted):
    graph = fitted("usearch")
    graph = type(graph)(type(graph.model)(factors=2), index="usearch")
    graph.model.user_factors = np.array([[0, 0], [1, 0]], dtype=np.float32)
    graph.model.item_factors = np.array([[1, 0], [0, 0], [2, 1]], dtype=np.float32)
    graph.build()
    nothing = sp.csr_matrix((2, 3))
    assert graph.recommend([0, 1], nothing, N=3)[0].tolist() == [[-1, -1, -1], [2, 0, -1]]
    assert graph.similar_items([0, 1], N=2)[0].tolist() == [[0, 2], [-1, -1]]


def test_items_are_searched_exactly(fitted, X):
    """implicit refuses them."""
    graph, plain = fitted("usearch"), fitted("als")
    for call in (
        lambda m: m.recommend(3, X[3], items=[1, 5, 9]),
        lambda m: m.recommend(3, X[3], items=np.array([1, 5, 9]), filter_already_liked_items=False),
    ):
        np.testing.assert_array_equal(call(graph)[0], call(plain)[0])


def test_an_index_is_built_only_where_it_is_asked_for(X):
    pytest.importorskip("usearch", reason="needs usearch: pip install tastemaker[ann]")
    model = approximate_als.AnnoyAlternatingLeastSquares(
        factors=3, iterations=1, approximate_similar_items=False, index="usearch"
    )
    model.fit(X, show_progress=False)
    assert model.recommend_index is not None
    assert model.similar_items_index is None


def test_usearch_must_be_installed_to_be_used(X, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    model = approximate_als.NMSLibAlternatingLeastSquares(factors=3, iterations=1, index="usearch")
    with pytest.raises(MissingLibraryError, match=r"pip install tastemaker\[ann\]"):
        model.fit(X, show_progress=False)


def test_bad_arguments():
    with pytest.raises(ArgumentError, match="`index` must be one of 'exact', 'usearch'"):
        AnnoyModel(None, index="annoy")
    with pytest.raises(UnsupportedError, match="use_gpu=False"):
        FaissModel(None, use_gpu=True)


@every_maker
def test_files_and_similar_users_are_the_model_s(cls, make):
    model = make()
    for call in (lambda: model.save("x"), lambda: cls.load("x"), lambda: model.similar_users(0)):
        with pytest.raises(NotImplementedError, match=f"`{cls.__name__}` cannot do"):
            call()
