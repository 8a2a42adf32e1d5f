"""Reading models from disk: one file, no pickle, mapped into memory. ``model.save`` writes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tastemaker import _modelfile
from tastemaker._modelfile import damaged
from tastemaker.errors import FormatError, TastemakerError
from tastemaker.models import Recommender
from tastemaker.models._saving import FORMAT_VERSION, HEADER_KEYS, restore


def load(path: str | os.PathLike[str]) -> Any:
    """Read a model that ``model.save`` wrote; its arrays stay on disk, mapped read-only, until they are used.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Recommender
        Fitted, of the class that was saved.

    Raises
    ------
    FormatError
        The file is not a model, is damaged, or was written by a newer version.
    FileError
        The file cannot be opened.
    """
    path = Path(path)
    facts = inspect(path)
    arrays = _modelfile.map_arrays(path)
    try:
        model = Recommender.from_config(facts["model"])
        restore(model, facts, arrays)
    except (TastemakerError, KeyError, TypeError, ValueError) as error:
        raise damaged(path, str(error) if isinstance(error, TastemakerError) else repr(error)) from error
    return model


def inspect(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a model file says of itself, without reading its arrays.

    Returns
    -------
    dict
        ``format``, ``version`` (of the library that wrote it), ``created``, ``model`` (class and parameters),
        ``shape`` (users, items), ``columns``, ``frame``, ``ids`` (kinds), ``data`` (how many interactions, and a
        fingerprint that is the same for the same interactions), ``training``, ``notes`` (given to ``save``).
    """
    path = Path(path)
    facts = _modelfile.read_facts(path)
    version = facts.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise damaged(path, "its format version is missing")
    if version > FORMAT_VERSION:
        raise FormatError(
            f"{path} has format version {version}; this tastemaker reads up to {FORMAT_VERSION}. Upgrade it."
        )
    if set(facts) != HEADER_KEYS:
        odd = sorted(set(facts) ^ HEADER_KEYS)
        raise damaged(path, f"its header has unknown or missing keys: {', '.join(map(repr, odd[:5]))}")
    return facts
