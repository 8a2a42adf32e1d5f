"""Ways to have a data set's files: official archives, single files, and the wheel of another package.

Nothing that comes over the network names a place on the disk: a way lists the members that it takes and
the plain file names under which they are kept.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tastemaker.errors import DataError

# No member of a known set is larger; a crafted archive shall not fill the disk.
max_member_bytes = 64 * 2**20
timeout_seconds = 20


class UnavailableError(DataError):
    """This way does not lead to the files; the message says why."""


class Source(Protocol):
    """A way to have files."""

    @property
    def place(self) -> str:
        """Where the files come from, as the end of "taken from ..."."""

    @property
    def check(self) -> str:
        """What makes sure that they are the right ones."""

    def fetch(self, folder: Path) -> None:
        """Put the files into an empty folder, or raise UnavailableError."""


@dataclass(frozen=True)
class Archive:
    """A zip archive at a URL, with the SHA-256 that it must have."""

    url: str
    sha256: str
    members: Mapping[str, str]  # member of the archive -> name of the file

    check = "sha256 checked"

    @property
    def place(self) -> str:
        return self.url

    def fetch(self, folder: Path) -> None:
        archive = download(self.url, folder, f"sha256:{self.sha256}")
        extract(archive, self.members, folder)
        archive.unlink()


@dataclass(frozen=True)
class Files:
    """Single files below a URL. No checksum of them is known: the loader checks what they say instead."""

    url: str
    names: tuple[str, ...]

    check = "content checked"

    @property
    def place(self) -> str:
        return self.url

    def fetch(self, folder: Path) -> None:
        for name in self.names:
            download(f"{self.url}/{name}", folder, None)


@dataclass(frozen=True)
class Wheel:
    """Data inside a wheel on the package index. The wheel is fetched and unpacked, never installed or run."""

    requirement: str  # "name==version"
    sha256: str
    members: Mapping[str, str]

    check = "sha256 checked"

    @property
    def place(self) -> str:
        return f"the wheel of {self.requirement} on the Python package index"

    def fetch(self, folder: Path) -> None:
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{self.requirement} --hash=sha256:{self.sha256}\n", encoding="utf-8")
        options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input", "--quiet"]
        command = [sys.executable, "-m", "pip", "download", *options, "--disable-pip-version-check"]
        command += ["--timeout", str(timeout_seconds), "--retries", "1", "--dest", ".", "-r", wanted.name]
        try:
            # In the folder, which is empty: `-m pip` would also find a module of that name where we stand.
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=10 * timeout_seconds, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(f"pip download did not finish: {error}") from error
        wheels = list(folder.glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise UnavailableError(f"pip download failed: {_last_line(done.stderr)}")
        if hashlib.sha256(wheels[0].read_bytes()).hexdigest() != self.sha256:
            raise UnavailableError(f"{wheels[0].name} does not have the sha256 that it must have")
        extract(wheels[0], self.members, folder)
        wheels[0].unlink()
        wanted.unlink()


def download(url: str, folder: Path, known_hash: str | None) -> Path:
    """Return the path of the file at url, put into folder; its hash is checked where one is known."""
    try:
        import pooch
    except ImportError as error:
        raise UnavailableError('pooch is not installed: pip install "tastemaker[datasets]"') from error
    fetcher = pooch.HTTPDownloader(progressbar=False, timeout=timeout_seconds)
    name = url.rsplit("/", 1)[-1]
    try:
        return Path(pooch.retrieve(url, known_hash, fname=name, path=folder, downloader=fetcher))
    except ValueError as error:
        raise UnavailableError(f"{name} does not have the sha256 that it must have") from error
    except OSError as error:  # the network or the disk
        # A failed connection is told in a paragraph; its kind says as much.
        text = str(error)
        raise UnavailableError(text if len(text) <= 200 else type(error).__name__) from error


def extract(archive: Path, members: Mapping[str, str], folder: Path) -> None:
    """Write the listed members of a zip archive to folder, each under the name given for it."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for member, name in members.items():
                size = opened.getinfo(member).file_size
                if size > max_member_bytes:
                    raise UnavailableError(
                        f"{archive.name} is not what it should be: {member} has {size:,} bytes"
                    )
                (folder / name).write_bytes(opened.read(member))
    except KeyError as error:
        raise UnavailableError(f"{archive.name} lacks a file: {error.args[0]}") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise UnavailableError(f"{archive.name} cannot be unpacked: {error}") from error


def _last_line(text: str, limit: int = 200) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:limit] if lines else "no reason given"
