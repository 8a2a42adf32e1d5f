"""A virtual environment per peer under build/peers, made when it is first needed."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from bench.peers.data import ROOT
from bench.peers.peers import Peer

FOLDER = ROOT / "build" / "peers"


class InstallError(RuntimeError):
    """A peer cannot be installed here."""


def python_of(peer: Peer) -> Path:
    """Return the interpreter that runs a peer's worker; the peer is installed first if it is not there.

    Raises
    ------
    InstallError
        pip failed; the message ends with its last lines.
    """
    if not peer.requirements:  # ours
        return Path(sys.executable)
    folder = FOLDER / peer.adapter
    python = folder / "bin" / "python"
    wanted = "\n".join([*peer.build_requirements, *peer.install_options, *peer.requirements])
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    venv.create(folder, with_pip=True, clear=True)
    if peer.build_requirements:
        _pip(python, peer.build_requirements)
    _pip(python, (*peer.install_options, *peer.requirements))
    stamp.write_text(wanted)
    return python


def _pip(python: Path, arguments: tuple[str, ...]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = " | ".join(done.stderr.strip().splitlines()[-3:])
        raise InstallError(f"pip install {' '.join(arguments)} failed: {tail}")
