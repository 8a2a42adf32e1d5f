"""Training and what is made of model files: train, inspect, similar, explain, export, and settings from files."""

from __future__ import annotations

import csv
import inspect
import json
from types import NoneType
from typing import get_args

import numpy as np
import pyarrow.parquet as pq
import pytest

import tastemaker as tm
from tastemaker.cli import _models
from tastemaker.models import Recommender


def trained(run, events, tmp_path, *options):
    path = tmp_path / "model.safetensors"
    run("train", events, *options, "-o", path)
    return tm.load(path)


# train


@pytest.mark.parametrize("name", list(_models.classes))
def test_every_model_trains(run, events, tmp_path, name):
    few = ("--factors", 5) if "factors" in _models.parameters_of(name) else ()
    model = trained(run, events, tmp_path, "--model", name, *few)
    assert type(model) is _models.model_class(name)
    assert model.n_users_ == 90


def test_every_public_model_has_a_short_name():
    public = {
        name
        for name in tm.__all__
        if inspect.isclass(found := getattr(tm, name)) and issubclass(found, Recommender)
    }
    # The parameter of a blend is models.
    assert public - {"Recommender", "Blend"} == set(_models.classes.values())


def test_every_parameter_is_an_option_and_reaches_the_model():
    for name in _models.classes:
        defaults = _models.model_class(name)._defaults()
        for parameter, annotation in _models.parameters_of(name).items():
            expected = other_value(annotation, defaults[parameter])
            made = _models.make_model(name, {parameter: str(expected)}, seed=7)
            value = getattr(made, parameter)
            assert (type(value), value) == (type(expected), expected)
            assert "rng" not in defaults or made.rng == 7


def other_value(annotation, default):
    """Return a value of the annotated kind that is not the default."""
    kinds = [kind for kind in _models._kinds(annotation) if kind is not NoneType]
    if kinds == [bool]:
        return not default
    if set(kinds) <= {int, float}:
        return kinds[0](3)
    return next(choice for choice in get_args(kinds[0]) if choice != default)


def test_help_gives_the_defaults_of_each_model(run):
    text = " ".join(run("train", "--help").stdout.split())
    assert "--factors INT" in text
    assert "[als: 64]" in text
    assert "--solver cg|cholesky|ials++" in text


def test_an_option_of_the_data_keeps_its_name(run, events, tmp_path):
    model = trained(run, events, tmp_path, "--model", "popular", "--by", "recent", "--model-half-life", 3)
    assert model.half_life == 3.0


def test_the_report_of_a_training(run, events, tmp_path):
    path = tmp_path / "m.safetensors"
    result = run(
        "train", events, "--model", "als", "--epochs", 2, "--compute-loss", "true", "--json", "-o", path
    )
    facts = json.loads(result.stdout)
    assert facts["epochs"] == 2
    assert facts["loss"] > 0
    (line,) = (tmp_path / "runs.jsonl").read_text().splitlines()
    logged = json.loads(line)
    assert logged["params"] == facts["params"]
    assert logged["command"].startswith("tastemaker train ")


def test_the_same_seed_gives_the_same_model(run, events, tmp_path):
    options = ("--model", "als", "--epochs", 1, "--no-log", "--seed")
    models = [trained(run, events, tmp_path, *options, seed).item_factors_.copy() for seed in (1, 1, 2)]
    np.testing.assert_array_equal(models[0], models[1])
    assert (models[0] != models[2]).any()
    assert not (tmp_path / "runs.jsonl").exists()


# settings


CONFIG = """
[data]
path = "{events}"
cap = 4
[columns]
weight = "rating"
[model]
name = "als"
factors = 6
alpha = 2.5
solver = "cholesky"
epochs = 1
[run]
seed = 11
"""


@pytest.fixture
def config(events, tmp_path):
    path = tmp_path / "exp.toml"
    path.write_text(CONFIG.format(events=events))
    return path


def test_a_file_may_say_everything(run, config, tmp_path):
    model = trained(run, config, tmp_path)
    assert (model.factors, model.alpha, model.solver, model.rng) == (6, 2.5, "cholesky", 11)
    assert model.seen_.max() == 4


def test_options_go_before_set_and_set_before_the_file(run, config, tmp_path):
    model = trained(
        run,
        "--config",
        tmp_path,
        *(config, "--set", "model.alpha=4", "--set", "model.factors=7", "--factors", 8),
    )
    assert (model.factors, model.alpha, model.epochs) == (8, 4.0, 1)


def test_paths_in_a_file_are_relative_to_it(run, events, tmp_path):
    (tmp_path / "events.csv").write_bytes(events.read_bytes())
    (tmp_path / "exp.toml").write_text('[data]\npath = "events.csv"\n[model]\nname = "popular"\n')
    assert trained(run, tmp_path / "exp.toml", tmp_path).n_users_ == 90


