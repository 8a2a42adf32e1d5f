"""Every model on disk and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from tests.contract.zoo import MODELS, rows_of

import tastemaker as tm


def fitted_state(model):
    """Return every fitted attribute as comparable arrays and plain values."""
    state = {}
    for name, value in vars(model).items():
        if name == "models_":
            state |= {
                f"{part}/{k}": v for part, member in value.items() for k, v in fitted_state(member).items()
            }
        elif name.endswith("_"):
            state[name] = value.ids if isinstance(value, tm.data.IdMap) else value
    return state


def assert_same_state(got, want):
    assert got.keys() == want.keys()
    for name, value in want.items():
        if sp.issparse(value):
            for part in ("indptr", "indices", "data"):
                np.testing.assert_array_equal(getattr(got[name], part), getattr(value, part))
        else:
            np.testing.assert_array_equal(got[name], value)


def test_round_trip_on_a_matrix(model, tmp_path):
    path = tmp_path / "model.safetensors"
    model.save(path)
    loaded = tm.load(path)
    assert type(loaded) is type(model)
    assert loaded.to_config() == model.to_config()
    assert_same_state(fitted_state(loaded), fitted_state(model))
    want, got = model.recommend(n=8), loaded.recommend(n=8)
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])


def test_round_trip_on_a_dataset(unfitted, X, tmp_path):
    users, items, weights = zip(*rows_of(X), strict=True)
    frame = pd.DataFrame({"user_id": users, "movieId": items, "count": weights})
    model = unfitted.fit(tm.Dataset.from_frame(frame, user="user_id", item="movieId", weight="count"))
    model.save(tmp_path / "m")
    loaded = tm.load(tmp_path / "m")
    pd.testing.assert_frame_equal(loaded.recommend(["u3", "u9"], n=5), model.recommend(["u3", "u9"], n=5))
    facts = tm.inspect(tmp_path / "m")
    assert facts["model"] == model.to_config()
    assert facts["shape"] == [40, 30]
    assert facts["ids"] == {"users": "str", "items": "int"}


def test_a_loaded_model_can_be_saved_again(model, tmp_path):
    model.save(tmp_path / "a")
    tm.load(tmp_path / "a").save(tmp_path / "b")
    assert_same_state(fitted_state(tm.load(tmp_path / "b")), fitted_state(model))


def test_a_loaded_model_can_replace_its_own_file(model, tmp_path):
    model.save(tmp_path / "a")
    loaded = tm.load(tmp_path / "a")
    loaded.save(tmp_path / "a")
    np.testing.assert_array_equal(tm.load(tmp_path / "a").recommend(n=3)[0], model.recommend(n=3)[0])


@pytest.mark.parametrize("name", [name for name, make in MODELS.items() if "partial_fit" in make().abilities])
def test_a_loaded_model_goes_on_training(name, X, tmp_path):
    model = MODELS[name]().fit(X)
    model.save(tmp_path / "a")
    loaded = tm.load(tmp_path / "a").partial_fit(X)
    np.testing.assert_array_equal(loaded.recommend(n=5)[0], model.partial_fit(X).recommend(n=5)[0])
