"""What the figures were measured on: processor, its ceilings, the state of the tree."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from bench.peers.data import ROOT


def facts() -> dict[str, Any]:
    """Return what a reader needs to judge the figures or to get them again."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}",
        "commit": _git("describe", "--always", "--dirty"),
        "load": round(os.getloadavg()[0], 2),
    }


def ceilings(threads: int) -> dict[str, float]:
    """Return the machine's own limits: GFLOP/s of a float32 product by numpy, GB/s of copying and of a triad.

    The triad is a = b + 3 c over pieces that numpy takes from memory into the cache and back once. BLAS takes the
    threads of this process's environment.
    """
    a = np.ones((2048, 2048), np.float32)
    source = [np.ones(1 << 24, np.float32) for _ in range(threads)]
    other = [np.ones_like(part) for part in source]
    target = [np.zeros_like(part) for part in source]
    with ThreadPoolExecutor(threads) as pool:

        def copy() -> None:
            list(pool.map(np.copyto, target, source))

        def triad() -> None:
            list(pool.map(_triad, target, source, other))

        size = sum(part.nbytes for part in source)
        return {
            "sgemm_gflops": round(2 * 2048**3 / _best(lambda: a @ a) / 1e9, 1),
            "copy_gbs": round(2 * size / _best(copy) / 1e9, 1),
            "triad_gbs": round(3 * size / _best(triad) / 1e9, 1),
        }


def _triad(target: np.ndarray, source: np.ndarray, other: np.ndarray, piece: int = 1 << 15) -> None:
    for start in range(0, len(target), piece):
        part = slice(start, start + piece)
        np.multiply(other[part], 3.0, out=target[part])
        np.add(target[part], source[part], out=target[part])


def _best(work: Any, rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        fields = {name.strip(): value.strip() for name, value in fields.items()}
        if "model name" in fields:
            return f"{fields['model name']} (family {fields.get('cpu family')}, model {fields.get('model')})"
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
