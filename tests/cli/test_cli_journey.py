"""The first ten minutes of a newcomer with a file of events, as separate processes, and the doctor."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

import tastemaker as tm
from tastemaker.errors import UnknownIdError


def tastemaker(*args, cwd, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "tastemaker", *map(str, args)],
        cwd=cwd, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_first_ten_minutes(events, movies, tmp_path):
    for source in (events, movies):
        (tmp_path / source.name).write_bytes(source.read_bytes())

    report = tastemaker("describe", "events.csv", cwd=tmp_path).stdout
    assert "columns: user_id -> user, movieId -> item, ts -> time" in report
    assert "--weight rating" in report

    compared = tastemaker(
        "compare", "events.csv", "--items", "movies.csv", "--models", "popular,knn,als", "--factors", "8",
        "-o", "run/", cwd=tmp_path,
    )  # fmt: skip
    assert all(f"\n{label} " in compared.stdout for label in ("popular", "knn", "als"))
    assert "±" in compared.stdout

    films = pd.read_csv(tmp_path / "movies.csv")
    data = tm.Dataset.from_file(tmp_path / "events.csv", reader="pandas")
    model = tm.ALS(factors=8, epochs=3, rng=0).fit(data)
    answer = model.recommend([42], n=5, titles=films)
    assert isinstance(answer, pd.DataFrame)
    assert list(answer.columns) == ["user_id", "movieId", "title", "rank", "score"]
    assert list(answer["title"]) == list(films.set_index("movieId")["title"][answer["movieId"]])
    with pytest.raises(UnknownIdError, match="Did you mean 42"):
        model.recommend(["42"])

    found = tastemaker("recommend", "run/als.safetensors", "--users", "42", "--json", cwd=tmp_path)
    assert len(json.loads(found.stdout)["recommendations"]) == 10
    tastemaker("recommend", "run/als.safetensors", "--users", "all", "-o", "recs.parquet", cwd=tmp_path)
    assert tm.Dataset.from_file(tmp_path / "recs.parquet", user="user_id", item="movieId").n_users == 90


def test_the_doctor_finds_all_well(run):
    text = run("doctor").stdout
    assert text.rstrip().endswith("All is well.")
    facts = json.loads(run("doctor", "--json", "--threads", 1).stdout)
    assert facts["ok"]
    found = {check["check"]: check["found"] for check in facts["checks"]}
    assert {"tastemaker", "numpy", "cpu", "simd", "threads", "als", "knn", "svd", "popular"} <= set(found)
    assert found["threads"] == "1 (--threads)"


def test_the_doctor_says_what_is_wrong(run, monkeypatch, tmp_path):
    from click.testing import CliRunner

    from tastemaker.cli import main

    monkeypatch.setenv("TASTEMAKER_DATA", str(tmp_path / "nowhere"))
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert "is no folder" in result.stdout
    assert "1 of " in result.stdout


def test_the_doctor_says_why_so_many_threads(run, monkeypatch):
    monkeypatch.setenv("TASTEMAKER_NUM_THREADS", "3")
    checks = json.loads(run("doctor", "--json").stdout)["checks"]
    assert {"check": "threads", "ok": True, "found": "3 (TASTEMAKER_NUM_THREADS)"} in checks
