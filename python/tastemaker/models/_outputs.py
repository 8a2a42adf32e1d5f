"""From index arrays to what the caller gets: arrays, or a frame of the kind that came in."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from tastemaker._table import FrameKind, Table
from tastemaker._validation import check_choice
from tastemaker.data import IdMap
from tastemaker.errors import ArgumentError
from tastemaker.models._titles import Titles, put_titles

Output: TypeAlias = Literal["auto", "frame", "arrays"]
Ranked: TypeAlias = tuple[np.ndarray, np.ndarray]
Owners: TypeAlias = tuple[str, np.ndarray] | None


def frame_ids(output: Output, ids: IdMap | None) -> IdMap | None:
    """Return the ids to answer with in a frame, or None to answer with arrays."""
    check_choice("output", output, ("auto", "frame", "arrays"))
    if output == "frame" and ids is None:
        raise ArgumentError(
            "`output` must be 'arrays' for a model fitted on a matrix, got 'frame'. Fit it on a Dataset."
        )
    return None if output == "arrays" else ids


def ranked_frame(
    ranked: Ranked,
    owners: Owners,
    answer: str,
    ids: IdMap,
    frame: FrameKind | None,
    titles: Titles | None = None,
) -> Any:
    """Return (owner, answer, title, rank, score) rows of the entries that are not padding.

    Parameters
    ----------
    ranked : (ids, scores)
        Both (owners x n); -1 pads the indices.
    owners : (column, labels) or None
        Whose lists these are; None for a single, nameless user.
    answer : str
        Name of the column of answers.
    ids : IdMap
        What the indices mean.
    frame : str or None
        Kind of frame; None takes an installed library, or a plain Table without one.
    titles : mapping or None
        Titles of the answers; None leaves that column out.
    """
    at, scores = ranked
    found = at >= 0
    rows, columns = np.nonzero(found)
    table: dict[str, np.ndarray] = {} if owners is None else {owners[0]: owners[1][rows]}
    table[answer] = ids.take(at[found])
    put_titles(table, answer, titles)
    table["rank"] = columns + 1
    table["score"] = scores[found]
    return as_frame(table, frame)


def as_frame(columns: dict[str, np.ndarray], frame: FrameKind | None) -> Any:
    """Return columns as a frame of that kind, or of any installed kind, or as a plain Table."""
    table = Table(columns)
    try:
        return table.to_frame(frame)
    except ImportError:
        return table
