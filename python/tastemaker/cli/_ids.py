"""Ids as people type them: text, lists, files; and the titles of items."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tastemaker.data import IdMap
from tastemaker.data._files import read_file
from tastemaker.errors import ArgumentError, FileError, UnknownIdError
from tastemaker.models import Recommender
from tastemaker.models._titles import Titles, frame_titles


def ids_of(texts: Iterable[str], known: IdMap, what: str) -> list[int] | list[str]:
    """Return ids of the kind that known has; text that is no number cannot be an id among numbers."""
    texts = list(texts)
    if known.ids.dtype == object:
        return texts
    numbers = []
    for text in texts:
        try:
            numbers.append(int(text))
        except ValueError:
            raise UnknownIdError(
                f"{what} {text!r} is text; the training ids are integers, such as {known.ids[0]}."
            ) from None
    return numbers


def id_texts(given: str, what: str) -> list[str]:
    """Return the ids of ``1,2,3`` or of ``@file``, which has one per line."""
    if not given.startswith("@"):
        return [text.strip() for text in given.split(",") if text.strip()]
    path = Path(given[1:])
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise FileError(f"{what}: {path} cannot be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{what}: {path} is not text, one id per line ({error.reason}).") from error
    return [line.strip() for line in lines if line.strip()]


def item_ids(given: str | None, model: Recommender, what: str) -> list[int] | list[str] | None:
    """Return the items of ``--allow`` or ``--deny``."""
    return None if given is None else ids_of(id_texts(given, what), items_of(model), what)


def users_of(model: Recommender) -> IdMap:
    """Return the ids of a model's users; row numbers where it was fitted on a matrix."""
    return IdMap(np.arange(model.n_users_)) if model.users_ is None else model.users_


def items_of(model: Recommender) -> IdMap:
    """Return the ids of a model's items; column numbers where it was fitted on a matrix."""
    return IdMap(np.arange(model.n_items_)) if model.items_ is None else model.items_


def read_titles(path: Path | None, item_column: str) -> Titles | None:
    """Return the titles in a file of items, None without a file."""
    if path is None:
        return None
    if not path.is_file():
        raise FileError(f"--items: there is no file {str(path)!r}.")
    try:
        return frame_titles(read_file(path, None), item_column)
    except ArgumentError as error:
        raise ArgumentError(str(error).replace("`path`", "`items`")) from error
