"""The façade against LightFM 1.17: frozen results, and LightFM itself where it is installed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bench.peers.environments import FOLDER
from tests.compat import lightfm_journey as journey

from tastemaker.compat.lightfm import LightFM, from_lightfm
from tastemaker.errors import ArgumentTypeError, DataError, NotFittedError

PACKAGE = "tastemaker.compat.lightfm"
PEER = FOLDER / "lightfm" / "bin" / "python"
FROZEN = Path(__file__).parent / "lightfm_files" / "results.npz"


@pytest.fixture(scope="module")
def frozen():
    with np.load(FROZEN) as results:
        return dict(results)


def check_same(theirs):
    ours = journey.run(PACKAGE, theirs)
    assert set(ours) == set(theirs)
    for name, want in theirs.items():
        got = np.asarray(ours[name])
        assert got.shape == want.shape, name
        if name.split()[-1] not in ("True", "False"):
            assert got.dtype == want.dtype, name
        # LightFM's recall of users without test items is NaN, where its documentation and the façade say 0.
        np.testing.assert_allclose(got, np.nan_to_num(want), rtol=1e-6, atol=1e-6, err_msg=name)


def test_the_same_results_as_frozen(frozen):
    check_same(frozen)


def test_the_same_results_beside_the_peer(tmp_path):
    if not PEER.exists():
        pytest.skip("needs LightFM in build/peers: `make bench` puts it there")
    command = [str(PEER), "-W", "ignore", journey.__file__, "lightfm", str(tmp_path / "results.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "results.npz") as results:
        check_same(dict(results))


def trained(frozen, schedule):
    """Return what has the attributes of a model that LightFM trained."""
    parameters = LightFM(
        no_components=4, loss="warp", learning_schedule=schedule, random_state=5
    ).get_params()
    arrays = {
        f"{side}_{name}": frozen[f"{schedule} {side}_{name}"]
        for side in journey.SIDES
        for name in journey.ARRAYS
    }
    return SimpleNamespace(**parameters, **arrays)


@pytest.mark.parametrize("schedule", ["adagrad", "adadelta"])
def test_a_trained_model_is_taken_over_and_trains_on(frozen, schedule):
    source = trained(frozen, schedule)
    model = from_lightfm(source)
    train, _, weights, features = journey.matrices(PACKAGE, {})
    pairs = np.arange(20)
    scores = model.predict(pairs, pairs[::-1], **features)
    np.testing.assert_allclose(scores, frozen[f"{schedule} pairs"], rtol=0, atol=1e-6)
    before = source.item_embeddings.copy()
    model.fit_partial(train, sample_weight=weights, **features)
    assert (source.item_embeddings == before).all()
    assert (model.item_embeddings != before).any()
    assert (model.item_embedding_gradients != source.item_embedding_gradients).any()


def test_what_is_no_trained_model_is_refused(frozen):
    with pytest.raises(ArgumentTypeError, match=r"`model` must be a lightfm\.LightFM, got int"):
        from_lightfm(3)
    with pytest.raises(NotFittedError):
        from_lightfm(LightFM())
    source = trained(frozen, "adagrad")
    source.item_biases = source.item_biases[:-1]
    with pytest.raises(DataError, match="`item_biases` of `model` must have the shape"):
        from_lightfm(source)
