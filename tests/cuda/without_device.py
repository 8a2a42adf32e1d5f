"""The built module of tastemaker-cuda where there is no device to run on; `make cuda` runs it there."""

from __future__ import annotations

import importlib
import logging

import numpy as np
import pytest
import scipy.sparse as sp

import tastemaker as tm
from tastemaker.cli._doctor import examine
from tastemaker.errors import UnsupportedError

X = sp.random_array((30, 20), density=0.3, rng=np.random.default_rng(1), format="csr", dtype=np.float32)


@pytest.fixture
def package():
    return importlib.import_module("tastemaker_cuda")


@pytest.fixture
def cuda():
    return importlib.import_module("tastemaker_cuda._cuda")


def test_it_says_what_is_missing(package):
    assert package.__version__ == tm.__version__
    assert "driver" in package.problem()


def test_cuda_raises_with_that_reason(package):
    with pytest.raises(UnsupportedError) as caught:
        tm.ALS(device="cuda").fit(X)
    assert package.problem() in str(caught.value)


def test_auto_falls_back_to_the_cpu_with_one_line(package, caplog):
    with caplog.at_level(logging.INFO, logger="tastemaker"):
        model = tm.ALS(factors=4, device="auto", rng=0).fit(X)
    (line,) = [record.getMessage() for record in caplog.records]
    assert package.problem() in line
    assert np.array_equal(model.item_factors_, tm.ALS(factors=4, rng=0).fit(X).item_factors_)


def test_doctor_tells(package):
    (line,) = [finding.found for finding in examine(1) if finding.check == "gpu"]
    assert package.problem() in line


def test_what_computes_raises(cuda):
    with pytest.raises(cuda.DeviceError, match="failed"):
        cuda.Table(np.ones((3, 2), dtype=np.float32))
