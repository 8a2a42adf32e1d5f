"""Dataset.describe: facts, text, HTML and notes."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from tastemaker.data import Dataset, IdMap

day = 86400


@pytest.fixture
def data():
    rows = [(user, item, 1 + (item == 0), item * day) for user in range(3) for item in range(user, 6)]
    return Dataset.from_tuples(
        [*rows, (0, 0, 1, 0), (9, 0, 0, 0)], item_features=[(0, ["a"])], cap=10, half_life=1e6
    )


def test_facts(data):
    facts = data.describe().facts
    expected = {
        "users": 4,
        "items": 6,
        "interactions": 15,
        "density": 15 / 24,
        "rows": 17,
        "duplicate_rows": 1,
        "zero_pairs": 1,
        "negative_weights": 0,
        "time_first": 0.0,
        "time_last": 5.0 * day,
        "users_with_few": 2,
        "users_with_none": 1,
        "items_with_few": 6,
        "items_with_none": 0,
        "user_features": 0,
        "item_features": 1,
    }
    assert {name: facts[name] for name in expected} == expected
    assert facts["weight_min"] == pytest.approx(1, abs=1e-4)
    assert facts["weight_max"] == pytest.approx(3, abs=1e-4)
    arrays = [
        data.matrix.data,
        data.matrix.indices,
        data.matrix.indptr,
        data.times,
        data.users,
        data.items,
    ]
    table = data.item_features.metadata
    arrays += [table.data, table.indices, table.indptr]
    assert facts["memory_bytes"] == sum(array.nbytes for array in arrays)
    by_item = 8 * data.nnz + 8 * data.n_items  # weights are not all 1
    assert facts["als_bytes"] == by_item + 2 * (data.n_users + data.n_items) * 64 * 4 + 16_000_000


def test_the_size_of_ids():
    assert IdMap([5, 6, 7]).nbytes == 3 * 8 + 3 * 4
    assert IdMap([5, 10**9]).nbytes == 2 * 8 + 2 * (8 + 4)
    short, long = IdMap(["a", "b"]), IdMap(["a" * 1000, "b" * 1000])
    assert long.nbytes - short.nbytes == 2 * 999
    assert short.nbytes > 2 * (8 + sys.getsizeof("a"))


def test_text(data):
    text = repr(data.describe())
    for line in (
        r"interactions                15",
        r"density                     62.500%",
        r"rows read                   17",
        r"rows that repeat a pair     1",
        r"pairs of weight 0, left out 1",
        r"times                       1970-01-01 to 1970-01-06 (5 days)",
        r"users with fewer than 5     2 (50.0%)",
        r"users without any           1",
        r"- 1 rows repeat a pair: their weights were added; override with on_duplicate= (now 'sum').",
        r"- Weights halve every 1e+06 days before the newest event.",
        r"- A pair's weight is at most 10 (cap=).",
        r"- 5 items have no features and keep their indicator alone.",
    ):
        assert " ".join(line.split()) in " ".join(text.split())


def test_html_escapes_names():
    table = pd.DataFrame({"<b>who": [1], "item": [2], "<i>rating": [3]}).rename(
        columns={"<i>rating": "Rating"}
    )
    html = Dataset.from_frame(table, user="<b>who")._repr_html_()
    assert "<table" in html
    assert "<li>item = &#x27;item&#x27;, guessed" in html
    assert "<b>" not in html


def test_plain_data():
    report = Dataset.from_sparse(sp.csr_array(np.diag([-1.0, 2.0, 0.0]))).describe()
    assert report.facts["rows"] is None
    assert report.facts["negative_weights"] == 1
    text = " ".join(repr(report).split())
    assert "weights -1 to 2, median 0.5" in text
    assert "negative weights 1" in text
    assert "times none" in text
    assert "weights all 1" in " ".join(repr(Dataset.from_tuples([(1, 1)]).describe()).split())


def test_no_interactions_at_all():
    report = Dataset.from_sparse(sp.csr_array((2, 3))).describe()
    assert report.facts["weight_min"] is None
    assert "interactions" in repr(report)
    assert Dataset.from_sparse(sp.csr_array((0, 0))).describe().facts["density"] == 0


def test_times_beyond_the_calendar():
    assert "1e+16 s" in repr(
        Dataset.from_tuples([(1, 1, 1, 0.0)])
        .with_interactions(sp.csr_array(np.float32([[1]])), np.array([1e16]))
        .describe()
    )


def test_one_row_of_a_frame(data):
    frame = data.describe().to_frame("pandas")
    assert frame.shape[0] == 1
    assert frame["users"][0] == 4
