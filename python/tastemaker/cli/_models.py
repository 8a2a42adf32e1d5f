"""Models by short name, and an option for each of their parameters, made from the classes themselves."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from types import NoneType
from typing import Any, TypeVar

import click

from tastemaker.cli._data import DataChoice
from tastemaker.cli._split import SplitChoice
from tastemaker.cli._verb import option
from tastemaker.models import Recommender

F = TypeVar("F", bound=Callable[..., Any])

section = "Model options"

#: Class of each model by short name, imported when it is asked for.
classes = {
    "popular": "Popular",
    "knn": "KNN",
    "als": "ALS",
    "svd": "SVD",
    "ease": "EASE",
    "lightfm": "LightFM",
    "bpr": "BPR",
    "logistic_mf": "LogisticMF",
}


@cache
def model_class(name: str) -> type[Recommender]:
    """Return the class of a short name."""
    if name not in classes:
        raise click.UsageError(f"There is no model {name!r}. There are: {', '.join(classes)}.")
    found: type[Recommender] = getattr(import_module(f"tastemaker.models.{name}"), classes[name])
    return found


@cache
def parameters_of(name: str) -> dict[str, Any]:
    """Return the annotation of each parameter that has an option: the seed is --seed, tables have none."""
    hints = typing.get_type_hints(model_class(name).__init__)
    return {
        parameter: hints[parameter]
        for parameter in model_class(name)._defaults()
        if parameter != "rng"
        and not any(typing.get_origin(kind) is Mapping for kind in _kinds(hints[parameter]))
    }


@cache
def all_parameters() -> dict[str, list[str]]:
    """Return the models that have each parameter."""
    owners: dict[str, list[str]] = {}
    for name in classes:
        for parameter in parameters_of(name):
            owners.setdefault(parameter, []).append(name)
    return owners


def make_model(name: str, given: Mapping[str, Any], seed: int) -> Recommender:
    """Return the unfitted model of a short name with the parameters given as text or values."""
    known = parameters_of(name)
    strays = [parameter for parameter in given if parameter not in known]
    if strays:
        flags = ", ".join(flag(parameter) for parameter in known)
        raise click.UsageError(f"{name} has no {flag(strays[0])}. It has: {flags}.")
    values = {parameter: parsed(parameter, value, known[parameter]) for parameter, value in given.items()}
    if "rng" in model_class(name)._defaults():
        values["rng"] = seed
    return model_class(name)(**values)


def flag(parameter: str) -> str:
    """Return the option of a parameter; one that the data or the split has too is told apart."""
    prefix = "model-" if parameter in _taken else ""
    return f"--{prefix}{parameter.replace('_', '-')}"


_taken = {field.name for choice in (DataChoice, SplitChoice) for field in dataclasses.fields(choice)}


def parsed(parameter: str, value: Any, annotation: Any) -> Any:
    """Return the value that a text stands for; what is no text is for the model to check."""
    if not isinstance(value, str):
        return value
    kinds = _kinds(annotation)
    for kind in kinds:
        found = _parse(value, kind)
        if found is not _nothing:
            return found
    raise click.UsageError(f"{flag(parameter)} must be {_rule(kinds)}, got {value!r}.")


_nothing = object()
_truths = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _kinds(annotation: Any) -> list[Any]:
    """Return the parts of a union, those first that accept least."""
    parts = list(typing.get_args(annotation)) if _is_union(annotation) else [annotation]
    order = [NoneType, bool, int, float]
    return sorted(parts, key=lambda part: order.index(part) if part in order else len(order))


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _parse(text: str, kind: Any) -> Any:
    if typing.get_origin(kind) is typing.Literal:
        return text if text in typing.get_args(kind) else _nothing
    if kind is NoneType:
        return None if text.lower() == "none" else _nothing
    if kind is bool:
        return _truths.get(text.lower(), _nothing)
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return _nothing
    return text


def _rule(kinds: Iterable[Any]) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", NoneType: "none"}
    texts: list[str] = []
    for kind in kinds:
        if typing.get_origin(kind) is typing.Literal:
            texts += typing.get_args(kind)
        else:
            texts.append(names.get(kind, "text"))
    return " or ".join(texts)


def model_options(function: F) -> F:
    """Decorate with an option for every parameter of every model; those given come as ``parameters``."""
    names = list(all_parameters())

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(f"model_{name}") for name in names}
        parameters = {name: value for name, value in given.items() if value is not None}
        return function(*args, parameters=parameters, **kwargs)

    decorated: Any = wrapper
    for parameter in reversed(names):
        decorated = _option(parameter)(decorated)
    return typing.cast(F, decorated)


def _option(parameter: str) -> Callable[[F], F]:
    owners = all_parameters()[parameter]
    kinds = {kind for owner in owners for kind in _kinds(parameters_of(owner)[parameter])}
    return option(
        flag(parameter),
        f"model_{parameter}",
        metavar=_metavar(kinds),
        section=section,
        help=_help(parameter, owners),
    )


def _metavar(kinds: Iterable[Any]) -> str:
    names = {int: "INT", float: "FLOAT", bool: "BOOL", NoneType: "none"}
    texts: list[str] = []
    for kind in kinds:
        is_choice = typing.get_origin(kind) is typing.Literal
        texts += typing.get_args(kind) if is_choice else [names.get(kind, "TEXT")]
    return "|".join(dict.fromkeys(texts))


def _help(parameter: str, owners: list[str]) -> str:
    """Say what a parameter is to each model that has it, and its default there."""
    said: dict[str, list[str]] = {}
    for owner in owners:
        default = model_class(owner)._defaults()[parameter]
        mark = f"{owner}: {'none' if default is None else default}"
        said.setdefault(_sentence(model_class(owner), parameter), []).append(mark)
    return " ".join(f"{sentence} [{', '.join(marks)}]" for sentence, marks in said.items())


def _sentence(model: type[Recommender], parameter: str) -> str:
    """Return the first sentence on a parameter in a numpydoc docstring."""
    text = inspect.getdoc(model) or ""
    found = re.search(rf"^{parameter} : .*\n((?:    .*\n?)+)", text, re.MULTILINE)
    if found is None:
        return ""
    words = re.sub(r"``| \[\d+\]_|; see Notes", "", " ".join(found[1].split()))
    return re.split(r"(?<=[^.]\.) ", words + " ", maxsplit=1)[0].strip()
