"""Frames that a model answers with, of whatever library, as tables and answers."""

from __future__ import annotations

from typing import Any

from tastemaker._table import Table
from tastemaker.cli._output import Answer, records
from tastemaker.data._frames import open_table, series_array


def table_of(frame: Any) -> Table:
    """Return a frame as a table."""
    if isinstance(frame, Table):
        return frame
    data = open_table("frame", frame)
    return Table({name: series_array(data[name]) for name in data.columns})


def answer_of(name: str, frame: Any) -> Answer:
    """Return a frame of a model as an answer whose JSON has the rows under name."""
    table = table_of(frame)
    return Answer({name: records(table)}, table)
