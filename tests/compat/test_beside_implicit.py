"""The façade beside implicit 0.7.3 on the same data: recommendations, similarities, metrics."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
import scipy.sparse as sp
from bench.peers.environments import FOLDER
from tests.compat import journey

import tastemaker.compat.implicit

PEER = FOLDER / "implicit" / "bin" / "python"

# Training: implicit computes in float32 with sums in another order, and eighteen steps of conjugate gradients carry
# the difference on. All else is one pass over the data, exact to float32.
TRAINED, ONE_PASS = 2e-3, 2e-6
TRAINED_PREFIXES = ("als", "user", "item", "losses", "recalc", "explained", "YtY", "XtX", "grown", "exact")


@pytest.fixture(scope="module")
def ours():
    return journey.run(tastemaker.compat.implicit, journey.data())


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    if not PEER.exists():
        pytest.skip("needs implicit in build/peers: `make bench` puts it there")
    folder = tmp_path_factory.mktemp("implicit")
    sp.save_npz(folder / "data.npz", journey.data())
    command = [str(PEER), "-W", "ignore", journey.__file__, "implicit", "data.npz", "results.npz"]
    environment = {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "results.npz") as results:
        return dict(results)


def test_the_same_results_come_out(ours, theirs):
    assert set(ours) == set(theirs)
    wrong = [line for name in theirs if (line := difference(name, np.asarray(ours[name]), theirs[name]))]
    assert not wrong, "\n".join(wrong)


def difference(name, got, want):
    """Return what differs beyond rounding, or None."""
    if (got.shape, got.dtype) != (want.shape, want.dtype):
        return f"{name}: {got.dtype}{got.shape} for {want.dtype}{want.shape}"
    if want.dtype.kind in "iu":
        return None if (got == want).all() else f"{name}: {(got != want).mean():.0%} of the ids differ"
    off = np.abs(got - want).max() / max(1.0, np.abs(want).max())
    allowed = TRAINED if name.startswith(TRAINED_PREFIXES) else ONE_PASS
    return None if off <= allowed else f"{name}: off by {off:.2g} where {allowed:g} is allowed"
