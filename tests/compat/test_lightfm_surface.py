"""The names and signatures of LightFM 1.17, and a script of one of its users."""

from __future__ import annotations

import importlib
import inspect
import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from tastemaker import datasets
from tastemaker.compat import lightfm
from tastemaker.compat.lightfm import LightFM
from tastemaker.compat.lightfm.datasets import fetch_movielens, fetch_stackexchange
from tastemaker.errors import UnsupportedError

FEATURES = "user_features=None, item_features=None"
FIT = f"self, interactions, {FEATURES}, sample_weight=None, epochs=1, num_threads=1, verbose=False"
METRIC = f"{FEATURES}, preserve_rows=False, num_threads=1, check_intersections=True"
AT_K = f"model, test_interactions, train_interactions=None, k=10, {METRIC}"
OF_RANKS = f"model, test_interactions, train_interactions=None, {METRIC}"
SIGNATURES = {
    "lightfm.LightFM": "no_components=10, k=5, n=10, learning_schedule='adagrad', loss='logistic', learning_rate=0.05, "
    "rho=0.95, epsilon=1e-6, item_alpha=0.0, user_alpha=0.0, max_sampled=10, random_state=None",
    "lightfm.LightFM.fit": FIT,
    "lightfm.LightFM.fit_partial": FIT,
    "lightfm.LightFM.predict": "self, user_ids, item_ids, item_features=None, user_features=None, num_threads=1",
    "lightfm.LightFM.predict_rank": "self, test_interactions, train_interactions=None, item_features=None, "
    "user_features=None, num_threads=1, check_intersections=True",
    "lightfm.LightFM.get_item_representations": "self, features=None",
    "lightfm.LightFM.get_user_representations": "self, features=None",
    "lightfm.LightFM.get_params": "self, deep=True",
    "lightfm.LightFM.set_params": "self, **params",
    "data.Dataset": "user_identity_features=True, item_identity_features=True",
    "data.Dataset.fit": f"self, users, items, {FEATURES}",
    "data.Dataset.fit_partial": f"self, users=None, items=None, {FEATURES}",
    "data.Dataset.build_interactions": "self, data",
    "data.Dataset.build_user_features": "self, data, normalize=True",
    "data.Dataset.build_item_features": "self, data, normalize=True",
    "data.Dataset.interactions_shape": "self",
    "data.Dataset.user_features_shape": "self",
    "data.Dataset.item_features_shape": "self",
    "data.Dataset.model_dimensions": "self",
    "data.Dataset.mapping": "self",
    "evaluation.precision_at_k": AT_K,
    "evaluation.recall_at_k": AT_K,
    "evaluation.auc_score": OF_RANKS,
    "evaluation.reciprocal_rank": OF_RANKS,
    "cross_validation.random_train_test_split": "interactions, test_percentage=0.2, random_state=None",
    "datasets.fetch_movielens": "data_home=None, indicator_features=True, genre_features=False, min_rating=0.0, "
    "download_if_missing=True",
    "datasets.fetch_stackexchange": "dataset, test_set_fraction=0.2, min_training_interactions=1, data_home=None, "
    "indicator_features=True, tag_features=False, download_if_missing=True",
}


