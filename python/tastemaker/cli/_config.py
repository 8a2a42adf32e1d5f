"""Settings from a TOML file (``--config``) and from ``--set``: defaults of the options, checked by name."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from tastemaker.cli._verb import Verb, option
from tastemaker.errors import ArgumentError, FileError, FormatError

F = TypeVar("F", bound=Callable[..., Any])

_config_key, _set_key, _models_key = "tastemaker.config", "tastemaker.set", "tastemaker.models"

# Sections of a file, and for each key the option that it sets.
_same = {name: name for name in ("user", "item", "weight", "time")}
_sections: dict[str, dict[str, str]] = {
    "data": {
        "path": "data",
        **{
            name: name
            for name in ("on_duplicate", "half_life", "cap", "user_features", "item_features", "timed")
        },
    },
    "columns": _same,
    "split": {"kind": "split", "test_size": "test_size", "at": "at", "holdout": "holdout"},
    "evaluation": {name: name for name in ("metrics", "draws", "confidence", "segments", "baseline")},
    "run": {"seed": "seed", "threads": "threads"},
}


def models_of(ctx: click.Context) -> dict[str, dict[str, Any]]:
    """Return the sections [models.LABEL]: for each label its model and parameters."""
    models: dict[str, dict[str, Any]] = ctx.meta.get(_models_key, {})
    return models


def read_config(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; paths in it are relative to its folder."""
    try:
        with path.open("rb") as file:
            tree = tomllib.load(file)
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror or error}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is not TOML: {error}.") from error
    data = tree.get("data")
    for key in ("path", "user_features", "item_features"):
        if isinstance(data, dict) and isinstance(data.get(key), str) and Path(data[key]).suffix:
            data[key] = str(path.parent / data[key])
    return tree


def parse_set(text: str) -> tuple[list[str], Any]:
    """Return (keys, value) of ``section.key=value``; the value is TOML where it reads as such, else text."""
    name, equals, value = text.partition("=")
    keys = [key.strip() for key in name.split(".")]
    if not equals or len(keys) < 2 or not all(keys):
        raise ArgumentError(f"--set must be SECTION.KEY=VALUE, such as model.alpha=4, got {text!r}.")
    try:
        return keys, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return keys, value.strip()


def check_names(tree: Mapping[str, Any], parameters: Iterable[str], source: str) -> None:
    """Refuse sections and keys that nothing reads."""
    known_parameters = ["name", *parameters]
    _check("section", tree, [*_sections, "model", "models"], source)
    for section, content in tree.items():
        tables = content if section == "models" else {section: content}
        if not isinstance(tables, Mapping):
            raise ArgumentError(f"{source}: {section} must be a section, got {content!r}.")
        for label, table in tables.items():
            if not isinstance(table, Mapping):
                raise ArgumentError(f"{source}: {label} must be a section [{section}], got {table!r}.")
            known = list(_sections[section]) if section in _sections else known_parameters
            _check(f"key of [{section}]", table, known, source)


def _check(what: str, given: Iterable[str], known: list[str], source: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known))}."
            raise ArgumentError(f"{source}: {name!r} is no {what}. {hint}")


def as_defaults(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return option name -> value for click's default map."""
    defaults = {}
    for section, names in _sections.items():
        for key, value in tree.get(section, {}).items():
            if section == "columns" and value is False:
                defaults[f"no_{key}"] = True
            else:
                defaults[names[key]] = value
    model = dict(tree.get("model", {}))
    if "name" in model:
        defaults["model"] = model.pop("name")
    return defaults | {f"model_{parameter}": value for parameter, value in model.items()}


def config_options(parameters: Callable[[], Iterable[str]]) -> Callable[[F], F]:
    """Decorate a verb with ``--config`` and ``--set``.

    Parameters
    ----------
    parameters : callable
        Returns the names of all models' parameters.
    """

    def apply(ctx: click.Context) -> None:
        tree: dict[str, Any] = {}
        for layer in (ctx.meta.get(_config_key, {}), ctx.meta.get(_set_key, {})):  # --set has the last word
            _merge(tree, layer)
        ctx.meta[_models_key] = tree.get("models", {})
        ctx.default_map = as_defaults(tree)

    def load(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
        if value is not None:
            tree = read_config(value)
            check_names(tree, parameters(), str(value))
            ctx.meta[_config_key] = tree
            apply(ctx)

    def assign(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> None:
        tree: dict[str, Any] = {}
        for text in values:
            keys, value = parse_set(text)
            _merge(tree, _nested(keys, value))
        check_names(tree, parameters(), "--set")
        if tree:
            ctx.meta[_set_key] = tree
            apply(ctx)

    def decorate(function: F) -> F:
        function = option(
            "--set",
            "assignments",
            multiple=True,
            metavar="SECTION.KEY=VALUE",
            is_eager=True,
            expose_value=False,
            callback=assign,
            help="A setting as in the file of --config, such as model.alpha=4; may be repeated.",
        )(function)
        return option(
            "--config",
            type=click.Path(path_type=Path),
            is_eager=True,
            expose_value=False,
            callback=load,
            help="TOML file with sections data, columns, split, model. Options have precedence.",
        )(function)

    return decorate


class ConfiguredVerb(Verb):
    """A verb whose first argument may be a TOML file: ``train exp.toml`` is ``train --config exp.toml``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, ["--config", *args] if args and args[0].endswith(".toml") else args)


def _nested(keys: list[str], value: Any) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    tree: dict[str, Any] = value
    return tree


def _merge(tree: dict[str, Any], other: Mapping[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, Mapping) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = dict(value) if isinstance(value, Mapping) else value
