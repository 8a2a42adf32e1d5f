"""Fixtures and settings that every test shares."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
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


def _poisoned(empty: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Return np.empty, or its like, with the worst that its memory may hold: NaN, the lowest number, true."""

    @functools.wraps(empty)
    def allocate(*args: object, **kwargs: object) -> np.ndarray:
        array = empty(*args, **kwargs)
        if array.dtype.kind in "fc":
            array.fill(np.nan)
        elif array.dtype.kind in "iu":
            array.fill(np.iinfo(array.dtype).min or np.iinfo(array.dtype).max)
        elif array.dtype.kind == "b":
            array.fill(True)
        return array

    return allocate


def pytest_configure() -> None:
    """Let nothing rest on luck: not on what memory happens to hold, nor on who started the tests."""
    np.empty, np.empty_like = _poisoned(np.empty), _poisoned(np.empty_like)
    # Ctrl-C: what a shell without job control starts in the background ignores it.
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