@pytest.mark.parametrize("path", SIGNATURES)
def test_signatures(path):
    module, *names = path.split(".")
    found = importlib.import_module(f"tastemaker.compat.lightfm.{module}")
    for name in names:
        found = getattr(found, name)
    want = eval(f"lambda {SIGNATURES[path]}: None")
    got, expected = (
        [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
        for function in (found, want)
    )
    assert got == expected
    assert lightfm.__version__ == "1.17"


SCRIPT = """
import numpy as np
from lightfm import LightFM
from lightfm.data import Dataset
from lightfm.cross_validation import random_train_test_split
from lightfm.evaluation import auc_score, precision_at_k

rng = np.random.default_rng(0)
events = [(f"user{u}", f"film{i}", 1 + (u + i) % 3) for u in range(60) for i in range(40)
          if rng.random() < (0.5 if u % 2 == i % 2 else 0.02)]
dataset = Dataset()
dataset.fit(users=(u for u, _, _ in events), items=(i for _, i, _ in events), item_features=["even", "odd"])
interactions, weights = dataset.build_interactions(events)
parity = lambda film: ["even", "odd"][int(film[4:]) % 2]
item_features = dataset.build_item_features((i, [parity(i)]) for i in sorted({i for _, i, _ in events}))

train, test = random_train_test_split(interactions, test_percentage=0.2, random_state=42)
train_weights, _ = random_train_test_split(weights, test_percentage=0.2, random_state=42)
model = LightFM(no_components=8, loss="warp", learning_rate=0.05, item_alpha=1e-6, random_state=42)
model.fit(train, item_features=item_features, sample_weight=train_weights, epochs=5, num_threads=2, verbose=False)
for epoch in range(5):
    model.fit_partial(train, item_features=item_features, epochs=1)

user_map, _, item_map, _ = dataset.mapping()
films = {index: film for film, index in item_map.items()}
scores = model.predict(user_map["user3"], np.arange(len(item_map)), item_features=item_features)
best = [films[i] for i in np.argsort(-scores)[:5]]
precision = precision_at_k(model, test, train, k=5, item_features=item_features).mean()
auc = auc_score(model, test, train_interactions=train, item_features=item_features).mean()
biases, embeddings = model.get_item_representations(item_features)
"""


def test_a_script_of_lightfm_s_users_runs_with_only_the_import_changed():
    names: dict = {}
    exec(SCRIPT.replace("from lightfm", "from tastemaker.compat.lightfm"), names)
    assert len(names["best"]) == 5
    assert all(int(film[4:]) % 2 == 1 for film in names["best"])
    assert names["auc"] > 0.75
    assert names["precision"] > 0.12
    assert names["embeddings"].shape == (40, 8)


@pytest.fixture
def X():
    return sp.coo_matrix(np.random.default_rng(0).random((30, 20)) < 0.3)


@pytest.mark.parametrize("loss", ["logistic", "bpr", "warp", "warp-kos"])
@pytest.mark.parametrize("schedule", ["adagrad", "adadelta"])
def test_attributes_and_repeated_training(X, loss, schedule):
    def train():
        return LightFM(loss=loss, learning_schedule=schedule, random_state=3).fit(X, epochs=2).fit_partial(X)

    one, two = train(), pickle.loads(pickle.dumps(train()))
    for side, rows in (("user", 30), ("item", 20)):
        for name in ("embeddings", "embedding_gradients", "embedding_momentum"):
            assert getattr(one, f"{side}_{name}").shape == (rows, 10)
        for name in ("biases", "bias_gradients", "bias_momentum"):
            assert getattr(one, f"{side}_{name}").shape == (rows,)
        assert (getattr(one, f"{side}_embeddings") == getattr(two, f"{side}_embeddings")).all()
    assert (one.item_embedding_momentum != 0).any() == (schedule == "adadelta")
    assert (one.predict(0, [1, 2]) == two.predict(0, [1, 2])).all()


def test_weights_of_zero_teach_nothing(X):
    nothing = sp.coo_matrix((np.zeros(X.nnz), (X.row, X.col)), shape=X.shape)
    for loss in ("logistic", "bpr", "warp"):
        model = LightFM(loss=loss, random_state=0).fit(X, epochs=0)
        before = model.item_embeddings.copy()
        model.fit_partial(X, sample_weight=nothing)
        np.testing.assert_allclose(model.item_embeddings, before, atol=1e-6)


def test_parameters_can_be_read_and_set():
    model = LightFM(loss="warp", random_state=0)
    assert LightFM(**model.get_params()).loss == "warp"
    assert model.set_params(no_components=3).get_params()["no_components"] == 3


def test_movielens(monkeypatch):
    films = datasets.make_movies(rng=0)
    monkeypatch.setattr(datasets, "movielens", lambda size, download: films)
    shape = films.dataset.matrix.shape
    data = fetch_movielens(genre_features=True, min_rating=3.0)
    assert data["train"].shape == data["test"].shape == shape
    genres = data["item_features"].shape[1] - shape[1]
    assert genres > 0
    assert data["item_feature_labels"][-1].startswith("genre")
    assert data["train"].multiply(data["test"]).nnz == 0
    assert min(data["train"].data.min(), data["test"].data.min()) >= 3
    alone = fetch_movielens(indicator_features=False, genre_features=True)
    assert alone["item_features"].shape == (shape[1], genres)
    assert alone["test"].tocsr().getnnz(axis=1).max() <= 10


def test_stackexchange_says_why_not():
    with pytest.raises(UnsupportedError, match="no published checksum"):
        fetch_stackexchange("crossvalidated")
