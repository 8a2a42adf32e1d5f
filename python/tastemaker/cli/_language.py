"""Messages of the library name keyword arguments; on the command line the same things are options."""

from __future__ import annotations

import re
from collections.abc import Mapping

import click

# Arguments whose option has another name.
_other_names = {"rng": "seed", "path": "data"}


def flags_of(command: click.Command) -> dict[str, str]:
    """Return what a user types for each argument: ``{"on_duplicate": "--on-duplicate", ...}``."""
    flags = {}
    for param in command.params:
        if isinstance(param, click.Option) and param.name:
            flags[param.name] = max(param.opts, key=len)
        elif param.name:
            flags[param.name] = param.human_readable_name
    for argument, option in _other_names.items():
        if option in flags:
            flags.setdefault(argument, flags[option])
    return flags


def spoken(text: str, flags: Mapping[str, str]) -> str:
    """Return a message of the library in the words of the command line.

    Examples
    --------
    >>> flags = {"weight": "--weight", "no_weight": "--no-weight", "time": "--time", "no_time": "--no-time"}
    >>> spoken("override with time=.", flags)
    'override with --time.'
    >>> spoken("`weight` must be a column; weight='rating' is one, weight=False takes none.", flags)
    '`--weight` must be a column; --weight rating is one, --no-weight takes none.'
    """
    if not flags:
        return text
    names = "|".join(sorted(flags, key=len, reverse=True))
    text = re.sub(rf"`({names})`", lambda m: f"`{flags[m[1]]}`", text)
    text = re.sub(rf"\b({names})=False\b", lambda m: flags.get(f"no_{m[1]}", f"no {flags[m[1]]}"), text)
    text = re.sub(rf"\b({names})=True\b", lambda m: flags[m[1]], text)
    text = re.sub(rf"\b({names})='([^']*)'", lambda m: f"{flags[m[1]]} {m[2]}", text)
    text = re.sub(rf"\b({names})=(?=[\s.,;)]|$)", lambda m: flags[m[1]], text)
    return re.sub(r"--(weight|time) one of them or False", r"--\1 one of them or --no-\1", text)
