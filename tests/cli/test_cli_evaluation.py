"""`evaluate` and `compare`: the figures of the library, files of a run, settings per model."""

from __future__ import annotations

import csv
import json

import pytest

import tastemaker as tm

FAST = ("--draws", 100)


def figures(facts):
    return {(row.get("model", ""), row["metric"]): row["value"] for row in facts["results"]}


def test_a_comparison_has_the_figures_of_the_library(run, events):
    result = run("compare", events, "--models", "popular,knn", "--metrics", "ndcg@5", *FAST, "--json")
    facts = json.loads(result.stdout)
    split = tm.splits.leave_last(tm.Dataset.from_file(events))
    ours = tm.compare({"popular": tm.Popular(), "knn": tm.KNN()}, split, ["ndcg@5"], draws=100)
    assert facts["split"] == "leave_last(n=1)"
    for label in ("popular", "knn"):
        assert figures(facts)[label, "ndcg@5"] == pytest.approx(ours[label]["ndcg@5"].value)


def test_differences_to_a_baseline(run, events):
    words = ("compare", events, "--models", "popular,knn", "--metrics", "ndcg@5,auc,coverage@5", *FAST)
    facts = json.loads(run(*words, "--baseline", "knn", "--json").stdout)
    split = tm.splits.leave_last(tm.Dataset.from_file(events))
    models = {"popular": tm.Popular(), "knn": tm.KNN()}
    ours = tm.compare(models, split, ["ndcg@5", "auc", "coverage@5"], baseline="knn", draws=100).differences()
    for row, want in zip(facts["differences"], ours.rows, strict=True):
        assert (row["model"], row["baseline"], row["metric"]) == ("popular", "knn", want.metric)
        assert row["difference"] == pytest.approx(want.value)
        assert row["p_value"] == pytest.approx(want.p_value)
    assert "\nModel less knn, 90 users; " in run(*words, "--baseline", "knn").stdout
    assert "\nModel less popular, 90 users; " in run(*words).stdout


def test_a_baseline_that_is_not_compared(run, events):
    result = run("compare", events, "--models", "popular,knn", "--baseline", "kn", expect=2)
    assert "Did you mean 'knn'?" in result.stderr
    assert "popular: " not in result.stderr  # nothing was trained for it


def test_one_model_has_no_differences(run, events):
    result = run("compare", events, "--models", "popular", *FAST)
    assert "Model less" not in result.stdout


@pytest.mark.parametrize("by", ["activity", "users", "popularity", "items"])
def test_segments(run, events, by):
    words = ("compare", events, "--models", "popular,knn", "--metrics", "hit@5", "--segments", by, *FAST)
    facts = json.loads(run(*words, "--json").stdout)
    split = tm.splits.leave_last(tm.Dataset.from_file(events))
    ours = tm.compare({"popular": tm.Popular(), "knn": tm.KNN()}, split, "hit@5", draws=100).segments(by)
    want = [(row.segment, row.model, row.n_users, row.interval.value) for row in ours.rows]
    assert [(r["segment"], r["model"], r["users"], r["value"]) for r in facts["segments"]] == want
    assert "\nsegment " in run(*words).stdout


def test_each_model_has_a_line_on_the_way(run, events):
    lines = run("compare", events, "--models", "popular,als", "--epochs", 2, *FAST).stderr.splitlines()
    assert any(line.startswith("popular: Popular(), 90 users x ") for line in lines)
    assert any(line.startswith("als: ALS(epochs=2, rng=0), 90 users x ") for line in lines)


def test_a_run_leaves_everything_in_its_folder(run, events, movies, tmp_path):
    folder = tmp_path / "run"
    words = ("--items", movies, "--models", "popular,knn", "--segments", "users", "-o", folder)
    run("compare", events, *words, *FAST)
    names = {path.name for path in folder.iterdir()}
    tables = {"table.csv", "table.md", "table.html", "table.json"}
    assert names == tables | {"command.txt", "samples.csv", "popular.safetensors", "knn.safetensors"}
    for mark in ("| popular |", "| p\\_value |", "| segment |"):
        assert mark in (folder / "table.md").read_text()
    page = (folder / "table.html").read_text()
    assert page.startswith("<!doctype html>")
    assert page.count("<table>") == 3
    assert json.loads((folder / "table.json").read_text())["users"] == 90
    assert "tastemaker compare " in (folder / "command.txt").read_text()
    assert isinstance(tm.load(folder / "knn.safetensors"), tm.KNN)
    with (folder / "samples.csv").open(newline="") as file:
        samples = list(csv.DictReader(file))
    assert {row["model"] for row in samples} == {"popular", "knn"}
    assert all(row["title"] for row in samples)


