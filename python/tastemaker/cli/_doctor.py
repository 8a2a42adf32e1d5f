"""What `tastemaker doctor` looks at; each check says what it found and whether that is all right."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tastemaker import __version__
from tastemaker._runtime import cpu_limits, num_threads, simd_level, simd_levels
from tastemaker.cli._models import classes, make_model
from tastemaker.datasets import catalogue, make_movies
from tastemaker.models._cuda import found, missing
from tastemaker.persistence import load

_required = ("numpy", "scipy", "narwhals", "safetensors", "tqdm", "click")
_readers = ("polars", "pyarrow", "pandas")
_optional = {"duckdb": "relations as data", "pooch": "downloads of public data sets"}


@dataclass(frozen=True)
class Finding:
    """The outcome of a check."""

    check: str
    found: str
    fine: bool = True


def examine(threads: int | None) -> Iterator[Finding]:
    """Yield the findings; a check that fails unexpectedly is a finding too."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _versions,
        _cpu,
        lambda: _threads(threads),
        _gpu,
        _libraries,
        _data_folders,
        _models,
    )
    for check in checks:
        try:
            yield from check()
        except Exception as error:  # the doctor goes on with the other checks
            name = getattr(check, "__name__", "threads").strip("_<>")
            yield Finding(name, f"{type(error).__name__}: {error}", fine=False)


def _versions() -> Iterator[Finding]:
    yield Finding("tastemaker", f"{__version__} in {Path(__file__).parents[1]}")
    yield Finding("python", f"{platform.python_version()} ({sys.executable}) on {platform.platform()}")
    for name in _required:
        yield Finding(name, _version(name) or "not installed", fine=_version(name) is not None)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpu() -> Iterator[Finding]:
    yield Finding("cpu", f"{_cpu_name()}, {os.cpu_count()} logical CPUs")
    forced = os.environ.get("TASTEMAKER_SIMD", "").strip()
    why = "forced by TASTEMAKER_SIMD" if forced else f"best of {', '.join(simd_levels())}"
    yield Finding("simd", f"{simd_level()} ({why})")


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _threads(given: int | None) -> Iterator[Finding]:
    cpus, quota = cpu_limits()
    if given is not None:
        why = "--threads"
    elif os.environ.get("TASTEMAKER_NUM_THREADS", "").strip():
        why = "TASTEMAKER_NUM_THREADS"
    else:
        limit = f"a control group's quota of {quota:g}" if quota else "no quota of a control group"
        why = f"{cpus} CPUs of the affinity mask, {limit}"
    yield Finding("threads", f"{num_threads(given)} ({why})")


def _gpu() -> Iterator[Finding]:
    reason = missing()
    yield Finding("gpu", f"none for ALS: {reason}" if reason else found())


def _libraries() -> Iterator[Finding]:
    readers = [name for name in _readers if find_spec(name)]
    for name in _readers:
        found = _version(name) or "not installed (frames of this kind)"
        yield Finding(name, found)
    if not readers:
        yield Finding("files", 'no library reads them: pip install "tastemaker[io]"', fine=False)
    for name, purpose in _optional.items():
        yield Finding(name, _version(name) or f"not installed ({purpose})")


def _data_folders() -> Iterator[Finding]:
    given = os.environ.get("TASTEMAKER_DATA", "").strip()
    if given:
        exists = Path(given).expanduser().is_dir()
        yield Finding("TASTEMAKER_DATA", given if exists else f"{given} is no folder", fine=exists)
    else:
        yield Finding("TASTEMAKER_DATA", "not set")
    here = [entry.name for entry in catalogue().values() if not entry.place().startswith(("http", "the "))]
    yield Finding("data sets on this machine", ", ".join(here) or "none")


def _models() -> Iterator[Finding]:
    """Fit, recommend, save and load each model on made-up films; one thread must say what all say."""
    films = make_movies(rng=0, n_users=200, n_items=150).dataset
    for name in classes:
        start = time.perf_counter()
        # Where threads race on purpose, the mode in which they do not.
        races = "deterministic" in make_model(name, {}, seed=0).get_params()
        params = {"deterministic": True} if races else {}
        model = make_model(name, params, seed=0).fit(films, progress=False)
        lists = model.recommend(n=5, output="arrays")
        alone = make_model(name, params, seed=0).fit(films, progress=False, threads=1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.safetensors")
            model.save(path)
            loaded = load(path)
            back = loaded.recommend(n=5, output="arrays")
            del loaded  # its arrays are mapped from the file
        same = _same(lists, back) and _same(lists, alone.recommend(n=5, output="arrays", threads=1))
        took = f"fit, recommend, save, load in {time.perf_counter() - start:.2f} s"
        yield Finding(name, took if same else "a loaded model or one thread gives other lists", fine=same)


def _same(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> bool:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one, other, strict=True))
