"""The `.npz` files of implicit: read, written, and refused."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from tests.compat.test_beside_implicit import PEER

from tastemaker.compat.implicit.cpu.als import AlternatingLeastSquares
from tastemaker.compat.implicit.cpu.bpr import BayesianPersonalizedRanking
from tastemaker.compat.implicit.cpu.lmf import LogisticMatrixFactorization
from tastemaker.compat.implicit.nearest_neighbours import (
    BM25Recommender,
    CosineRecommender,
    ItemItemRecommender,
    TFIDFRecommender,
)
from tastemaker.errors import DataError, FileError, FormatError, NotFittedError, UnsupportedError

FROZEN = Path(__file__).parent / "implicit_files"
CLASSES = {
    "als": AlternatingLeastSquares,
    "als-float64": AlternatingLeastSquares,
    "item-item": ItemItemRecommender,
    "cosine": CosineRecommender,
    "tfidf": TFIDFRecommender,
    "bm25": BM25Recommender,
    "bpr": BayesianPersonalizedRanking,
    "lmf": LogisticMatrixFactorization,
}
by_class = pytest.mark.parametrize("name", CLASSES)


@pytest.fixture(scope="module")
def results():
    with np.load(FROZEN / "results.npz") as file:
        return dict(file)


@by_class
def test_what_implicit_wrote_recommends_as_it_did(name, results):
    model = CLASSES[name].load(FROZEN / f"{name}.npz")
    X = sp.csr_matrix(results["data"])
    ids, scores = model.recommend(np.arange(14), X, N=3, filter_already_liked_items=False)
    np.testing.assert_array_equal(ids, results[f"{name} ids"])
    np.testing.assert_allclose(scores, results[f"{name} scores"], rtol=1e-5, atol=1e-6)
    assert scores.dtype == results[f"{name} scores"].dtype


@by_class
def test_a_model_comes_back_as_it_was(name, results, tmp_path):
    model = CLASSES[name].load(FROZEN / f"{name}.npz")
    model.save(tmp_path / "again")
    again = CLASSES[name].load(tmp_path / "again.npz")
    assert CLASSES[name].load(str(tmp_path / "again")).num_threads == model.num_threads
    for attribute, value in vars(model).items():
        if not attribute.startswith("_") and attribute != "scorer":
            assert getattr(again, attribute) == value, attribute
    X = sp.csr_matrix(results["data"])
    for got, want in zip(again.recommend(np.arange(14), X), model.recommend(np.arange(14), X), strict=True):
        np.testing.assert_array_equal(got, want)


def test_every_parameter_of_als_comes_back(tmp_path):
    model = AlternatingLeastSquares(
        3, 0.5, 2.0, np.float64, False, False, 7, True, num_threads=2, random_state=np.int64(9)
    )
    model.cg_steps = 5
    model.save(tmp_path / "model.npz")
    again = AlternatingLeastSquares.load(tmp_path / "model.npz")
    assert again.user_factors is None
    for name, value in vars(model).items():
        assert getattr(again, name) == value, name


def test_bm25_keeps_its_parameters(tmp_path):
    """implicit writes only K, and loads it as an array."""
    BM25Recommender(K=3, K1=1.5, B=0.4).save(tmp_path / "bm25.npz")
    again = BM25Recommender.load(tmp_path / "bm25.npz")
    assert (again.K, again.K1, again.B) == (3, 1.5, 0.4)
    assert isinstance(again.K, int)
    theirs = BM25Recommender.load(FROZEN / "bm25.npz")
    assert (theirs.K, theirs.K1, theirs.B) == (4, 1.2, 0.75)


def test_models_that_were_saved_unfitted_load_unfitted():
    als = AlternatingLeastSquares.load(FROZEN / "als-unfitted.npz")
    cosine = CosineRecommender.load(FROZEN / "cosine-unfitted.npz")
    assert (als.factors, cosine.K) == (5, 7)
    for model in (als, cosine):
        with pytest.raises(NotFittedError, match=r"Call fit\(user_items\) first"):
            model.recommend(0, sp.csr_matrix((1, 3)))


def test_open_files_are_read_and_written(results):
    model = AlternatingLeastSquares.load(FROZEN / "als.npz")
    buffer = io.BytesIO()
    model.save(buffer)
    buffer.seek(0)
    np.testing.assert_array_equal(AlternatingLeastSquares.load(buffer).item_factors, model.item_factors)


@pytest.mark.parametrize("random_state", [None, np.random.default_rng(0), np.random.RandomState(0)])
def test_only_a_seed_is_written(tmp_path, random_state):
    """implicit pickles a Generator into the file and then cannot load it."""
    AlternatingLeastSquares(random_state=random_state).save(tmp_path / "model.npz")
    assert AlternatingLeastSquares.load(tmp_path / "model.npz").random_state is None


def test_half_precision_from_a_gpu_becomes_float32(tmp_path):
    factors = np.ones((3, 2), np.float16)
    np.savez(tmp_path / "gpu.npz", user_factors=factors, item_factors=factors, factors=2, dtype="float16")
    model = AlternatingLeastSquares.load(tmp_path / "gpu.npz")
    assert model.dtype == model.item_factors.dtype == np.float32


def test_implicit_reads_what_is_written_here(tmp_path):
    if not PEER.exists():
        pytest.skip("needs implicit in build/peers: `make bench` puts it there")
    for name, cls in CLASSES.items():
        cls.load(FROZEN / f"{name}.npz").save(tmp_path / name)
    code = f"""