def test_a_column_may_be_switched_off_in_a_file(run, config, tmp_path):
    config.write_text(config.read_text().replace('weight = "rating"', "weight = false\ntime = false"))
    assert trained(run, config, tmp_path).seen_.max() == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[data]", "[date]", "'date' is no section. Did you mean data?"),
        ("cap", "cep", "'cep' is no key of [data]. Did you mean cap?"),
        ("factors", "factor", "'factor' is no key of [model]. Did you mean factors?"),
        ("solver", "neighbors", "als has no --neighbors. It has: --factors"),
        ('name = "als"', 'name = "asl"', "'asl' is not one of"),
        ("factors = 6", 'factors = "six"', "--factors must be a whole number, got 'six'"),
        ("cap = 4", 'cap = "four"', "'four' is not a valid float"),
        ("seed = 11", "seed = -1", "-1 is not in the range x>=0"),
    ],
)
def test_names_and_values_of_a_file_are_checked(run, config, tmp_path, old, new, message):
    config.write_text(config.read_text().replace(old, new))
    assert message in run("train", config, "-o", tmp_path / "m", expect=2).stderr


# inspect


def test_the_header_of_a_model(run, als):
    text = run("inspect", als).stdout
    assert "users x items 90 x " in " ".join(text.split())
    facts = json.loads(run("inspect", als, "--json").stdout)
    assert facts["model"]["params"]["factors"] == 8
    assert facts["columns"] == {"user": "user_id", "item": "movieId"}
    assert facts["bytes"] == als.stat().st_size


# similar, explain


def test_neighbours_with_titles(run, knn, movies):
    found = json.loads(run("similar", knn, 1, 2, "-n", 3, "--items", movies, "--json").stdout)["similar"]
    expected = tm.load(knn).similar_items([1, 2], n=3)
    assert [row["similar_movieId"] for row in found] == list(expected["similar_movieId"])
    assert list(found[0]) == ["movieId", "similar_movieId", "title", "rank", "score"]
    assert "title" in run("similar", knn, 1, "--items", movies).stdout.splitlines()[0]


def test_similar_users(run, als):
    found = json.loads(run("similar", als, 1, "--of", "users", "-n", 2, "--json").stdout)["similar"]
    assert [row["rank"] for row in found] == [1, 2]


def test_what_a_model_cannot_do_is_its_failure(run, knn):
    assert "`KNN` cannot do similar_users" in run("similar", knn, 1, "--of", "users", expect=1).stderr


def test_an_explanation_sums_to_the_score(run, knn, movies):
    model = tm.load(knn)
    item = int(model.recommend(1, n=1)["movieId"][0])
    facts = json.loads(run("explain", knn, 1, item, "-n", 1000, "--items", movies, "--json").stdout)
    assert facts["score"] == pytest.approx(model.score(1, item))
    assert sum(row["contribution"] for row in facts["because"]) == pytest.approx(facts["score"], rel=1e-5)
    text = run("explain", knn, 1, item, "-n", 2, "--items", movies).stdout
    assert text.startswith(f"Item {item} (")
    assert "more items" in text


# export


@pytest.mark.parametrize("what", ["items", "users"])
def test_vectors_in_every_format(run, als, tmp_path, what):
    model = tm.load(als)
    vectors = getattr(model, f"{what[:-1]}_factors_")
    ids = getattr(model, f"{what}_").ids
    column = {"items": "movieId", "users": "user_id"}[what]
    for suffix in ("parquet", "csv", "npz"):
        run("export", als, "--what", what, "-o", tmp_path / f"v.{suffix}")
    table = pq.read_table(tmp_path / "v.parquet")
    assert table.column_names == [column, "vector"]
    np.testing.assert_array_equal(table[column].to_numpy(), ids)
    np.testing.assert_array_equal(np.stack(table["vector"].to_numpy(zero_copy_only=False)), vectors)
    with np.load(tmp_path / "v.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["vectors"], vectors)
    with (tmp_path / "v.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [column, *(f"v{at}" for at in range(8))]
    np.testing.assert_array_equal(np.array(rows, dtype=np.float32)[:, 1:], vectors)


def test_similarities(run, knn, tmp_path):
    run("export", knn, "--what", "similarities", "-n", 2, "-o", tmp_path / "s.parquet")
    rows = pq.read_table(tmp_path / "s.parquet").to_pylist()
    model = tm.load(knn)
    expected = model.similar_items(model.items_.ids, n=2)
    assert [row["similar_movieId"] for row in rows] == list(expected["similar_movieId"])
    assert [row["rank"] for row in rows] == list(expected["rank"])


def test_text_ids_survive_without_pickle(run, tmp_path):
    path = tmp_path / "m.safetensors"
    tm.SVD(factors=1, rng=0).fit(tm.Dataset.from_tuples([("ann", "heat"), ("bob", "häät")])).save(path)
    run("export", path, "-o", tmp_path / "v.npz")
    with np.load(tmp_path / "v.npz", allow_pickle=False) as file:
        assert file["ids"].tolist() == ["heat", "häät"]
