"""Fixtures and settings that every test shares."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tastemaker import _core

# Any seed must pass, so nothing is derandomised; a slow machine is no failure, so there is no deadline.
# The fixtures `threads` and `simd_level` hold for a whole test on purpose, which one health check dislikes.
_common = settings(
    deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile("default", _common, max_examples=50)
settings.register_profile("thorough", _common, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

_data_folder = os.environ.get("TASTEMAKER_DATA")


def pytest_configure() -> None:
    """Let SIGINT be Ctrl-C: what a shell without job control starts in the background ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `data` where no folder of public data sets is given."""
    if _data_folder:
        return
    skip = pytest.mark.skip(reason="needs public data sets: set TASTEMAKER_DATA to their folder")
    for item in items:
        if item.get_closest_marker("data"):  # not `keywords`, which hold the names of folders too
            item.add_marker(skip)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of public data sets; skips the test where there is none."""
    if not _data_folder:
        pytest.skip("needs public data sets: set TASTEMAKER_DATA to their folder")
    return Path(_data_folder)


@pytest.fixture(params=[1, 3, 7], ids=lambda n: f"threads{n}")
def threads(request: pytest.FixtureRequest) -> int:
    """Thread counts under which results must agree: serial, and two that divide nothing evenly."""
    return request.param


@pytest.fixture(params=_core.available_simd_levels())
def simd_level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every SIMD level of this build and CPU; the level in use before comes back afterwards."""
    before = _core.simd_level()
    _core.set_simd_level(request.param)
    yield request.param
    _core.set_simd_level(before)


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed, for tests of examples; properties draw their seeds from Hypothesis."""
    return np.random.default_rng(20240607)
