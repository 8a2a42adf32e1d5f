"""Module paths, names, signatures and defaults of implicit 0.7.3."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from tastemaker.compat import implicit
from tastemaker.compat.implicit import utils
from tastemaker.errors import UnsupportedError

ALS = "factors=100, regularization=0.01, alpha=1.0, dtype=np.float32, use_native=True, use_cg=True"
BPR = "factors=100, learning_rate=0.01, regularization=0.01, dtype=np.float32, iterations=100"
LMF = "factors=30, learning_rate=1.0, regularization=0.6, dtype=np.float32, iterations=30, neg_prop=30"
ANN = "*args, approximate_similar_items=True, approximate_recommend=True"
METRIC = "model, train_user_items, test_user_items, K=10, show_progress=True, num_threads=1"
RECOMMEND = (
    "self, userid, user_items, N=10, filter_already_liked_items=True, filter_items=None, recalculate_user=False, "
    "items=None"
)
SIMILAR = "self, itemid, N=10, recalculate_item=False, item_users=None, filter_items=None, items=None"

SIGNATURES = {
    "als.AlternatingLeastSquares": f"{ALS}, use_gpu=False, iterations=15, calculate_training_loss=False, "
    "num_threads=0, random_state=None",
    "cpu.als.AlternatingLeastSquares": f"{ALS}, iterations=15, calculate_training_loss=False, num_threads=0, "
    "random_state=None",
    "gpu.als.AlternatingLeastSquares": "factors=64, regularization=0.01, alpha=1.0, dtype=np.float32, iterations=15, "
    "calculate_training_loss=False, random_state=None",
    "bpr.BayesianPersonalizedRanking": f"{BPR}, use_gpu=False, num_threads=0, verify_negative_samples=True, "
    "random_state=None",
    "cpu.bpr.BayesianPersonalizedRanking": f"{BPR}, num_threads=0, verify_negative_samples=True, random_state=None",
    "gpu.bpr.BayesianPersonalizedRanking": f"{BPR}, verify_negative_samples=True, random_state=None",
    "lmf.LogisticMatrixFactorization": f"{LMF}, use_gpu=False, num_threads=0, random_state=None",
    "cpu.lmf.LogisticMatrixFactorization": f"{LMF}, num_threads=0, random_state=None",
    "nearest_neighbours.ItemItemRecommender": "K=20, num_threads=0",
    "nearest_neighbours.CosineRecommender": "K=20, num_threads=0",
    "nearest_neighbours.TFIDFRecommender": "K=20, num_threads=0",
    "nearest_neighbours.BM25Recommender": "K=20, K1=1.2, B=0.75, num_threads=0",
    "nearest_neighbours.tfidf_weight": "X",
    "nearest_neighbours.normalize": "X",
    "nearest_neighbours.bm25_weight": "X, K1=100, B=0.8",
    "nearest_neighbours.all_pairs_knn": "users, K=100, num_threads=0, show_progress=True",
    "nearest_neighbours.NearestNeighboursScorer": "similarity",
    "nearest_neighbours.NearestNeighboursScorer.recommend": "self, user_indptr, user_indices, user_data, K=10, "
    "remove_own_likes=True",
    "nearest_neighbours.ItemItemRecommender.fit": "self, weighted, show_progress=True, callback=None",
    "nearest_neighbours.BM25Recommender.fit": "self, counts, show_progress=True, callback=None",
    "nearest_neighbours.ItemItemRecommender.recommend": RECOMMEND,
    "nearest_neighbours.ItemItemRecommender.similar_items": SIMILAR,
    "approximate_als.NMSLibAlternatingLeastSquares": f"{ANN}, method='hnsw', index_params=None, query_params=None, "
    "use_gpu=False, index='exact', **kwargs",
    "approximate_als.AnnoyAlternatingLeastSquares": f"{ANN}, n_trees=50, search_k=-1, use_gpu=False, index='exact', "
    "**kwargs",
    "approximate_als.FaissAlternatingLeastSquares": f"{ANN}, nlist=400, nprobe=20, use_gpu=False, index='exact', "
    "**kwargs",
    "ann.annoy.AnnoyModel.recommend": RECOMMEND,
    "ann.annoy.AnnoyModel.similar_items": SIMILAR,
    "cpu.als.AlternatingLeastSquares.fit": "self, user_items, show_progress=True, callback=None",
    "cpu.als.AlternatingLeastSquares.recommend": RECOMMEND,
    "cpu.als.AlternatingLeastSquares.similar_items": SIMILAR,
    "cpu.als.AlternatingLeastSquares.similar_users": "self, userid, N=10, filter_users=None, users=None",
    "cpu.als.AlternatingLeastSquares.rank_items": "self, userid, user_items, selected_items, recalculate_user=False",
    "cpu.als.AlternatingLeastSquares.recommend_all": "self, user_items, N=10, recalculate_user=False, "
    "filter_already_liked_items=True, filter_items=None, users_items_offset=0",
    "cpu.als.AlternatingLeastSquares.recalculate_user": "self, userid, user_items",
    "cpu.als.AlternatingLeastSquares.recalculate_item": "self, itemid, item_users",
    "cpu.als.AlternatingLeastSquares.partial_fit_users": "self, userids, user_items",
    "cpu.als.AlternatingLeastSquares.partial_fit_items": "self, itemids, item_users",
    "cpu.als.AlternatingLeastSquares.explain": "self, userid, user_items, itemid, user_weights=None, N=10",
    "cpu.als.AlternatingLeastSquares.save": "self, file",
    "cpu.als.AlternatingLeastSquares.load": "fileobj_or_path",
    "cpu.als.AlternatingLeastSquares.to_gpu": "self",
    "cpu.als.least_squares": "Cui, X, Y, regularization, num_threads=0",
    "cpu.als.least_squares_cg": "Cui, X, Y, regularization, num_threads=0, cg_steps=3",
    "cpu.als.user_linear_equation": "Y, YtY, Cui, u, regularization, n_factors",
    "cpu.als.user_factor": "Y, YtY, Cui, u, regularization, n_factors",
    "cpu.als.item_factor": "X, XtX, Cui, u, regularization, n_factors",
    "gpu.als.calculate_loss": "Cui, X, Y, regularization, solver=None",
    "evaluation.train_test_split": "ratings, train_percentage=0.8, random_state=None",
    "evaluation.leave_k_out_split": "ratings, K=1, train_only_size=0.0, random_state=None",
    "evaluation.precision_at_k": METRIC,
    "evaluation.mean_average_precision_at_k": METRIC,
    "evaluation.ndcg_at_k": METRIC,
    "evaluation.AUC_at_k": METRIC,
    "evaluation.ranking_metrics_at_k": METRIC,
    "utils.augment_inner_product_matrix": "factors",
    "utils.check_random_state": "random_state",
    "utils.check_csr": "user_items",
    "utils.check_blas_config": "",
    "utils.nonzeros": "m, row",
    "recommender_base.RecommenderBase.fit": "self, user_items, show_progress=True, callback=None",
    "recommender_base.RecommenderBase.load": "fileobj_or_path",
    "recommender_base.ModelFitError": "*args, **kwargs",
    "datasets.lastfm.get_lastfm": "",
    "datasets.movielens.get_movielens": "variant='20m'",
    "datasets.million_song_dataset.get_msd_taste_profile": "",
    "datasets.reddit.get_reddit": "",
    "datasets.sketchfab.get_sketchfab": "",
}


def find(path):
    """Return what a dotted path below implicit leads to."""
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = import_module(".".join([implicit.__name__, *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise AssertionError(path)


def parameters(function):
    """Return (name, kind, default) of each parameter; annotations are ours alone."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("path", SIGNATURES)
