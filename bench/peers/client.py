"""The runner's side of a worker: one process per peer, kept for the whole run."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from bench.peers.data import ROOT
from bench.peers.peers import Peer

_patience = 1800  # seconds until a command counts as hung


class WorkerError(RuntimeError):
    """A worker could not do what it was asked."""


class Client:
    """A running worker; ``ask`` sends a command and waits for its answer. A context manager that ends it."""

    def __init__(self, peer: Peer, python: Path, threads: int, log: Path) -> None:
        self.peer = peer
        self.threads = peer.threads or threads
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [str(python), "-m", "bench.peers.worker", peer.adapter],
                cwd=ROOT,
                env=_environment(peer, self.threads),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._commands, self._replies = (
            cast("IO[str]", end) for end in (self._process.stdin, self._process.stdout)
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Return the worker's answer.

        Raises
        ------
        WorkerError
            The command failed there, the worker died, or it did not answer in time.
        """
        watchdog = threading.Timer(_patience, self._process.kill)
        watchdog.start()
        try:
            self._commands.write(json.dumps({"command": command, **arguments}) + "\n")
            self._commands.flush()
            line = self._replies.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        if not line:
            raise WorkerError(f"{self.peer.name} ended (status {self._process.wait()}): {self._last_words()}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply

    def close(self) -> None:
        """End the worker."""
        with suppress(BrokenPipeError):
            self._commands.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._replies.close()

    def _last_words(self) -> str:
        lines = self.log.read_text().strip().splitlines()
        return lines[-1] if lines else "no message"


def _environment(peer: Peer, threads: int) -> dict[str, str]:
    """Return the worker's environment: the caller's, less what would hold a current BLAS back."""
    held_back = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    env = {name: value for name, value in os.environ.items() if name not in held_back}
    return env | {name: value.format(threads=threads) for name, value in peer.env.items()}
