"""Verbs about data: describe, split, datasets."""

from __future__ import annotations

import csv
import json
import shlex

import pytest

import tastemaker as tm


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# describe


def test_guesses_come_with_the_flag_that_overrides_them(run, events):
    text = run("describe", events).stdout
    assert text.startswith("columns: user_id -> user, movieId -> item, ts -> time\n")
    assert "user = 'user_id', guessed from its name; override with --user." in text
    assert "'rating' is not used, every row counts 1; --weight rating makes it the weight." in text
    assert "users                    90" in text


def test_the_description_as_json(run, events):
    found = json.loads(run("describe", events, "--weight", "rating", "--json").stdout)
    assert found["columns"] == {"user": "user_id", "item": "movieId", "weight": "rating", "time": "ts"}
    assert found["facts"]["users"] == 90
    assert found["facts"]["weight_max"] == 5.0


def test_the_suggested_command_works(run, events, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = json.loads(run("describe", events, "--weight", "rating", "--json").stdout)["suggestion"]
    program, *words = shlex.split(told["command"])
    assert program == "tastemaker"
    assert "--weight rating" in told["command"]
    run(*words, "--models", "popular", "--draws", 100)
    assert (tmp_path / "run" / "popular.safetensors").exists()


def test_without_times_the_suggestion_is_a_random_split(run, events):
    told = json.loads(run("describe", events, "--no-time", "--json").stdout)["suggestion"]
    assert told["split"] == "random"
    assert "--no-time" in told["command"]


@pytest.mark.parametrize("suffix", ["json", "csv", "md", "html", "txt"])
def test_a_description_in_a_file(run, events, tmp_path, suffix):
    path = tmp_path / f"facts.{suffix}"
    result = run("describe", events, "-o", path)
    assert result.stdout == ""
    assert f"Wrote {path}." in result.stderr
    text = path.read_text()
    if suffix == "json":
        assert json.loads(text)["facts"]["users"] == 90
    elif suffix == "csv":
        assert rows_of(path)[0]["users"] == "90"
    else:
        assert "90" in text
    assert text.startswith({"md": "columns: ", "html": "<!doctype html>"}.get(suffix, text))


def test_features_and_weights_have_options(run, events, movies):
    found = json.loads(
        run("describe", events, "--item-features", movies, "--weight", "rating", "--cap", 2, "--json").stdout
    )
    assert found["facts"]["item_features"] > 0
    assert found["facts"]["weight_max"] == 2.0


# split


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("last", ("--test-size", 2)),
        ("random", ()),
        ("time", ("--test-size", 0.1)),
        ("users", ("--holdout", 0.5)),
    ],
)
def test_the_parts_are_the_whole(run, events, tmp_path, kind, options):
    result = run("split", events, "--weight", "rating", "--split", kind, *options, "-o", tmp_path, "--json")
    facts = json.loads(result.stdout)
    assert set(facts["files"]) == ({"train", "history", "test"} if kind == "users" else {"train", "test"})
    parts = [tm.Dataset.from_file(path, weight="rating") for path in facts["files"].values()]
    whole = tm.Dataset.from_file(events, weight="rating")
    assert sum(part.nnz for part in parts) == whole.nnz
    assert sum(part.matrix.sum() for part in parts) == whole.matrix.sum()
    assert all(part.times is not None for part in parts)
    assert rows_of(tmp_path / "test.csv")[0].keys() == {"user_id", "movieId", "rating", "ts"}


def test_a_split_by_time_may_name_the_moment(run, events, tmp_path):
    run("split", events, "--split", "time", "--at", "2021-06-01", "-o", tmp_path)
    assert max(int(row["ts"]) for row in rows_of(tmp_path / "train.csv")) < 1622505600
    assert min(int(row["ts"]) for row in rows_of(tmp_path / "test.csv")) >= 1622505600


def test_a_split_in_parquet(run, events, tmp_path):
    run("split", events, "--format", "parquet", "-o", tmp_path)
    assert tm.Dataset.from_file(tmp_path / "test.parquet").nnz == 90


def test_the_seed_decides_and_repeats(run, events, tmp_path):
    texts = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        run("split", events, "--split", "random", "--seed", seed, "-o", tmp_path / folder)
        texts.append((tmp_path / folder / "test.csv").read_text())
    assert texts[0] == texts[1] != texts[2]


def test_the_split_chosen_by_default_is_told(run, events, tmp_path):
    assert "split = last, since the events have times; override with --split." in (
        run("split", events, "-o", tmp_path).stderr
    )
    assert "split = random" in run("split", events, "--no-time", "-o", tmp_path).stderr


# datasets


def test_the_data_sets_are_listed(run):
    text = run("datasets").stdout
    assert "movielens-100k" in text
    assert "100000" in text
    entries = json.loads(run("datasets", "--json").stdout)["datasets"]
    assert all({"name", "users", "licence", "from"} <= entry.keys() for entry in entries)


def test_one_set_with_its_licence(run):
    assert "licence: GroupLens terms" in run("datasets", "movielens-1m").stdout
    assert "Did you mean movielens-1m?" in run("datasets", "movielens-1n", expect=3).stderr


def test_a_set_that_cannot_be_had_is_one_line(run, tmp_path, monkeypatch):
    monkeypatch.setenv("TASTEMAKER_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = run("datasets", "gowalla", "--offline", "-o", tmp_path / "events.csv", expect=3)
    assert "Gowalla could not be had. Tried:" in result.stderr


@pytest.mark.data
def test_a_set_as_a_file(run, tmp_path):
    events, titles = tmp_path / "events.csv", tmp_path / "titles.csv"
    result = run("datasets", "movielens-100k", "-o", events, "--titles", titles)
    assert "Licence: " in result.stderr
    assert len(rows_of(events)) == 100_000
    assert rows_of(titles)[0] == {"item": "1", "title": "Toy Story (1995)"}


@pytest.mark.data
def test_a_set_by_its_name_where_a_file_could_stand(run):
    result = run("describe", "movielens-100k", "--json")
    assert "MovieLens 100K, " in result.stderr
    assert json.loads(result.stdout)["facts"]["interactions"] == 100_000
