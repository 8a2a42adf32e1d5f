"""Files that earlier versions wrote, which every later one must read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.contract.zoo import MODELS

import tastemaker as tm
from tastemaker.models._saving import FORMAT_VERSION

FORMATS = Path(__file__).parents[1] / "formats"
FROZEN = sorted(FORMATS.glob("v*/*.safetensors"))


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_frozen_file_recommends_as_it_did(path, tmp_path):
    model = tm.load(path)
    stored, config = tm.inspect(path)["model"]["params"], model.to_config()["params"]
    known = stored.keys() - {
        "models"
    }  # of members, as of everything later versions add, the defaults are theirs
    assert {name: config[name] for name in known} == {name: stored[name] for name in known}
    want = pd.read_csv(path.with_suffix(".csv"))
    # Other SIMD levels round differently, and then two nearly equal items may change places.
    scores = model.score(want["reader"].tolist(), want["book"].tolist())
    np.testing.assert_allclose(scores, want["score"], rtol=1e-4, atol=1e-6)
    got = model.recommend(n=4)
    assert list(got.columns) == list(want.columns)
    np.testing.assert_allclose(got["score"], want["score"], rtol=1e-4, atol=1e-6)
    assert tm.inspect(path)["notes"] == {"of": "a library"}
    model.save(tmp_path / "again")
    pd.testing.assert_frame_equal(tm.load(tmp_path / "again").recommend(n=4), got)


def test_every_model_has_a_frozen_file():
    frozen = {path.stem for path in FROZEN if path.parent.name == f"v{FORMAT_VERSION}"}
    assert frozen == set(MODELS), "run `python -m tests.formats.make` and commit the new files"