import implicit.cpu.als, implicit.cpu.bpr, implicit.cpu.lmf
import implicit.nearest_neighbours as nn, numpy as np, scipy.sparse as sp
results = np.load({str(FROZEN / "results.npz")!r})
X = sp.csr_matrix(results["data"])
als = implicit.cpu.als.AlternatingLeastSquares
classes = dict(zip({list(CLASSES)}, (als, als, nn.ItemItemRecommender, nn.CosineRecommender, nn.TFIDFRecommender,
                                     nn.BM25Recommender, implicit.cpu.bpr.BayesianPersonalizedRanking,
                                     implicit.cpu.lmf.LogisticMatrixFactorization)))
for name, cls in classes.items():
    ids, scores = cls.load(name).recommend(np.arange(14), X, N=3, filter_already_liked_items=False)
    assert (ids == results[name + " ids"]).all(), name
"""
    done = subprocess.run(
        [str(PEER), "-W", "ignore", "-c", code], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_file_that_is_not_there_or_cannot_be_written(tmp_path):
    model = AlternatingLeastSquares.load(FROZEN / "als.npz")
    with pytest.raises(FileError, match="cannot be read"):
        AlternatingLeastSquares.load(tmp_path / "nothing")
    with pytest.raises(FileError, match="cannot be written"):
        model.save(tmp_path / "no folder" / "model.npz")
    with pytest.raises(OSError, match="cannot be read"):
        CosineRecommender.load(tmp_path)


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    model = AlternatingLeastSquares.load(FROZEN / "als.npz")
    model.save(path)
    before = path.read_bytes()

    def fail(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(KeyboardInterrupt):
        model.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("keep", [0, 10, 0.3, 0.7, 0.98])
@by_class
def test_cut_files_are_refused(name, keep, tmp_path):
    whole = (FROZEN / f"{name}.npz").read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(FormatError, match=r"is no \.npz file, or is damaged"):
        CLASSES[name].load(path)


def test_files_of_something_else_are_refused(tmp_path):
    text, plain, pickled = (tmp_path / f"{name}.npz" for name in ("text", "plain", "pickled"))
    text.write_text("userid,itemid\n")
    with plain.open("wb") as file:
        np.save(file, np.eye(3))
    np.savez(pickled, user_factors=np.array([{}], dtype=object))
    for path in (text, plain, pickled):
        with pytest.raises(FormatError, match=r"is no \.npz file"):
            AlternatingLeastSquares.load(path)
    with pytest.raises(FormatError, match=r"got 'K'\. Is it another model's"):
        AlternatingLeastSquares.load(FROZEN / "cosine.npz")
    with pytest.raises(FormatError, match="Is it another model's"):
        CosineRecommender.load(FROZEN / "als.npz")


ALS_DAMAGE = {
    "factors": ({"factors": 7}, FormatError, "`user_factors` in the file must have 7 columns, got 3"),
    "kind": ({"factors": 2.5}, FormatError, "`factors` in the file must be of type int, got 2.5"),
    "bool": ({"iterations": True}, FormatError, "`iterations` in the file must be of type int, got True"),
    "array": ({"alpha": np.ones(2)}, FormatError, "`alpha` in the file must be of type float"),
    "vector": ({"item_factors": np.ones(3)}, FormatError, "`item_factors` in the file must be a 2-d array"),
    "text": ({"item_factors": "no"}, FormatError, "`item_factors` in the file must be a 2-d array"),
    "nan": ({"item_factors": np.full((9, 3), np.nan)}, DataError, "`item_factors` must hold finite values"),
    "seed": ({"random_state": "no"}, FormatError, "`random_state` in the file must be of type int"),
}
KNN_DAMAGE = {
    "size": ({"shape": [9, 8]}, FormatError, "do not belong together"),
    "shape": ({"shape": [9]}, FormatError, "of a CSR matrix"),
    "column": ({"indices": np.full(36, 99)}, DataError, "column indices in"),
    "pointer": ({"indptr": np.arange(10)[::-1]}, DataError, "`similarity`"),
    "nan": ({"data": np.full(36, np.nan)}, DataError, "`similarity` must hold finite values"),
    "K": ({"K": "no"}, FormatError, "`K` in the file must be of type int"),
}


@pytest.mark.parametrize("damage", ALS_DAMAGE)
def test_als_files_that_contradict_themselves_are_refused(damage, tmp_path):
    refuse(AlternatingLeastSquares, FROZEN / "als.npz", ALS_DAMAGE[damage], tmp_path)


@pytest.mark.parametrize("damage", KNN_DAMAGE)
def test_neighbour_files_that_contradict_themselves_are_refused(damage, tmp_path):
    refuse(CosineRecommender, FROZEN / "cosine.npz", KNN_DAMAGE[damage], tmp_path)


def refuse(cls, path, damage, tmp_path):
    changes, error, message = damage
    with np.load(path) as file:
        np.savez(tmp_path / "damaged.npz", **{**file, **changes})
    with pytest.raises(error, match=message):
        cls.load(tmp_path / "damaged.npz")


def test_a_file_without_a_part_of_the_similarity_is_refused(tmp_path):
    with np.load(FROZEN / "cosine.npz") as file:
        np.savez(tmp_path / "damaged.npz", **{name: file[name] for name in file.files if name != "data"})
    with pytest.raises(FormatError, match="of a CSR matrix"):
        CosineRecommender.load(tmp_path / "damaged.npz")


def test_the_base_class_has_no_file_format():
    from tastemaker.compat.implicit.recommender_base import RecommenderBase

    with pytest.raises(UnsupportedError, match="cannot be loaded"):
        RecommenderBase.load("model.npz")
