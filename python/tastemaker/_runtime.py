"""Run-time settings that are not hyper-parameters: threads, seeds and the SIMD level."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tastemaker import _core
from tastemaker._validation import check_int, shown
from tastemaker.errors import ArgumentError, ArgumentTypeError

_threads: ContextVar[int | None] = ContextVar("tastemaker_threads", default=None)

_cgroup = Path("/sys/fs/cgroup")
_own_cgroup = Path("/proc/self/cgroup")
_meminfo = Path("/proc/meminfo")

# More is a mistake, and a system that cannot start so many may end the process.
_max_threads = 1024


@contextmanager
def config(*, threads: int | None = None) -> Iterator[None]:
    """Set run-time options for every call inside a ``with`` block of this thread or task.

    Parameters
    ----------
    threads : int, optional
        Number of threads, >= 1. ``None`` leaves the setting as it is.

    Examples
    --------
    >>> import tastemaker as tm
    >>> with tm.config(threads=1):
    ...     tm.num_threads()
    1
    """
    if threads is not None:
        threads = check_int("threads", threads, low=1, high=_max_threads)
    token = _threads.set(threads if threads is not None else _threads.get())
    try:
        yield
    finally:
        _threads.reset(token)


def num_threads(threads: int | None = None) -> int:
    """Return the number of threads that a call will use.

    The first that is set wins: the argument, ``tastemaker.config(threads=...)``, the environment variable
    ``TASTEMAKER_NUM_THREADS``, the number of CPUs that the affinity mask and the cgroup allow.

    Parameters
    ----------
    threads : int, optional
        The ``threads=`` argument of the call.
    """
    if threads is not None:
        return check_int("threads", threads, low=1, high=_max_threads)
    configured = _threads.get()
    if configured is not None:
        return configured
    text = os.environ.get("TASTEMAKER_NUM_THREADS", "").strip()
    if text:
        if not text.isdecimal():
            raise ArgumentError(f"`TASTEMAKER_NUM_THREADS` must be an int >= 1, got {text!r}.")
        return check_int("TASTEMAKER_NUM_THREADS", int(text), low=1, high=_max_threads)
    return _allowed_cpus()


def _allowed_cpus() -> int:
    cpus, quota = cpu_limits()
    return max(1, min(cpus, math.ceil(quota)) if quota else cpus)


def cpu_limits() -> tuple[int, float | None]:
    """Return (CPUs of the affinity mask, quota of the control groups in CPUs or None)."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1, _cgroup_cpus()


@functools.cache  # a dozen files, read at each call, would take most of a short call's time
def _cgroup_cpus() -> float | None:
    """CPUs that the quotas of this process's control group and of those above it allow; None without a quota."""
    quotas = [_quota(folder) for folder in _cgroup_folders("cpu")]
    return min((quota for quota in quotas if quota is not None), default=None)


def _cgroup_folders(controller: str) -> Iterator[Path]:
    """Yield the folders that may hold a limit: cgroup v2, then v1; a container sees its own as the root."""
    yield from (_cgroup, _cgroup / controller)
    try:
        lines = _own_cgroup.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        below = PurePosixPath(path.lstrip("/"))
        if number == "0":
            root = _cgroup
        elif controller in controllers.split(","):
            root = _cgroup / controller
        else:
            continue
        yield from (root / part for part in (below, *below.parents))


def _quota(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if not (quota.isdecimal() and period.isdecimal()) or int(period) == 0:
        return None  # "max" and -1 mean no quota
    return int(quota) / int(period)


def available_memory() -> int | None:
    """Return the bytes that this process may still take, by the machine and by its control groups; None if unknown."""
    rooms = [_machine_memory(), *(_memory_left(folder) for folder in _cgroup_folders("memory"))]
    return min((room for room in rooms if room is not None), default=None)


def _machine_memory() -> int | None:
    try:
        lines = _meminfo.read_text().splitlines()
    except OSError:
        return None  # not Linux
    sizes = dict(line.split(":", 1) for line in lines if ":" in line)
    words = sizes.get("MemAvailable", "").split()
    return int(words[0]) * 1024 if words and words[0].isdecimal() else None


def _memory_left(folder: Path) -> int | None:
    """Return what a control group may still take; the pages of files that it can drop count as free."""
    for limit, usage, droppable in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            texts = [(folder / name).read_text().strip() for name in (limit, usage)]
            lines = (folder / "memory.stat").read_text().splitlines()
        except OSError:
            continue
        if not all(text.isdecimal() for text in texts):
            return None  # "max" means no limit
        cache = sum(int(line.split()[1]) for line in lines if line.split()[0] == droppable)
        return max(int(texts[0]) - int(texts[1]) + cache, 0)
    return None


def generator(rng: Any) -> np.random.Generator:
    """Return the generator for an ``rng`` argument: int, SeedSequence, Generator or None (fresh entropy)."""
    rule = "`rng` must be an int >= 0, a numpy Generator, a SeedSequence or None, got"
    if isinstance(rng, (bool, np.bool_, np.random.RandomState)):
        raise ArgumentTypeError(f"{rule} {type(rng).__name__}. Use np.random.default_rng(seed).")
    try:
        return np.random.default_rng(rng)
    except TypeError as error:
        raise ArgumentTypeError(f"{rule} {shown(rng)} ({type(rng).__name__}).") from error
    except ValueError as error:
        raise ArgumentError(f"{rule} {shown(rng)}.") from error


def simd_levels() -> list[str]:
    """Return the SIMD levels that this build and CPU can run, slowest first."""
    return _core.available_simd_levels()


def simd_level() -> str:
    """Return the SIMD level in use; ``TASTEMAKER_SIMD`` chooses another before the import."""
    return _core.simd_level()
