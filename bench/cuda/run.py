"""Measure ALS on a GPU; without one, print what an epoch would move and compute there.

    make bench-cuda                                  # MovieLens-20M's shape; 64, 128 and 256 factors
    make bench-cuda ARGS="--data generated-s --factors 128"

On a GPU: after loss and factors have been compared with the CPU's, seconds per epoch (the median of all but the first
of a fit), the bandwidth that the counted bytes make of it, and beside it implicit's GPU model where it is installed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse as sp
from bench.peers import data, machine

import tastemaker as tm
from tastemaker.models._cuda import found, missing

# What NVIDIA's data sheet says of an H100 SXM with 80 GB: bytes and float32 operations per second.
_h100 = 3.35e12, 66.9e12


def main(arguments: list[str] | None = None) -> None:
    """Print one table per number of factors."""
    options = _options(arguments)
    loaded = data.load(options.data)
    X = sp.csr_array(loaded.train)
    print(f"{loaded.name}: {X.shape[0]} users x {X.shape[1]} items, {X.nnz} interactions; {loaded.note}")
    print(", ".join(f"{name} {value}" for name, value in machine.facts().items()))
    reason = missing()
    print(f"COMPUTED, NOT MEASURED: {reason}" if reason else f"device: {found()}", end="\n\n")
    if not reason:
        _compare()
    for factors in options.factors:
        work = _work(options.extension, options.data, factors)
        _print_roofline(factors, work)
        if not reason:
            _print_times(X, factors, options.epochs, sum(step["bytes"] for step in work.values()))
        print()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.cuda.run", description=__doc__.partition("\n")[0])
    parser.add_argument("extension", help="the extension built for the simulator, which counts")
    parser.add_argument("--data", default="generated-m", choices=data.names())
    parser.add_argument(
        "--factors", default=[64, 128, 256], type=lambda text: [int(n) for n in text.split(",")]
    )
    parser.add_argument("--epochs", default=8, type=int)
    return parser.parse_args(arguments)


def _work(extension: str, name: str, factors: int) -> dict[str, dict[str, float]]:
    # In a process of its own: two extensions of one name do not go into one.
    command = [sys.executable, "-m", "bench.cuda.work", extension, name, str(factors)]
    counted: dict[str, dict[str, float]] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return counted


def _print_roofline(factors: int, work: dict[str, dict[str, float]]) -> None:
    print(f"{factors} factors; counted, and computed for an H100 (3.35 TB/s, 66.9 TFLOP/s), nothing cached:")
    print(f"  {'step':24}{'GB':>8}{'GFLOP':>8}{'ms at least':>13}")
    total = 0.0
    for name, step in work.items():
        least = max(step["bytes"] / _h100[0], step["flops"] / _h100[1])
        total += least
        print(f"  {name:24}{step['bytes'] / 1e9:8.2f}{step['flops'] / 1e9:8.1f}{1e3 * least:13.2f}")
    print(f"  {'an epoch':24}{'':16}{1e3 * total:13.2f}")


def _compare() -> None:
    """Compare device and CPU after three epochs on data of MovieLens-1M's shape."""
    X = sp.csr_array(data.load("generated-s").train)
    for factors in (7, 64, 128, 256):
        params: dict[str, Any] = {"factors": factors, "epochs": 3, "compute_loss": True, "rng": 0}
        here, there = (tm.ALS(**params, device=device).fit(X) for device in ("cpu", "cuda"))
        losses = [model.history_[-1]["loss"] for model in (here, there)]
        off = max(
            np.abs(getattr(there, side) - getattr(here, side)).max() / np.abs(getattr(here, side)).max()
            for side in ("user_factors_", "item_factors_")
        )
        print(
            f"{factors} factors: loss {losses[1]:.7g} beside the CPU's {losses[0]:.7g}, factors off by {off:.1e}"
        )
        if abs(losses[1] / losses[0] - 1) > 1e-4 or off > 1e-2:
            sys.exit("device and CPU disagree: nothing was timed")


def _print_times(X: sp.csr_array, factors: int, epochs: int, moved: float) -> None:
    model = tm.ALS(factors=factors, epochs=epochs, device="cuda", rng=0).fit(X)
    seconds = statistics.median(epoch["seconds"] for epoch in model.history_[1:])
    peak = import_module("tastemaker_cuda._cuda").probe().bandwidth
    print(
        f"  measured: {1e3 * seconds:.1f} ms per epoch; {moved / seconds / 1e9:.0f} GB/s of {peak / 1e9:.0f}"
    )
    try:
        gpu = import_module("implicit.gpu.als")
        peer = gpu.AlternatingLeastSquares(factors=factors, iterations=epochs, random_state=0)
    except (ImportError, AttributeError, ValueError) as error:
        print(f"  implicit's GPU model: not here ({error})")
        return
    times: list[float] = []
    peer.fit(X, show_progress=False, callback=lambda iteration, seconds, loss: times.append(seconds))
    print(f"  implicit's GPU model: {1e3 * statistics.median(times[1:]):.1f} ms per epoch")


if __name__ == "__main__":
    main()
