"""`recommend`: the same lists in every form, and constant memory for all users."""

from __future__ import annotations

import csv
import gzip
import json
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp

import tastemaker as tm
from tastemaker.cli import _lists, _sinks


def expected(path, users=None, **options):
    frame = tm.load(path).recommend(users, **options)
    return list(zip(frame["user_id"], frame["movieId"], frame["rank"], frame["score"], strict=True))


def of_csv(path, opener=open, separator=","):
    with opener(path, "rt", newline="") as file:
        return [
            (int(row["user_id"]), int(row["movieId"]), int(row["rank"]), np.float32(row["score"]))
            for row in csv.DictReader(file, delimiter=separator)
        ]


def of_dicts(rows):
    return [(row["user_id"], row["movieId"], row["rank"], np.float32(row["score"])) for row in rows]


def test_a_table_for_a_few_users(run, als, movies):
    text = run("recommend", als, "--users", "1, 42", "-n", 3, "--items", movies).stdout
    header, _, *lines = text.splitlines()
    assert header.split() == ["user_id", "movieId", "title", "rank", "score"]
    assert len(lines) == 6
    assert [int(line.split()[1]) for line in lines] == [item for _, item, _, _ in expected(als, [1, 42], n=3)]


def test_a_long_table_is_not_cut(run, als):
    users = ",".join(map(str, range(1, 41)))
    assert len(run("recommend", als, "--users", users, "-n", 1).stdout.splitlines()) == 42


def test_json(run, als, movies):
    found = json.loads(run("recommend", als, "--users", 7, "--items", movies, "--json").stdout)
    assert of_dicts(found["recommendations"]) == expected(als, [7])
    assert all(row["title"] for row in found["recommendations"])


@pytest.mark.parametrize("suffix", ["csv", "tsv", "csv.gz", "jsonl", "jsonl.gz", "parquet"])
def test_all_users_in_a_file(run, als, tmp_path, suffix):
    path = tmp_path / f"recs.{suffix}"
    result = run("recommend", als, "--users", "all", "-n", 4, "--batch-size", 7, "-o", path)
    assert result.stdout == ""
    assert "users/s" in result.stderr
    opener = gzip.open if suffix.endswith("gz") else open
    if suffix == "parquet":
        rows = of_dicts(pq.read_table(path).to_pylist())
    elif "jsonl" in suffix:
        with opener(path, "rt") as file:
            rows = of_dicts(map(json.loads, file))
    else:
        rows = of_csv(path, opener, "\t" if suffix == "tsv" else ",")
    assert rows == expected(als, n=4)


def test_titles_in_parquet_may_be_missing(run, als, tmp_path):
    titles = tmp_path / "some.csv"
    titles.write_text('movieId,title\n1,"Quiet, please"\n')
    run(
        "recommend",
        als,
        "--users",
        "all",
        "--batch-size",
        10,
        "--items",
        titles,
        "-o",
        tmp_path / "r.parquet",
    )
    table = pq.read_table(tmp_path / "r.parquet")
    assert set(table["title"].to_pylist()) == {None, "Quiet, please"}


def test_rows_on_stdout(run, als):
    lines = run("recommend", als, "--users", "3,4", "--format", "csv").stdout.splitlines()
    assert lines[0] == "user_id,movieId,rank,score"
    assert len(lines) == 21


def test_users_from_a_file(run, als, tmp_path):
    (tmp_path / "users.txt").write_text("3\n\n 4 \n")
    found = json.loads(run("recommend", als, "--users", f"@{tmp_path / 'users.txt'}", "--json").stdout)
    assert of_dicts(found["recommendations"]) == expected(als, [3, 4])


def test_allow_and_deny(run, als, tmp_path):
    (tmp_path / "allow.txt").write_text("1\n2\n3\n4\n5\n")
    options = ("--allow", f"@{tmp_path / 'allow.txt'}", "--deny", "2,3", "--include-seen")
    found = json.loads(run("recommend", als, "--users", 1, *options, "--json").stdout)
    assert of_dicts(found["recommendations"]) == expected(als, [1], allow=[1, 4, 5], exclude_seen=False)


