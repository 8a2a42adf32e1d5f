"""ALS(device=...): what it says where there is no GPU, and the steps on a device made of numpy."""

from __future__ import annotations

import logging
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import cuda_device

import tastemaker as tm
from tastemaker.errors import ArgumentError, UnsupportedError

X = sp.random_array((30, 20), density=0.3, rng=np.random.default_rng(1), format="csr", dtype=np.float32)


@pytest.fixture
def device(monkeypatch):
    return cuda_device.install(monkeypatch, tm.__version__)


@pytest.fixture
def no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tastemaker_cuda", None)


@pytest.mark.usefixtures("no_package")
def test_cuda_without_the_package_says_so():
    with pytest.raises(UnsupportedError, match=r"tastemaker.cuda.*device='cpu'"):
        tm.ALS(device="cuda").fit(X)


@pytest.mark.usefixtures("no_package")
def test_auto_falls_back_with_one_line(caplog):
    with caplog.at_level(logging.INFO, logger="tastemaker"):
        model = tm.ALS(factors=4, device="auto", rng=0).fit(X)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "ALS(device='auto') trains on the CPU"
    ]
    assert np.array_equal(model.user_factors_, tm.ALS(factors=4, rng=0).fit(X).user_factors_)


def test_reasons(device, monkeypatch):
    device.package.problem = lambda: "the NVIDIA driver finds no GPU"
    with pytest.raises(UnsupportedError, match="finds no GPU"):
        tm.ALS(device="cuda").fit(X)
    device.package.__version__ = "0.0.1"
    with pytest.raises(UnsupportedError, match=r"tastemaker-cuda 0\.0\.1 is not of this version"):
        tm.ALS(device="cuda").fit(X)


def test_what_a_device_cannot_do(device):
    with pytest.raises(UnsupportedError, match="ials"):
        tm.ALS(device="cuda", solver="ials++").fit(X)
    with pytest.raises(UnsupportedError, match=r"at most 1024.*got 1025"):
        tm.ALS(device="cuda", factors=1025).fit(X)
    with pytest.raises(ArgumentError, match="`device`"):
        tm.ALS(device="tpu").fit(X)


def test_out_of_memory_has_the_numbers(device, monkeypatch):
    def full(*_, **__):
        raise cuda_device.OutOfMemory("out of device memory: 12 bytes wanted, 3 of 4 free")

    monkeypatch.setattr(device.module, "Matrix", full, raising=False)
    with pytest.raises(UnsupportedError, match=r"12 bytes wanted, 3 of 4 free.*fewer `factors`"):
        tm.ALS(device="cuda").fit(X)
    tm.ALS(device="auto", factors=3).fit(X)


@pytest.mark.parametrize("solver", ["cg", "cholesky"])
@pytest.mark.usefixtures("device")
def test_the_steps_are_those_of_the_cpu(solver, tmp_path):
    params = {"factors": 5, "epochs": 3, "solver": solver, "compute_loss": True, "rng": 0}
    there, here = tm.ALS(device="cuda", **params).fit(X), tm.ALS(**params).fit(X)
    np.testing.assert_allclose(there.user_factors_, here.user_factors_, rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(there.item_factors_, here.item_factors_, rtol=2e-3, atol=2e-4)
    assert there.history_[-1]["loss"] == pytest.approx(here.history_[-1]["loss"], rel=1e-4)
    there.save(tmp_path / "model")
    loaded = tm.load(tmp_path / "model")
    assert loaded.device == "cuda"
    assert np.array_equal(loaded.recommend(0, n=3)[0], there.recommend(0, n=3)[0])
