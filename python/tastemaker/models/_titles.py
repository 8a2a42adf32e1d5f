"""Titles of items, from a dict or a frame, for people who read the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from tastemaker._validation import shown
from tastemaker.data import IdMap
from tastemaker.data._columns import guess_id, guess_title
from tastemaker.data._frames import is_frame, open_table, series_array
from tastemaker.errors import ArgumentError, ArgumentTypeError

#: Title per item id; None and absent ids alike have no title.
Titles: TypeAlias = Mapping[Any, str | None]


def titles_of(titles: Any, item_column: str, ids: IdMap | None) -> Titles | None:
    """Return what ``titles=`` was given as a mapping, or None where nothing was.

    Parameters
    ----------
    titles : mapping, frame or None
    item_column : str
        The item column of the training data, by which a frame's is recognised.
    ids : IdMap or None
        The ids of the answer; None where it is made of arrays, which have no place for titles.
    """
    if titles is None:
        return None
    if ids is None:
        raise ArgumentError(
            "`titles` must go with answers in frames, and these are arrays. Fit the model on a Dataset and "
            "leave `output` at 'auto'."
        )
    if isinstance(titles, Mapping):
        return titles
    if not is_frame(titles):
        raise ArgumentTypeError(
            "`titles` must be a dict item id -> title or a frame with a column of item ids and one of titles, "
            f"got {shown(titles)} ({type(titles).__name__})."
        )
    return frame_titles(titles, item_column)


def frame_titles(frame: Any, item_column: str) -> Titles:
    """Return the titles in a frame, whose columns are recognised by their names."""
    data = open_table("titles", frame)
    key = guess_id("item", data.columns, item_column, argument="titles")
    texts = data[guess_title(data.columns, key)].to_list()
    return dict(zip(series_array(data[key]).tolist(), texts, strict=True))


def put_titles(table: dict[str, np.ndarray], column: str, titles: Titles | None) -> None:
    """Append a column with the titles of the ids in column, where there are titles."""
    if titles is None:
        return
    texts = np.empty(len(table[column]), dtype=object)
    texts[:] = [titles.get(item) for item in table[column].tolist()]
    table["title" if column != "title" else "item_title"] = texts
