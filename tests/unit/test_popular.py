"""Popular: what it counts, and that it serves everybody."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import tastemaker as tm
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError

X = sp.csr_array(np.array([[1, 0, 5, 0], [1, -2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]], np.float32))
DAY = 86_400.0


def test_count():
    model = tm.Popular().fit(X)
    np.testing.assert_array_equal(model.popularity_, [3, 1, 1, 0])
    ids, scores = model.recommend([1, 3], n=4)
    np.testing.assert_array_equal(ids, [[2, 3, -1, -1], [0, 1, 2, 3]])
    np.testing.assert_array_equal(scores[1], [3, 1, 1, 0])


def test_weight_keeps_negative_sums():
    model = tm.Popular(by="weight").fit(X)
    np.testing.assert_array_equal(model.popularity_, [3, -2, 5, 0])
    np.testing.assert_array_equal(model.recommend(3, n=4)[0], [2, 0, 3, 1])


def test_recent_halves_with_each_half_life():
    rows = [
        ("a", "old", 1, 0.0),
        ("b", "old", 1, 10 * DAY),
        ("a", "new", 1, 20 * DAY),
        ("c", "mid", 1, 15 * DAY),
    ]
    model = tm.Popular(by="recent", half_life=5).fit(tm.Dataset.from_tuples(rows))
    popularity = dict(zip(model.items_.ids, model.popularity_, strict=True))
    assert popularity == {"old": 1 / 4 + 1 / 16, "new": 1, "mid": 1 / 2}


def test_recent_needs_times():
    with pytest.raises(
        DataError, match=r"`data` must have times for `Popular\(by=\"recent\"\)`. Give Dataset.from_frame"
    ):
        tm.Popular(by="recent").fit(X)


def test_new_users_get_the_same_list_without_what_they_know():
    model = tm.Popular().fit(X)
    np.testing.assert_array_equal(model.recommend(interactions=[0], n=2)[0], [1, 2])
    np.testing.assert_array_equal(model.recommend(interactions=[], n=2)[0], [0, 1])


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"by": "counts"}, ArgumentError, "Did you mean 'count'"),
        ({"by": 1}, ArgumentTypeError, "`by` must be one of"),
        ({"half_life": 0}, ArgumentError, "`half_life` must be a finite number > 0"),
        ({"half_life": "week"}, ArgumentTypeError, "`half_life` must be a finite number > 0"),
    ],
)
def test_wrong_parameters(params, error, message):
    with pytest.raises(error, match=message):
        tm.Popular(**params).fit(X)
