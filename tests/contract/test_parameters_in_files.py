"""Every parameter of every model, at another value than its default, through a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.contract.zoo import interactions, rows_of

import tastemaker as tm

#: By model and parameter: another value, and what else the model needs for it to be read.
OTHER = {
    tm.Popular: {"by": ("weight", {}), "half_life": (3.0, {"by": "recent"})},
    tm.KNN: {
        "similarity": ("pearson", {}),
        "neighbors": (4, {}),
        "shrinkage": (2.0, {}),
        "k1": (2.0, {"similarity": "bm25"}),
        "b": (0.5, {"similarity": "bm25"}),
        "alpha": (0.8, {"similarity": "random_walk"}),
        "beta": (0.2, {"similarity": "random_walk"}),
        "axis": ("user", {}),
    },
    tm.ALS: {
        "factors": (3, {}),
        "epochs": (2, {}),
        "reg": (0.1, {}),
        "alpha": (3.0, {}),
        "unobserved_weight": (0.2, {}),
        "nu": (0.5, {}),
        "solver": ("cholesky", {}),
        "cg_steps": (4, {}),
        "block_size": (16, {"solver": "ials++", "factors": 20}),
        "init_std": (0.3, {}),
        "compute_loss": (True, {}),
        "device": ("auto", {}),
        "rng": (7, {}),
    },
    tm.LightFM: {
        "factors": (3, {}),
        "loss": ("logistic", {}),
        "optimizer": ("adadelta", {}),
        "learning_rate": (0.02, {}),
        "rho": (0.9, {"optimizer": "adadelta"}),
        "epsilon": (1e-5, {"optimizer": "adadelta"}),
        "reg_user": (1e-4, {}),
        "reg_item": (1e-4, {}),
        "max_sampled": (5, {}),
        "k": (2, {"loss": "warp_kos"}),
        "n_kos": (7, {"loss": "warp_kos"}),
        "epochs": (2, {}),
        "user_indicators": (False, {}),
        "item_indicators": (False, {}),
        "feature_weights": ({"genre": 2.0}, {}),
        "deterministic": (True, {}),
        "rng": (7, {}),
    },
    tm.BPR: {
        "factors": (3, {}),
        "learning_rate": (0.02, {}),
        "reg": (0.1, {}),
        "sampler": ("popularity", {}),
        "verify_negatives": (False, {}),
        "epochs": (2, {}),
        "deterministic": (True, {}),
        "rng": (7, {}),
    },
    tm.LogisticMF: {
        "factors": (3, {}),
        "learning_rate": (0.5, {}),
        "reg": (0.1, {}),
        "negatives_per_positive": (5, {}),
        "max_negatives": (9, {}),
        "epochs": (2, {}),
        "rng": (7, {}),
    },
    tm.SVD: {
        "factors": (3, {}),
        "method": ("arpack", {"factors": 3}),
        "power_iterations": (4, {"method": "randomized", "factors": 3}),
        "rng": (7, {"factors": 3}),
    },
    tm.EASE: {"reg": (20.0, {})},
    tm.Blend: {
        "models": ({"knn": tm.KNN(neighbors=4)}, {}),
        "weights": ({"knn": 1, "svd": 3}, {}),
        "validation": (0.3, {}),
        "k": (5, {}),
        "rng": (7, {}),
    },
}
NEEDED = {tm.Blend: {"models": {"knn": tm.KNN(neighbors=4), "svd": tm.SVD(factors=3, rng=0)}}}
CASES = [(cls, name) for cls, others in OTHER.items() for name in others]


@pytest.fixture(scope="module")
def data():
    users, items, weights = zip(*rows_of(interactions()), strict=True)
    frame = pd.DataFrame(
        {"user": users, "item": items, "weight": weights, "time": np.arange(len(users)) * 86400}
    )
    readers = pd.DataFrame({"user": sorted(set(users)), "town": ["a", "b"] * 20})
    books = pd.DataFrame({"item": sorted(set(items)), "genre": ["x", "y", "z"] * 10})
    return tm.Dataset.from_frame(frame, user_features=readers, item_features=books)


def test_no_model_and_no_parameter_is_missing():
    models = {value for value in vars(tm.models).values() if isinstance(value, type)} - {tm.Recommender}
    assert set(OTHER) == {model for model in models if issubclass(model, tm.Recommender)}
    for cls, others in OTHER.items():
        assert set(others) == set(cls().get_params())


@pytest.mark.parametrize(("cls", "name"), CASES, ids=lambda part: getattr(part, "__name__", part))
def test_a_parameter_survives_a_file(cls, name, data, tmp_path):
    value, needed = OTHER[cls][name]
    model = cls(**{**NEEDED.get(cls, {}), **needed, name: value})
    assert value != cls().get_params()[name]
    model.fit(data, progress=False).save(tmp_path / "model")
    loaded = tm.load(tmp_path / "model")
    assert loaded.to_config() == model.to_config()
    pd.testing.assert_frame_equal(loaded.recommend(n=5), model.recommend(n=5))
