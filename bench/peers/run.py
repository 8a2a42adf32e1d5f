"""Measure ours and the peers on the same data, in the same run, in turn.

    make bench                                       # MovieLens-1M, everybody, 5 rounds
    make bench ARGS="--data generated-m --peers implicit,irspack --tasks 'als/*' --rounds 3"
    make bench ARGS="--scaling --tasks 'sgd/*'"      # ours alone, 1 thread beside all
    make bench ARGS="--quick"                        # ours alone on a tiny set: does the harness work

Writes bench/results/DATA-SIMD-THREADSt.json and .md (with a label, -LABEL before the dot; with
--quick, into build/bench-results).
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
import time
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bench.peers import data, environments, machine, report
from bench.peers.client import Client, WorkerError
from bench.peers.measure import Bench
from bench.peers.peers import ONE_THREAD, OURS, PEERS, Peer
from bench.peers.tasks import TASKS, Task

RESULTS = data.ROOT / "bench" / "results"
_scratch = data.ROOT / "build" / "bench-results"
_logs = data.ROOT / "build" / "peers" / "logs"


def main(arguments: list[str] | None = None) -> int:
    """Run the benches that the command line asks for; 1 if a result of ours was wrong or missing."""
    options = _options(arguments)
    peers = [peer for peer in PEERS if peer.name == OURS or peer.name in options.peers]
    if options.scaling:
        peers = [peers[0], ONE_THREAD]
    status = 0
    for name in options.data:
        results = _bench(data.load(name), peers, options)
        _write(results, options.out)
        ours = [record for record in results["records"] if record["peer"] == OURS]
        status |= OURS in results["absent"] or any(r["failure"] or not r["right"] for r in ours)
    return status


def _bench(source: data.Data, peers: list[Peer], options: argparse.Namespace) -> dict[str, Any]:
    facts = machine.facts() | machine.ceilings(options.threads)
    started = time.perf_counter()
    records = []
    with ExitStack() as stack:
        clients, libraries, absent = _start(peers, source, options.threads, stack)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        bench = Bench(source, clients, options.rounds, Path(folder))
        for task in _chosen(options.tasks, source.name):
            measured = [record.as_dict() for record in bench.measure(task)]
            if measured:
                _say(report.line(measured))
            records += measured
    return {
        "data": {
            "name": source.name,
            "note": source.note,
            "shape": source.train.shape,
            "nnz": source.train.nnz,
        },
        "machine": facts,
        "threads": options.threads,
        "rounds": options.rounds,
        "label": options.label,
        "command": options.command,
        "minutes": round((time.perf_counter() - started) / 60, 1),
        "libraries": libraries,
        "absent": absent,
        "records": records,
    }


def _start(
    peers: list[Peer], source: data.Data, threads: int, stack: ExitStack
) -> tuple[list[Client], dict[str, Any], dict[str, str]]:
    """Return running workers that hold the data, what they said about themselves, and who could not be had."""
    clients, libraries, absent = [], {}, {}
    for peer in peers:
        try:
            python = environments.python_of(peer)
            log = _logs / f"{peer.label}.log"
            client = stack.enter_context(Client(peer, python, threads, log))
            libraries[peer.name] = client.ask("hello")
            client.ask("load", path=str(source.path))
        except (environments.InstallError, WorkerError) as error:
            absent[peer.name] = str(error)
            _say(f"{peer.name}: {error}")
        else:
            clients.append(client)
    return clients, libraries, absent


def _chosen(patterns: list[str], source: str) -> list[Task]:
    return [
        task
        for task in TASKS
        if task.suits(source) and any(fnmatchcase(task.name, pattern) for pattern in patterns)
    ]


def _write(results: dict[str, Any], folder: Path) -> None:
    simd = results["libraries"].get(OURS, {}).get("simd", "none")
    label = results["label"] and f"-{results['label']}"
    path = folder.resolve() / f"{results['data']['name']}-{simd}-{results['threads']}t{label}.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
    path.with_suffix(".md").write_text(report.render(results))
    _say(f"written: {path} and .md")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    everybody = [peer.name for peer in PEERS if peer.name != OURS]
    parser = argparse.ArgumentParser(prog="python -m bench.peers.run", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=_names, default=["ml-1m"], help=f"of {', '.join(data.names())}")
    parser.add_argument(
        "--peers", type=_names, default=everybody, help=f"of {', '.join(everybody)}; '' for none"
    )
    parser.add_argument("--tasks", type=_names, default=["*"], help="patterns, e.g. 'knn-*,als/cg-64'")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, help="folder of the results; default bench/results")
    parser.add_argument("--label", default="", help="end of the file's name, for a run of its own")
    parser.add_argument(
        "--scaling", action="store_true", help="ours alone, by one thread beside all; label: scaling"
    )
    parser.add_argument(
        "--quick", action="store_true", help="ours alone, tiny data, one round, results in build/"
    )
    options = parser.parse_args(arguments)
    if options.quick:
        options.data, options.peers, options.rounds = ["generated-tiny"], [], 1
    if options.scaling:
        options.peers, options.label = [], options.label or "scaling"
    options.out = options.out or (_scratch if options.quick else RESULTS)
    options.command = _command(sys.argv[1:] if arguments is None else arguments)
    unknown = {*options.peers} - {*everybody}
    if unknown:
        parser.error(f"unknown peers {', '.join(sorted(unknown))}; there are {', '.join(everybody)}")
    return options


def _command(arguments: list[str]) -> str:
    """Return the command line that gives this run again."""
    level = os.environ.get("TASTEMAKER_SIMD")
    chosen = f"TASTEMAKER_SIMD={level} " if level else ""
    given = f' ARGS="{shlex.join(arguments)}"' if arguments else ""
    return f"{chosen}make bench{given}"


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
