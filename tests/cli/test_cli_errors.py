"""Whatever is wrong, the answer is one line on stderr and the right exit code; never a traceback."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tastemaker.cli import main
from tastemaker.cli.verbs import inspect as inspect_verb

USAGE = [
    ("describe",),
    ("train", "{events}", "--model", "als"),
    ("train", "{events}", "--model", "alx", "-o", "{out}"),
    ("train", "{events}", "--model", "als", "--factors", "many", "-o", "{out}"),
    ("train", "{events}", "--model", "als", "--factors", "0", "-o", "{out}"),
    ("train", "{events}", "--model", "popular", "--factors", "8", "-o", "{out}"),
    ("train", "{events}", "--model", "als", "--set", "alpha", "-o", "{out}"),
    ("train", "{events}", "--model", "als", "--set", "model.alhpa=1", "-o", "{out}"),
    ("train", "{events}", "--model", "als", "--seed", "-1", "-o", "{out}"),
    ("train", "{events}", "--model", "als", "--threads", "0", "-o", "{out}"),
    ("train", "{events}", "--model", "als", "--timed", "-o", "{out}"),
    ("describe", "{events}", "--weight", "rating", "--no-weight"),
    ("describe", "movielens-100k", "--user", "u"),
    ("split", "{events}"),
    ("split", "{events}", "--split", "last", "--test-size", "0.2", "-o", "{out}"),
    ("split", "{events}", "--split", "random", "--test-size", "2.5", "-o", "{out}"),
    ("split", "{events}", "--split", "random", "--test-size", "half", "-o", "{out}"),
    ("split", "{events}", "--split", "random", "--at", "2020", "-o", "{out}"),
    ("split", "{events}", "--split", "time", "--holdout", "0.5", "-o", "{out}"),
    ("compare", "{events}", "--models", "als,als"),
    ("compare", "{events}", "--models", "als,nosuch"),
    ("compare", "{events}", "--models", "../als=als"),
    ("compare", "{events}", "--models", "popular,als", "--neighbors", "3"),
    ("compare", "{events}", "--models", "popular", "--metrics", "ndcq@10"),
    ("evaluate", "{als}", "{events}", "--metrics", "ndcg"),
    ("recommend", "{als}"),
    ("recommend", "{als}", "--users", "all"),
    ("recommend", "{als}", "--users", "1", "--interactions", "{events}"),
    ("recommend", "{als}", "--users", "1", "-n", "0"),
    ("recommend", "{als}", "--users", "1", "-o", "{out}.xlsx"),
    ("export", "{als}"),
    ("export", "{als}", "-o", "{out}.xlsx"),
    ("datasets", "--titles", "{out}"),
]
DATA = [
    ("describe", "{missing}"),
    ("describe", "no-such-set"),
    ("describe", "{text}"),
    ("describe", "{movies}"),
    ("describe", "{events}", "--user", "nosuch"),
    ("describe", "{cut}"),
    ("train", "{missing}", "--model", "als", "-o", "{out}"),
    ("train", "--config", "{missing}", "-o", "{out}"),
    ("train", "{bad_toml}", "-o", "{out}"),
    ("split", "{events}", "--no-time", "--split", "last", "-o", "{out}"),
    ("compare", "{events}", "--models", "popular", "--items", "{missing}"),
    ("evaluate", "{als}", "{missing}"),
    ("evaluate", "{als}", "{strangers}"),
    ("inspect", "{missing}"),
    ("inspect", "{events}"),
    ("recommend", "{events}", "--users", "1"),
    ("recommend", "{als}", "--users", "x"),
    ("recommend", "{als}", "--users", "123456"),
    ("recommend", "{als}", "--users", "@{missing}"),
    ("recommend", "{als}", "--users", "1", "--items", "{missing}"),
    ("recommend", "{als}", "--interactions", "{missing}"),
    ("similar", "{als}", "x"),
    ("similar", "{als}", "123456"),
    ("explain", "{als}", "1", "123456"),
    ("export", "{events}", "-o", "{out}.csv"),
    ("datasets", "no-such-set"),
]
RUN = [
    ("train", "{events}", "--model", "popular", "-o", "{nowhere}/m.safetensors"),
    ("split", "{events}", "-o", "{events}/x"),
    ("describe", "{events}", "-o", "{nowhere}/facts.json"),
    ("compare", "{events}", "--models", "popular", "-o", "{events}"),
    ("recommend", "{als}", "--users", "all", "-o", "{nowhere}/recs.csv"),
    ("export", "{knn}", "-o", "{out}.csv"),
    ("similar", "{als}", "1", "-o", "{nowhere}/s.csv"),
]


@pytest.fixture
def names(folder, events, movies, als, knn, tmp_path):
    files = {"bad.toml": "[model", "cut.parquet": "PAR1", "strangers.csv": "user_id,movieId\n7777,8888\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return {
        "events": events, "movies": movies, "als": als, "knn": knn,
        "out": tmp_path / "out",
        "missing": tmp_path / "missing.csv",
        "text": tmp_path / "notes.txt",
        "bad_toml": tmp_path / "bad.toml",
        "cut": tmp_path / "cut.parquet",
        "strangers": tmp_path / "strangers.csv",
        "nowhere": tmp_path / "no" / "where",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("args", "code"),
    [(args, code) for code, cases in ((2, USAGE), (3, DATA), (1, RUN)) for args in cases],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_bad_calls(run, names, args, code):
    before = sorted(names["out"].parent.iterdir())
    result = run(*(arg.format(**names) for arg in args), expect=code)
    assert result.stdout == ""
    assert sorted(names["out"].parent.iterdir()) == before, "something was left behind"


def test_nobody_to_recommend_to(run, als):
    assert "There is no user" in run("recommend", als, "--users", ",", expect=2).stderr


def test_a_parameter_of_another_model_names_those_there_are(run, events, tmp_path):
    message = run("train", events, "--model", "svd", "--epochs", 3, "-o", tmp_path / "m", expect=2).stderr
    assert "svd has no --epochs. It has: --factors, --method" in message


def test_messages_speak_of_options(run, movies, events):
    assert "Pass --user one of 'movieId', 'title', 'genres'" in run("describe", movies, expect=3).stderr
    message = run("describe", events, "--weight", "wieght", expect=3).stderr
    assert "`--weight` must be one of the columns" in message


def test_an_id_of_the_wrong_kind_says_so(run, als):
    message = run("recommend", als, "--users", "heat", expect=3).stderr
    assert "user 'heat' is text; the training ids are integers, such as 1." in message


@pytest.mark.parametrize(
    "error", [RuntimeError("odd\nthing"), MemoryError(), OSError(28, "No space left", "x")]
)
def test_what_nobody_foresaw_is_a_line_too(run, als, monkeypatch, error):
    def fail(path):
        raise error

    monkeypatch.setattr(inspect_verb, "inspect", fail)
    run("inspect", als, expect=1)


def test_twice_verbose_shows_where_it_happened(tmp_path):
    result = CliRunner().invoke(main, ["inspect", str(tmp_path / "none"), "-v", "-v"])
    assert result.exit_code == 3
    assert "Traceback" in result.stderr
    assert result.stdout == ""


def test_quiet_leaves_errors_alone(run, events, tmp_path):
    quiet = run("train", events, "--model", "popular", "-q", "-o", tmp_path / "m.safetensors")
    assert quiet.stderr == ""
    assert run("inspect", tmp_path / "none", "-q", expect=3).stderr.startswith("Error: ")


def test_ctrl_c_ends_without_a_traceback(als, monkeypatch):
    def interrupt(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(inspect_verb, "inspect", interrupt)
    result = CliRunner().invoke(main, ["inspect", str(als)])
    assert result.exit_code == 1
    assert result.stderr.strip() == "Aborted!"
