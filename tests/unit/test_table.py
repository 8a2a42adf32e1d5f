"""Table: alignment, escaping and conversion."""

from __future__ import annotations

import html.parser

import numpy as np
import pytest

from tastemaker import _table
from tastemaker._table import Table
from tastemaker.errors import ArgumentError, ArgumentTypeError, MissingLibraryError


@pytest.fixture
def table():
    return Table({"item": ["Heat", "Ronin"], "rank": np.array([1, 12]), "score": np.float32([0.5, -0.25])})


def test_columns_rows_and_values(table):
    assert len(table) == 2
    assert table.columns == list(table) == ["item", "rank", "score"]
    np.testing.assert_array_equal(table["rank"], [1, 12])
    assert table.to_dict() == {"item": ["Heat", "Ronin"], "rank": [1, 12], "score": [0.5, -0.25]}


def test_arrays_are_not_copied():
    scores = np.arange(3.0)
    assert Table({"score": scores})["score"] is scores


def test_text_lines_up_numbers_right(table):
    assert repr(table).splitlines() == [
        "item   rank    score",
        "-----  ----  -------",
        "Heat      1   0.5000",
        "Ronin    12  -0.2500",
    ]


def test_wide_characters_line_up():
    lines = repr(Table({"title": ["七人の侍", "Amélie", "Ame\u0301lie"], "n": [1, 2, 3]})).splitlines()
    assert [_table._width(line) for line in lines] == [11] * 5


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.0], "0.0"),
        ([1234.5678, 1.0], "1.0"),
        ([float("nan"), 0.5], "nan"),
        ([1e-7], "1e-07"),
        ([3e12], "3e+12"),
        ([None], ""),
        ([True], "True"),
    ],
)
def test_cells(values, shown):
    assert shown in _table._format(Table({"x": values})["x"])


def test_long_tables_and_cells_are_cut_in_text_only():
    table = Table({"title": ["x" * 60] * 25}, caption="25 films")
    lines = repr(table).splitlines()
    assert lines[-2:] == ["... 5 more rows", "25 films"]
    assert lines[2] == "x" * 39 + "…"
    assert len(table.to_markdown().splitlines()) == 2 + 25 + 2
    assert len(table.to_dict()["title"][0]) == 60


def test_control_characters_do_not_reach_the_terminal():
    text = repr(Table({"title": ["a\nb", "\x1b[31mred"]}))
    assert "\x1b" not in text
    assert len(text.splitlines()) == 4


class _Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.data = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.data.append(data)


def test_html_is_escaped():
    evil = "<script>alert(1)</script>"
    table = Table({evil: [evil, '"><img src=x onerror=alert(1)>']}, caption=evil)
    parsed = _Tags(table._repr_html_())
    assert parsed.tags == {"table", "thead", "tbody", "tr", "th", "td", "p"}
    assert parsed.data == [evil, evil, '"><img src=x onerror=alert(1)>', evil]


def test_markdown_is_escaped_and_aligned(table):
    assert table.to_markdown().splitlines()[:3] == [
        "| item | rank | score |",
        "| :--- | ---: | ---: |",
        "| Heat | 1 | 0.5000 |",
    ]
    assert Table({"x": ["a|b <b>*c*"]}).to_markdown().splitlines()[2] == r"| a\|b &lt;b&gt;\*c\* |"


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_to_frame(kind, table):
    frame = table.to_frame(kind)
    assert type(frame).__module__.split(".")[0] == kind
    back = frame.to_pydict() if kind == "pyarrow" else {name: list(frame[name]) for name in table}
    assert back == table.to_dict()


def test_to_frame_without_a_kind_takes_the_first_installed(monkeypatch, table):
    assert type(table.to_frame()).__module__.startswith("pandas")
    monkeypatch.setattr(_table, "find_spec", lambda name: name == "pyarrow")
    assert type(table.to_frame()).__module__.startswith("pyarrow")
    with pytest.raises(MissingLibraryError, match="pip install polars"):
        table.to_frame("polars")
    monkeypatch.setattr(_table, "find_spec", lambda name: False)
    with pytest.raises(MissingLibraryError, match="pandas or polars or pyarrow"):
        table.to_frame()


def test_empty_tables():
    assert len(Table({})) == 0
    assert repr(Table({"a": []})) == "a\n-"
    assert Table({"a": np.empty(0)}).to_frame("pandas").shape == (0, 1)
    assert "<th" in Table({"a": []})._repr_html_()
    assert repr(Table({})) == ""
    assert Table({})._repr_html_() == ""


def test_wrong_columns():
    with pytest.raises(ArgumentError, match="equal lengths"):
        Table({"a": [1], "b": [1, 2]})
    with pytest.raises(ArgumentError, match="1-d"):
        Table({"a": np.ones((2, 2))})
    with pytest.raises(ArgumentError, match="Did you mean 'score'"):
        Table({"score": [1]})["scor"]
    with pytest.raises(ArgumentTypeError):
        Table({"score": [1]})[0]
    with pytest.raises(ArgumentError, match="kind"):
        Table({"score": [1]}).to_frame("pandsa")


def test_text_of_all_rows_and_whole_cells_on_request():
    table = Table({"n": [f"{n:050d}" for n in range(30)]}, caption="thirty")
    assert "... 10 more rows" in repr(table)
    assert "…" in repr(table)
    lines = table.to_text().splitlines()
    assert lines[-2:] == [f"{29:050d}", "thirty"]
    assert len(lines) == 33