def test_the_command_of_a_run_repeats_it(run, events, tmp_path):
    import shlex

    run(
        "compare",
        events,
        "--models",
        "popular",
        "--split",
        "random",
        "--seed",
        5,
        "-o",
        tmp_path / "a",
        *FAST,
    )
    command = (tmp_path / "a" / "command.txt").read_text().splitlines()[-1]
    run(*shlex.split(command.replace(str(tmp_path / "a"), str(tmp_path / "b")))[1:])
    once, again = (json.loads((tmp_path / name / "table.json").read_text()) for name in "ab")
    assert figures(once) == figures(again)


@pytest.mark.parametrize("kind", ["last", "random", "time", "users"])
def test_every_split(run, events, tmp_path, kind):
    result = run("compare", events, "--models", "popular", "--split", kind, "-o", tmp_path, "--json", *FAST)
    assert json.loads(result.stdout)["users"] > 0
    assert (tmp_path / "samples.csv").stat().st_size > 100


def test_two_of_a_kind_with_settings_of_their_own(run, events):
    result = run(
        "compare", events, "--models", "als,small=als", "--factors", 8, "--epochs", 1,
        "--set", "models.small.factors=2", "--json", *FAST,
    )  # fmt: skip
    models = json.loads(result.stdout)["models"]
    assert {label: model["params"]["factors"] for label, model in models.items()} == {"als": 8, "small": 2}


def test_models_in_a_file(run, events, tmp_path):
    (tmp_path / "exp.toml").write_text(
        f'[data]\npath = "{events}"\n[split]\nkind = "random"\n[evaluation]\nmetrics = "hit@3"\ndraws = 100\n'
        'baseline = "wide"\nsegments = "users"\n'
        '[models.popular]\n[models.wide]\nname = "knn"\nneighbors = 60\n'
    )
    facts = json.loads(run("compare", tmp_path / "exp.toml", "--json").stdout)
    assert facts["models"]["wide"]["params"]["neighbors"] == 60
    assert set(figures(facts)) == {("popular", "hit@3"), ("wide", "hit@3")}
    assert {row["baseline"] for row in facts["differences"]} == {"wide"}
    assert {row["segment"] for row in facts["segments"]} == {"warm"}
    narrowed = run("compare", tmp_path / "exp.toml", "--models", "popular", "--baseline", "popular")
    assert "models.wide is set, but wide is not among --models." in narrowed.stderr


def test_a_model_measured_on_a_file(run, events, tmp_path):
    run("split", events, "--split", "last", "-o", tmp_path)
    run("train", tmp_path / "train.csv", "--model", "knn", "-o", tmp_path / "m.safetensors")
    result = run("evaluate", tmp_path / "m.safetensors", tmp_path / "test.csv", "--json", *FAST)
    facts = json.loads(result.stdout)
    split = tm.splits.leave_last(tm.Dataset.from_file(events))
    ours = tm.evaluate(tm.KNN(), split, draws=100)
    # Items that training never saw are not in the model: test users who wanted them do not count there.
    if not len(split.cold_items):
        assert figures(facts)["", "ndcg@10"] == pytest.approx(ours["ndcg@10"].value)
    assert facts["already_seen"] == 0
    words = ("evaluate", tmp_path / "m.safetensors", tmp_path / "test.csv", "--segments", "activity", *FAST)
    parts = json.loads(run(*words, "--json").stdout)["segments"]
    assert sum(row["users"] for row in parts if row["metric"] == "ndcg@10") == facts["users"]
    assert "\nsegment " in run(*words).stdout
    assert "ndcg@10" in run("evaluate", tmp_path / "m.safetensors", tmp_path / "test.csv", *FAST).stdout


def test_unknown_users_and_items_are_counted(run, als, tmp_path):
    (tmp_path / "test.csv").write_text("user_id,movieId\n1,1\n1,2\n2,3\n700,1\n2,800\n")
    result = run("evaluate", als, tmp_path / "test.csv", "--json", *FAST)
    facts = json.loads(result.stdout)
    assert (facts["unknown_users"], facts["unknown_items"], facts["left_out"]) == (1, 1, 2)
    assert facts["users"] == 2
    assert "2 test events left out: 1 users and 1 items are unknown to the model." in result.stderr


def test_events_of_the_training_are_noticed(run, als, events):
    facts = json.loads(run("evaluate", als, events, "--json", *FAST).stdout)
    assert facts["already_seen"] == tm.load(als).seen_.nnz
