"""Run one library's jobs in its own environment: a JSON line in, a JSON line out.

    python -m bench.peers.worker implicit

Commands: ``hello``, ``load`` (path of a matrix), ``run`` (kind, params, threads, checked, arrays, out), ``quit``.
Large results of a checked run are written as .npy and .npz files into the folder ``out``.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import scipy.sparse as sp
from bench.peers.job import Job, Outcome


class Worker:
    """Holds the data and the adapter; one method per command."""

    def __init__(self, adapter: str) -> None:
        self._adapter = importlib.import_module(f"bench.peers.adapters.{adapter}").Adapter()
        self._train = sp.csr_matrix(np.empty((0, 0), np.float32))
        self._arrays: dict[str, np.ndarray] = {}
        self._task: Any = None
        self._kept: dict[str, Any] = {}

    def hello(self) -> dict[str, Any]:
        """Return versions."""
        versions = {name: version(name) for name in self._adapter.packages}
        facts: dict[str, Any] = getattr(self._adapter, "facts", dict)()
        return {"python": platform.python_version(), "versions": versions, **facts}

    def load(self, path: str) -> dict[str, Any]:
        """Read the training matrix."""
        with np.load(path) as arrays:
            self._train = sp.csr_matrix(
                (arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(arrays["shape"])
            )
        return {"nnz": int(self._train.nnz)}

    def run(
        self,
        kind: str,
        params: dict[str, Any],
        threads: int,
        checked: bool,
        arrays: dict[str, str],
        out: str,
    ) -> dict[str, Any]:
        """Run a task once and return its times; what is prepared once is kept until another task comes."""
        if self._task != (kind, params):
            self._task, self._kept = (kind, params), {}
            self._arrays = {name: np.load(path) for name, path in arrays.items()}
        job = Job(self._train, threads, checked, self._arrays, self._kept)
        outcome: Outcome = getattr(self._adapter, kind)(job, **params)
        reply: dict[str, Any] = {
            "seconds": job.seconds,
            "epoch": job.epoch_seconds(),
            "peak_bytes": job.peak_bytes,
        }
        if checked:
            reply |= {"energy": outcome.energy, "auc": outcome.auc, "files": _write(outcome, Path(out))}
        return reply


def _write(outcome: Outcome, folder: Path) -> dict[str, str]:
    """Store the large results and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name in ("lists", "user", "item"):
        array = getattr(outcome, name)
        if array is not None:
            files[name] = str(folder / f"{name}.npy")
            np.save(files[name], array)
    if outcome.similarity is not None:
        files["similarity"] = str(folder / "similarity.npz")
        sp.save_npz(files["similarity"], sp.csr_matrix(outcome.similarity), compressed=False)
    return files


def serve(adapter: str, commands: TextIO, replies: TextIO) -> None:
    """Answer commands until ``quit`` or the end of the stream; an exception is an answer too."""
    worker = Worker(adapter)
    for line in commands:
        message = json.loads(line)
        command = message.pop("command")
        if command == "quit":
            return
        try:
            reply = getattr(worker, command)(**message)
        except Exception as error:  # the runner reports it and goes on with the other peers
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    # Libraries print; their words must not mix with the replies.
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.argv[1], sys.stdin, channel)
