"""Rows as text: what JSON lines hold, and that a batch is not held as Python objects."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np

from tastemaker._table import Table
from tastemaker.cli._sinks import file_sink, write_rows


def test_json_lines_hold_every_value_as_it_is(tmp_path):
    score = np.array([0.1, np.nan, np.inf, 1e-30], np.float32)
    table = Table(
        {
            'use"r %s': np.array(["ann", 'quo"te\n', "été", None], dtype=object),
            "item": np.array([3, -1, 2**40, 0]),
            "score": score,
            "exact": np.array([0.1, -np.inf, 1e300, 2.0]),
            "seen": np.array([True, False, True, False]),
        }
    )
    write_rows(tmp_path / "rows.jsonl", table)
    text = (tmp_path / "rows.jsonl").read_text("utf-8")
    assert "été" in text
    rows = [json.loads(line, parse_constant=lambda name: name) for line in text.splitlines()]
    assert [row['use"r %s'] for row in rows] == ["ann", 'quo"te\n', "été", None]
    assert [row["item"] for row in rows] == [3, -1, 2**40, 0]
    assert [row["score"] for row in rows] == [0.1, None, None, 1e-30]
    assert [row["exact"] for row in rows] == [0.1, None, 1e300, 2.0]
    assert [row["seen"] for row in rows] == [True, False, True, False]


def test_many_rows_are_all_there_in_little_memory(tmp_path):
    rows = 100_000
    columns = {"item": np.arange(rows), "name": np.array([f"film {k % 999}" for k in range(rows)], object)}
    for name in ("rows.jsonl", "rows.csv"):
        with file_sink(tmp_path / name, {key: column.dtype for key, column in columns.items()}) as sink:
            sink.write({key: column[:0] for key, column in columns.items()})
            tracemalloc.start()
            sink.write(columns)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 8e6  # 100,000 rows of Python objects take 20 MB and more
    lines = (tmp_path / "rows.jsonl").read_text().splitlines()
    assert [json.loads(line)["item"] for line in lines] == list(range(rows))
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == rows + 1
