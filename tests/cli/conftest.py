"""A folder with files as a newcomer has them, and a way to call the command."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import tastemaker as tm
from tastemaker.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Call ``tastemaker`` with arguments; the exit code must be as expected, and errors one clear line."""

    def call(*args: object, expect: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(arg) for arg in args])
        assert result.exit_code == expect, result.output
        assert "Traceback" not in result.output
        if expect:
            (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
            assert len(line) > len("Error: x")
        return result

    return call


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """events.csv and movies.csv, with a service's own names of columns; als.safetensors and knn.safetensors."""
    folder = tmp_path_factory.mktemp("cli")
    films = tm.datasets.make_movies(rng=5, n_users=90, n_items=70)
    rows = zip(*(films.interactions[name].tolist() for name in films.interactions), strict=True)
    _write(folder / "events.csv", ["user_id", "movieId", "rating", "ts"], rows)
    _write(
        folder / "movies.csv",
        ["movieId", "title", "genres"],
        [(item, title, "Drama") for item, title in films.titles.items()],
    )
    data = tm.Dataset.from_file(folder / "events.csv")
    tm.ALS(factors=8, epochs=3, rng=0).fit(data).save(folder / "als.safetensors")
    tm.KNN(neighbors=20).fit(data).save(folder / "knn.safetensors")
    return folder


@pytest.fixture
def events(folder: Path) -> Path:
    return folder / "events.csv"


@pytest.fixture
def movies(folder: Path) -> Path:
    return folder / "movies.csv"


@pytest.fixture
def als(folder: Path) -> Path:
    return folder / "als.safetensors"


@pytest.fixture
def knn(folder: Path) -> Path:
    return folder / "knn.safetensors"


def _write(path: Path, header: list[str], rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
