"""The order of search for a data set: the user's folder, the cache, the network."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tastemaker.datasets._raw import Known, Raw
from tastemaker.datasets._sources import Source, UnavailableError
from tastemaker.errors import DataError

provenance = "SOURCE.txt"  # in a folder of the cache: where its files came from


@dataclass(frozen=True)
class Recipe:
    """All that is needed to have one data set.

    Attributes
    ----------
    name : str
        Name of its folder, for example "ml-100k".
    title : str
        Name for people.
    layouts : dict of tuple of str to reader
        Sets of files that suffice, with the function that reads them from a folder.
    known : Known
    licence : str
    sources : tuple of Source
        Ways over the network, best first.
    """

    name: str
    title: str
    layouts: dict[tuple[str, ...], Callable[[Path], Raw]]
    known: Known
    licence: str
    sources: tuple[Source, ...]


def obtain(recipe: Recipe, *, download: bool) -> tuple[Raw, str]:
    """Return a data set and a sentence that says how it was had.

    Raises
    ------
    DataError
        A folder's files are damaged, or no way led to the set; the message lists the ways tried.
    """
    failures: list[str] = []
    for place, parent in local_folders():
        folder = parent / recipe.name
        raw = read_folder(recipe, folder)
        if raw is not None:
            return raw, f"{recipe.title}, read from {folder} ({place}){_origin(folder)}."
        failures.append(f"{place}: no such files in {folder}")
    if not download:
        failures.append("the network: not tried, download=False")
    before = len(failures)
    for source in recipe.sources if download else ():
        try:
            raw = _fetch(recipe, source)
        except (UnavailableError, OSError) as error:
            failures.append(f"{source.place}: {error}")
            continue
        return raw, _fetched_sentence(recipe, source, failures[before:])
    raise DataError(_nowhere(recipe, failures))


def local_folders() -> Iterator[tuple[str, Path]]:
    """Yield (what it is, folder) of the places on this machine that may hold data sets."""
    given = os.environ.get("TASTEMAKER_DATA", "").strip()
    if given:
        yield "TASTEMAKER_DATA", Path(given).expanduser()
    yield "the cache", cache_folder()


def cache_folder() -> Path:
    """Return the folder in which this user's downloads are kept, as the system has it."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "tastemaker"


def read_folder(recipe: Recipe, folder: Path) -> Raw | None:
    """Return the checked content of a folder, or None where the files are not there."""
    for files, read in recipe.layouts.items():
        if all((folder / file).is_file() for file in files):
            try:
                raw = read(folder)
                recipe.known.check(raw)
            except DataError as error:
                raise DataError(
                    f"{folder} does not hold {recipe.title} as published: {error}. "
                    "Remove the folder to have the set fetched anew, or name another with TASTEMAKER_DATA."
                ) from error
            return raw
    return None


def _fetch(recipe: Recipe, source: Source) -> Raw:
    """Return the set from a source, kept in the cache once it has proved right."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=f".{recipe.name}-") as temporary:
        staging = Path(temporary) / recipe.name
        staging.mkdir()
        source.fetch(staging)
        try:
            raw = read_folder(recipe, staging)
        except DataError as error:
            raise UnavailableError(str(error.__cause__)) from error
        if raw is None:
            raise UnavailableError(f"its files are not those of {recipe.title}")
        (staging / provenance).write_text(f"{source.place} ({source.check})\n", encoding="utf-8")
        _move(staging, cache / recipe.name)
    return raw


def _move(staging: Path, folder: Path) -> None:
    # File by file: another process may be doing the same, and either's files are right.
    folder.mkdir(exist_ok=True)
    for file in staging.iterdir():
        os.replace(file, folder / file.name)


def _origin(folder: Path) -> str:
    try:
        text = (folder / provenance).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return f", where it was put from {text.splitlines()[0][:200]}" if text else ""


def _fetched_sentence(recipe: Recipe, source: Source, failures: list[str]) -> str:
    kept = f"kept in {cache_folder() / recipe.name}"
    since = f", since other ways failed ({'; '.join(failures)})" if failures else ""
    return f"{recipe.title}, taken from {source.place} ({source.check}) and {kept}{since}."


def _nowhere(recipe: Recipe, failures: list[str]) -> str:
    files = " or ".join(", ".join(layout) for layout in recipe.layouts)
    tried = "".join(f"\n  - {failure}" for failure in failures)
    return (
        f"{recipe.title} could not be had. Tried:{tried}\n"
        f"Put its files ({files}) into a folder {recipe.name}/ and name the parent with TASTEMAKER_DATA."
    )