def test_signatures(path):
    want = eval(f"lambda {SIGNATURES[path]}: None", {"np": np})
    if not path.endswith("ModelFitError"):
        assert parameters(find(path)) == parameters(want)


def test_the_top_level_is_implicit_s():
    assert implicit.__version__ == "0.7.3"
    for name in ("als", "approximate_als", "bpr", "lmf", "nearest_neighbours"):
        assert inspect.ismodule(getattr(implicit, name))


def test_one_changed_line_is_enough():
    code = """
import tastemaker.compat.implicit as implicit
implicit.als.AlternatingLeastSquares, implicit.cpu.als, implicit.gpu.HAS_CUDA, implicit.utils, implicit.recommender_base
import tastemaker.compat.implicit.evaluation, tastemaker.compat.implicit.datasets.movielens
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize("path", ["bpr.BayesianPersonalizedRanking", "lmf.LogisticMatrixFactorization"])
def test_what_has_no_gpu_says_so(path):
    with pytest.raises(NotImplementedError, match="use_gpu=False"):
        find(path)(use_gpu=True)


def test_there_is_no_gpu():
    assert implicit.gpu.HAS_CUDA is implicit.gpu.HAS_RMM is False
    assert not hasattr(implicit.gpu, "Matrix")
    with pytest.raises(AttributeError, match="needs a GPU"):
        implicit.gpu.KnnQuery  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        implicit.gpu.nothing  # noqa: B018
    for call in (
        lambda: implicit.als.AlternatingLeastSquares(use_gpu=True),
        lambda: find("gpu.als.AlternatingLeastSquares")(factors=64),
        find("gpu.bpr.BayesianPersonalizedRanking"),
        lambda: find("gpu.als.calculate_loss")(None, None, None, 0.1),
    ):
        with pytest.raises(UnsupportedError, match=r"needs a GPU.*use_gpu=False"):
            call()


def test_helpers():
    utils.check_blas_config()
    factors = np.array([[3.0, 4.0], [1.0, 0.0]])
    longest, longer = utils.augment_inner_product_matrix(factors)
    assert longest == 5
    np.testing.assert_allclose(np.linalg.norm(longer, axis=1), 5)
    np.testing.assert_array_equal(longer[:, :2], factors)


def test_the_base_class_may_be_derived_from():
    from tastemaker.compat.implicit.cpu.matrix_factorization_base import MatrixFactorizationBase

    class Random(MatrixFactorizationBase):
        def fit(self, user_items, show_progress=True, callback=None):
            rng = np.random.default_rng(0)
            self.user_factors, self.item_factors = (rng.normal(size=(n, 3)) for n in user_items.shape)

        def save(self, file):
            raise NotImplementedError

    model = Random()
    model.fit(np.zeros((4, 5)))
    assert len(model.recommend(0, None, N=3, filter_already_liked_items=False)[0]) == 3
    for call in (lambda: model.recalculate_user(0, None), lambda: model.recalculate_item(0, None)):
        with pytest.raises(UnsupportedError, match="`Random` cannot do recalculate_"):
            call()
