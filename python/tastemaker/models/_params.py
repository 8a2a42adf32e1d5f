"""Parameters of a model: stored unchanged, listed, set, written to and read from a config."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from tastemaker._validation import check_choice, shown, unknown_argument
from tastemaker.errors import ArgumentError, ArgumentTypeError


class Parameterized:
    """Base of every model: keyword parameters with defaults, after scikit-learn's conventions.

    ``__init__`` stores each argument under its own name and checks nothing; ``fit`` checks.
    """

    _registry: ClassVar[dict[str, type[Parameterized]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.__name__.startswith("_"):
            Parameterized._registry[cls.__name__] = cls
        if "__init__" in cls.__dict__:
            cls.__init__ = _keywords_checked(cls.__name__, cls.__init__)  # type: ignore[method-assign]

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return {parameter.name: parameter.default for parameter in parameters}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; ``deep`` is scikit-learn's and changes nothing: a member stays whole."""
        return {name: getattr(self, name) for name in self._defaults()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name and return self; they are checked by the next ``fit``."""
        known = self._defaults()
        for name in params:
            if name not in known:
                raise unknown_argument(type(self).__name__, name, known)
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def _fresh(self) -> Self:
        """Return an unfitted model with the same parameters."""
        return type(self)(**self.get_params())

    def to_config(self) -> dict[str, Any]:
        """Return ``{"model": class name, "params": {...}}`` of plain JSON values.

        Of ``rng`` only a seed can be written; a Generator's state is not a parameter and becomes None.
        """
        return {
            "model": type(self).__name__,
            "params": {name: _plain(name, value) for name, value in self.get_params().items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new, unfitted model from what ``to_config`` wrote; unknown names are refused.

        Called on the base class ``Recommender`` it makes the class that the config names.
        """
        if not isinstance(config, dict) or set(config) != {"model", "params"}:
            raise ArgumentError(
                f"`config` must be a dict with the keys 'model' and 'params', got {shown(config)}."
            )
        name = check_choice("model", config["model"], sorted(Parameterized._registry))
        made = Parameterized._registry[name]
        if not issubclass(made, cls):
            raise ArgumentError(f"`config` describes a {name}; read it with {name}.from_config.")
        if not isinstance(config["params"], dict):
            raise ArgumentTypeError(f"`config['params']` must be a dict, got {shown(config['params'])}.")
        return made(**{name: _revived(value) for name, value in config["params"].items()})

    def __repr__(self) -> str:
        changed = [
            f"{name}={shown(getattr(self, name))}"
            for name, default in self._defaults().items()
            if not _same(getattr(self, name), default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"


def _keywords_checked(owner: str, init: Callable[..., None]) -> Callable[..., None]:
    parameters = list(inspect.signature(init).parameters.values())[1:]
    known = [parameter.name for parameter in parameters]
    unnamed = sum(parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for parameter in parameters)

    @functools.wraps(init)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        if len(args) > unnamed:
            raise ArgumentTypeError(
                f"`{owner}` takes its parameters by name ({', '.join(known[unnamed:])}), "
                f"got {shown(args[unnamed])} without one."
            )
        for name in kwargs:
            if name not in known:
                raise unknown_argument(owner, name, known)
        init(self, *args, **kwargs)

    return wrapper


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and bool(value == default))


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.random.SeedSequence):
        return value.entropy
    if isinstance(value, np.random.Generator):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Parameterized):
        return value.to_config()
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(name, part) for key, part in value.items()}
    raise ArgumentTypeError(f"`{name}` must be a plain value to be written to a config, got {shown(value)}.")


def _revived(value: Any) -> Any:
    """Return a value of a config with the models that it describes."""
    if not isinstance(value, dict):
        return value
    if set(value) == {"model", "params"} and isinstance(value["model"], str):
        return Parameterized.from_config(value)
    return {key: _revived(part) for key, part in value.items()}
