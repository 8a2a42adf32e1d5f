"""Train LightFM and ours side by side, each in a process of its own, and print how well they rank.

    make quality-beside                              # every table
    make quality-beside ARGS="ml-1m --rows 'warp*'"

Also written to bench/results/beside-CASE.md and .json, after each seed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from bench.peers import environments, machine
from bench.peers.client import Client
from bench.peers.data import CACHE, write_matrix
from bench.peers.peers import OURS, PEERS
from bench.quality.beside.cases import CASES, SEEDS, Case, Row, features_of
from bench.quality.beside.figures import measure
from bench.quality.beside.report import render
from bench.quality.beside.splits import Parts
from bench.quality.run import RESULTS

from tastemaker.data import Dataset

_folder = CACHE / "beside"
_names = (OURS, "LightFM")


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality.beside.run")
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--rows", default="*", help="pattern of the rows' names")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    _folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        clients = [_start(name, options.threads, stack) for name in _names]
        for name in options.cases or CASES:
            path = options.out / f"beside-{name}.json"
            _measure_case(CASES[name], options.rows, clients, options.threads, path)
            print(path.with_suffix(".md").read_text(), flush=True)
    return 0


def _start(name: str, threads: int, stack: ExitStack) -> Client:
    peer = next(peer for peer in PEERS if peer.name == name)
    log = _folder / f"{peer.adapter}.log"
    return stack.enter_context(Client(peer, environments.python_of(peer), threads, log))


def _measure_case(case: Case, pattern: str, clients: list[Client], threads: int, path: Path) -> None:
    data = case.data()
    rows = [row for row in case.rows if fnmatchcase(row.name, pattern)]
    results: dict[str, Any] = {
        "title": case.title,
        "shape": data.matrix.shape,
        "nnz": data.nnz,
        "metrics": case.metrics,
        "factors": case.factors,
        "epochs": case.epochs,
        "threads": threads,
        "machine": machine.facts(),
        "libraries": {client.peer.name: client.ask("hello")["versions"] for client in clients},
        "records": [],
    }
    for seed in SEEDS:
        parts = case.split(data, seed)
        train = _folder / "train.npz"
        write_matrix(train, parts.train)
        for client in clients:
            client.ask("load", path=str(train))
        for row in rows:
            for client in clients:
                figures = _trained(client, case, row, data, parts, seed, threads)
                results["records"].append(_record(row.name, client.peer.name, seed, figures))
        if case.popular:
            counts = parts.train.sum(axis=0).reshape(-1, 1)
            everybody = np.ones((data.n_users, 1))
            figures = measure(everybody, np.asarray(counts), parts, case.metrics)
            results["records"].append(_record("popularity", OURS, seed, figures))
        path.write_text(json.dumps(results, indent=1) + "\n")
        path.with_suffix(".md").write_text(render(results))


def _trained(
    client: Client, case: Case, row: Row, data: Dataset, parts: Parts, seed: int, threads: int
) -> dict[str, float]:
    arrays = {}
    for side, matrix in features_of(data, row).items():
        for part in ("indptr", "indices", "data", "shape"):
            path = _folder / f"{side}-{part}.npy"
            np.save(path, getattr(matrix, part))
            arrays[f"{side}_{part}"] = str(path)
    params = {
        "loss": row.loss,
        "optimizer": row.optimizer,
        "factors": case.factors,
        "epochs": case.epochs,
        "seed": seed,
        "features": row.name,
    }
    out = str(_folder / client.peer.adapter)
    reply = client.ask(
        "run", kind="hybrid", params=params, threads=threads, checked=True, arrays=arrays, out=out
    )
    user, item = (np.load(reply["files"][side]) for side in ("user", "item"))
    return measure(user, item, parts, case.metrics)


def _record(row: str, library: str, seed: int, figures: dict[str, float]) -> dict[str, Any]:
    shown = ", ".join(f"{metric} {value:.4f}" for metric, value in figures.items())
    print(f"{row}, {library}, seed {seed}: {shown}", file=sys.stderr, flush=True)
    return {"row": row, "library": library, "seed": seed, "figures": figures}


if __name__ == "__main__":
    sys.exit(main())
