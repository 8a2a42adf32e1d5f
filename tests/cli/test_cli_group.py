"""The command as a whole: help, start-up, misspelt verbs, exit codes of what is no verb."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import tastemaker
from tastemaker.cli import main, summaries


def python(*args: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, timeout=60, check=False, **options
    )


@pytest.mark.parametrize("verb", list(summaries))
def test_every_verb_has_readable_help(run, verb):
    text = run(verb, "--help").stdout
    assert text.startswith(f"Usage: tastemaker {verb} [OPTIONS]")
    assert max(map(len, text.splitlines())) <= 80
    for flag in ("--json", "-o, --output", "--seed", "--threads", "-q, --quiet", "-v, --verbose"):
        assert flag in text
    assert text.index("Common options:") > text.index("Usage:")


@pytest.mark.parametrize("verb", list(summaries))
def test_every_option_says_what_it_does(verb):
    command = main.get_command(None, verb)
    for param in command.params:
        assert getattr(param, "help", None) or param.param_type_name == "argument", (verb, param.name)


def test_help_lists_every_verb_and_imports_none_of_them(run):
    text = run("--help").stdout
    assert all(f"  {verb} " in text for verb in summaries)
    done = python(
        "-c",
        "import sys; from tastemaker.cli import main; main(['--help'], standalone_mode=False)\n"
        "print(*sys.modules, file=sys.stderr)",
    )
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert not {"numpy", "scipy", "narwhals", "tastemaker._core"} & loaded


def test_without_a_verb_the_help_is_shown():
    assert "Verbs:" in CliRunner().invoke(main, []).output


def test_the_version(run):
    assert run("--version").stdout == f"tastemaker {tastemaker.__version__}\n"


def test_a_misspelt_verb_is_corrected(run):
    assert "There is no verb 'desribe'. Did you mean describe?" in run("desribe", "x", expect=2).stderr
    assert "There are: describe, split, train" in run("xyzzy", expect=2).stderr


def test_an_unknown_option_is_one_line(run):
    lines = run("inspect", "--nosuch", expect=2).stderr.splitlines()
    assert len(lines) == 1
    assert "Try 'tastemaker inspect --help'." in lines[0]


def test_the_package_is_a_command_too(tmp_path):
    done = python("-m", "tastemaker", "inspect", "none.safetensors", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == "Error: none.safetensors cannot be read (No such file or directory).\n"


def test_a_reader_that_has_had_enough_is_no_error(als):
    command = (
        f"{sys.executable} -m tastemaker recommend {als} --users all --format csv --batch-size 1 | head -2"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[0] == "user_id,movieId,rank,score"
    assert "Error" not in done.stderr
    assert "Traceback" not in done.stderr


def test_stdout_has_the_result_alone(events):
    done = python("-m", "tastemaker", "describe", str(events), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["facts"]["users"] == 90
