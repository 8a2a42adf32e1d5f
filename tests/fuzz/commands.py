"""Arguments of the command line: every option of every verb with values that fit, nearly fit and do not."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import click
from tests.fuzz.choices import Choices

import tastemaker as tm
from tastemaker.cli import main, summaries

#: Without those that use the network, and the one that times this machine.
_VERBS = [verb for verb in summaries if verb not in ("datasets", "doctor")]
_WORDS = (
    *("events.csv", "model", "movies.csv", "odd.csv", "missing.csv", ".", "out.csv", "out.parquet", "out"),
    *("1", "0", "-1", "2", "0.5", "nan", "inf", "1,2", "all", "@ids", "@missing", "", "é", "--", "-"),
    *(
        "item",
        "user",
        "rating",
        "genres",
        "als",
        "knn",
        "popular",
        "ease",
        "svd",
        "leave-last",
        "random",
        "time",
    ),
    *(
        "model.factors=2",
        "model.alpha=x",
        "split.test_size=0.3",
        "a=b",
        "=",
        "ndcg@5",
        "recall@0",
        "csv",
        "jsonl",
    ),
)


def command_line(data: bytes) -> None:
    """Any arguments end with an exit code that the help names, and never with a bug."""
    choices = Choices(data)
    verb = choices.pick(_VERBS)
    arguments = [verb, *_arguments(choices, verb)]
    with _folder() as folder:
        before = os.getcwd()
        os.chdir(folder)
        try:
            code, text = _run(arguments)
        finally:
            os.chdir(before)
    assert code in (0, 1, 2, 3), (arguments, code, text)
    assert "This is a bug" not in text, (arguments, text)
    assert code == 0 or text.count("Error: ") == 1, (arguments, text)


def _arguments(choices: Choices, verb: str) -> list[str]:
    arguments = []
    for parameter in _parameters(verb):
        if isinstance(parameter, click.Argument):
            arguments += ["model" if parameter.name == "model" else "events.csv"] if choices.likely() else []
        elif parameter.required or choices.below(12) == 11:
            arguments += _option(choices, parameter)
    if not choices.likely():
        arguments.insert(choices.below(len(arguments) + 1), choices.pick(_WORDS))
    return [*arguments, "--seed", "0", "--threads", "1"] if choices.likely() else arguments


def _option(choices: Choices, parameter: click.Parameter) -> list[str]:
    name = choices.pick(parameter.opts)
    if getattr(parameter, "is_flag", False):
        return [name]
    kind = parameter.type
    if isinstance(kind, click.Choice) and choices.likely():
        return [name, str(choices.pick(list(kind.choices)))]
    return [name, choices.pick(_WORDS)]


@functools.cache
def _parameters(verb: str) -> list[click.Parameter]:
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    return [parameter for parameter in command.params if parameter.name not in ("help", "seed", "threads")]


def _run(arguments: list[str]) -> tuple[object, str]:
    output, errors = io.StringIO(), io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        warnings.simplefilter("ignore")
        try:
            main.main(arguments, prog_name="tastemaker")
        except SystemExit as end:
            return end.code or 0, errors.getvalue()
    return None, errors.getvalue()


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in _files().items():
            Path(folder, name).write_bytes(content)
        yield folder


@functools.cache
def _files() -> dict[str, bytes]:
    rows = [
        f"{user},{item},{1 + (user + item) % 5},{100 * user + item}"
        for user in range(8)
        for item in range(1 + user)
    ]
    events = "\n".join(["user,item,rating,time", *rows, ""])
    movies = "\n".join(["item,title,genres", *(f'{item},"Film, {item}",a|b' for item in range(8)), ""])
    files = {
        "events.csv": events.encode(),
        "movies.csv": movies.encode(),
        "odd.csv": b"\xff\x00,",
        "ids": b"1\n2\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.csv")
        path.write_bytes(files["events.csv"])
        tm.ALS(factors=2, epochs=1, rng=0).fit(tm.Dataset.from_file(path)).save(Path(folder, "model"))
        return files | {"model": Path(folder, "model").read_bytes()}