def test_an_empty_allow_list_allows_nothing(run, als):
    found = json.loads(run("recommend", als, "--users", 1, "--allow", "", "--json").stdout)
    assert found["recommendations"] == []


def test_unknown_items_of_a_list_are_told_once(run, als):
    result = run("recommend", als, "--users", "all", "--deny", "99999", "--batch-size", 5, "--format", "csv")
    assert result.stderr.count("Warning: `--deny`: 1 of 1 items were not seen in training") == 1


def test_new_users_by_what_they_did(run, als, tmp_path):
    (tmp_path / "new.csv").write_text("user_id,movieId\n900,1\n900,2\n901,3\n")
    result = run(
        "recommend", als, "--interactions", tmp_path / "new.csv", "-n", 5, "--batch-size", 1, "--json"
    )
    rows = of_dicts(json.loads(result.stdout)["recommendations"])
    assert rows[:5] == [(900, *row[1:]) for row in expected(als, interactions={900: [1, 2]}, n=5)]
    assert {row[0] for row in rows} == {900, 901}


def test_users_without_a_list_are_counted(run, tmp_path):
    path = tmp_path / "m.safetensors"
    data = tm.Dataset.from_tuples([(1, 10), (2, 10), (2, 20), (3, 20)])
    some = data.with_interactions(sp.csr_array([[1.0, 0], [1, 1], [0, 0]]), None)
    tm.ALS(factors=2, epochs=1, rng=0).fit(some).save(path)
    result = run("recommend", path, "--users", "all", "--batch-size", 1, "-o", tmp_path / "r.csv")
    assert "2 users got no recommendations" in result.stderr  # one has seen all, one has no history
    assert "Warning" not in result.stderr


def test_ids_that_are_text(run, tmp_path):
    path = tmp_path / "m.safetensors"
    tm.Popular().fit(tm.Dataset.from_tuples([("7", "heat"), ("bob", "ronin"), ("bob", "heat")])).save(path)
    found = json.loads(run("recommend", path, "--users", "7", "--json").stdout)
    assert found["recommendations"] == [{"user": "7", "item": "ronin", "rank": 1, "score": 1.0}]


def test_batches_are_written_one_by_one(run, als, tmp_path, monkeypatch):
    sizes = []
    write = _sinks._Csv.write

    def counted(self, columns):
        sizes.append(len(columns["movieId"]))
        write(self, columns)

    monkeypatch.setattr(_sinks._Csv, "write", counted)
    run("recommend", als, "--users", "all", "-n", 3, "--batch-size", 20, "-o", tmp_path / "r.csv")
    assert sizes == [60, 60, 60, 60, 30]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_memory_does_not_grow_with_the_rows(tmp_path, suffix):
    batch = {
        "user": np.arange(1_000),
        "item": np.arange(1_000),
        "score": np.linspace(0, 1, 1_000, dtype=np.float32),
    }
    schema = {name: column.dtype for name, column in batch.items()}

    def peak(batches):
        largest = 0
        tracemalloc.start()
        with _sinks.file_sink(tmp_path / f"r{suffix}", schema) as sink:
            for _ in range(batches):
                sink.write({name: column.copy() for name, column in batch.items()})
                # Arrow's memory is its own: tracemalloc does not see it.
                largest = max(largest, tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes())
        tracemalloc.stop()
        return largest

    peak(1)  # imports
    size = sum(column.nbytes for column in batch.values())
    assert peak(44) - peak(4) < 10 * size, "40 more batches were kept"


def test_a_failure_on_the_way_leaves_no_file(run, als, tmp_path, monkeypatch):
    def fail(self, users):
        yield from ()
        raise RuntimeError("the power went out")

    monkeypatch.setattr(_lists.Lists, "known", fail)
    run("recommend", als, "--users", "all", "-o", tmp_path / "r.csv", expect=1)
    assert list(tmp_path.iterdir()) == []
