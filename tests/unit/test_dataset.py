"""Dataset: duplicates, decay, caps, growth, parts and printing."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import tastemaker as tm
from tastemaker.data import Dataset
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, UnknownIdError

day = 86400.0


def dense(data):
    return data.matrix.toarray().tolist()


# --- duplicates, cap, decay -----------------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "weight"), [("sum", 6), ("max", 4), ("last", 1)])
def test_repeated_pairs(policy, weight):
    data = Dataset.from_tuples([(1, 1, 1), (2, 1, 7), (1, 1, 4), (1, 1, 1)], on_duplicate=policy)
    assert dense(data) == [[weight], [7]]


def test_last_goes_by_time_then_by_row():
    rows = [(1, 1, 5, 20), (1, 1, 3, 10), (2, 1, 1, 7), (2, 1, 2, 7)]
    data = Dataset.from_tuples(rows, on_duplicate="last")
    assert dense(data) == [[5], [2]]
    assert data.times.tolist() == [20, 7]


@pytest.mark.parametrize("policy", ["sum", "max", "last"])
def test_the_time_of_a_pair_is_its_newest(policy):
    assert Dataset.from_tuples([(1, 1, 5, 20), (1, 1, 3, 10)], on_duplicate=policy).times.tolist() == [20]


def test_repeated_pairs_may_be_an_error():
    with pytest.raises(DataError, match='`on_duplicate` is "error", and 2 rows repeat'):
        Dataset.from_tuples([(1, 1), (1, 1), (1, 1)], on_duplicate="error")
    assert Dataset.from_tuples([(1, 1), (1, 2)], on_duplicate="error").nnz == 2


def test_weights_of_zero_are_no_interaction_but_keep_their_ids():
    data = Dataset.from_tuples([(1, 1, 0, 5), (2, 2, 1, 6), (2, 1, 1, 7), (2, 1, -1, 8)])
    assert dense(data) == [[0, 0], [0, 1]]
    assert data.times.tolist() == [6]
    assert data.describe().facts["zero_pairs"] == 2


def test_cap_holds_for_pairs_and_both_signs():
    data = Dataset.from_tuples([(1, 1, 2), (1, 1, 2), (1, 2, -9), (1, 3, 1)], cap=3)
    assert dense(data) == [[3, -3, 1]]


@pytest.mark.parametrize("half_life", [2, 2.0, timedelta(days=2)])
def test_half_life_counts_days_before_the_newest(half_life):
    rows = [(1, 1, 8, 4 * day), (1, 2, 8, 2 * day), (1, 3, 8, 0), (1, 3, 8, 4 * day)]
    assert dense(Dataset.from_tuples(rows, half_life=half_life)) == [[8, 4, 2 + 8]]


def test_decay_comes_before_the_cap():
    rows = [(1, 1, 100, 0), (1, 2, 100, day)]
    assert dense(Dataset.from_tuples(rows, half_life=1, cap=60)) == [[50, 60]]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"on_duplicate": "mean"},
            ArgumentError,
            "`on_duplicate` must be one of 'sum', 'last', 'max', 'error'",
        ),
        ({"on_duplicate": None}, ArgumentTypeError, "`on_duplicate` must be one of"),
        (
            {"half_life": 0},
            ArgumentError,
            "`half_life` must be a finite number > 0, got 0.0. A number counts days",
        ),
        ({"half_life": timedelta(days=-1)}, ArgumentError, "`half_life` must be"),
        ({"half_life": "7d"}, ArgumentTypeError, "`half_life` must be"),
        ({"half_life": float("nan")}, ArgumentError, "`half_life` must be"),
        ({"half_life": 7}, ArgumentError, "`half_life` must come with times, got none"),
        ({"cap": 0}, ArgumentError, "`cap` must be a finite number > 0"),
        ({"cap": True}, ArgumentTypeError, "`cap` must be"),
        ({"separators": "|"}, ArgumentTypeError, "`separators` must map columns to text"),
        ({"separators": {"a": ""}}, ArgumentTypeError, "`separators` must map columns to text"),
        ({"indicators": 1}, ArgumentTypeError, "`indicators` must be True or False"),
        ({"normalize": "yes"}, ArgumentTypeError, "`normalize` must be True or False"),
        ({"duplicates": "sum"}, ArgumentTypeError, "`Dataset.from_tuples` has no argument `duplicates`"),
    ],
)
def test_bad_options(change, error, message):
    with pytest.raises(error, match=message):
        Dataset.from_tuples([(1, 1)], **change)


# --- growth -------------------------------------------------------------------------------------------


def test_extend_keeps_indices_and_leaves_the_old_data_alone():
    data = Dataset.from_tuples([("m", 5), ("c", 3)])
    grown = data.extend([("a", 4), ("m", 5), ("z", 3)])
    assert grown.users.ids.tolist() == ["c", "m", "a", "z"]
    assert grown.items.ids.tolist() == [3, 5, 4]
    assert dense(grown) == [[1, 0, 0], [0, 2, 0], [0, 0, 1], [1, 0, 0]]
    assert dense(data) == [[1, 0], [0, 1]]


def test_extend_by_nothing_is_the_same():
    data = Dataset.from_tuples([(1, 2, 3, 4)])
    assert dense(data.extend([])) == dense(data.extend()) == dense(data)


def test_extend_applies_policy_decay_and_cap():
    rows = [(1, 1, 8, 0.0), (1, 2, 8, day)]
    data = Dataset.from_tuples(rows, half_life=1)
    assert dense(data) == [[4, 8]]
    assert dense(data.extend([(1, 1, 1, 2 * day)])) == [[2 + 1, 4]]
    assert dense(data.extend([(1, 1, 4, 0.0)])) == [[4 + 2, 8]]  # an old event decays, the data does not
    last = Dataset.from_tuples(rows, on_duplicate="last")
    assert dense(last.extend([(1, 1, 2, 5.0), (1, 2, 2, 5.0)])) == [[2, 8]]
    assert dense(Dataset.from_tuples([(1, 1, 2)], cap=3).extend([(1, 1, 2)])) == [[3]]
    with pytest.raises(DataError, match="1 rows repeat"):
        Dataset.from_tuples([(1, 1)], on_duplicate="error").extend([(1, 1)])


def test_extend_by_a_frame_reads_the_columns_of_old():
    table = pd.DataFrame({"who": [1], "what": [2], "stars": [3.0], "day": ["2024-05-01"]})
    data = Dataset.from_frame(table, user="who", item="what", weight="stars", time="day")
    assert dense(data.extend(table)) == [[6]]
    assert dense(data.extend(table.rename(columns={"who": "u"}), user="u")) == [[6]]
    with pytest.raises(DataError, match=r"`weight` must be one of the columns .* got 'stars'"):
        data.extend(table.drop(columns="stars"))
    assert data.extend(table).frame == "pandas"


def test_extend_does_not_begin_to_read_what_was_not_read():
    plain = Dataset.from_tuples([(1, 2)])
    table = pd.DataFrame({"user": [1], "item": [3], "weight": [5.0], "time": [0]})
    assert dense(plain.extend(table)) == [[1, 1]]
    assert dense(plain.extend(table, weight="weight")) == [[1, 5]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("1", 2)], r"`user` must be ids of the same kind as the others, int64, got str \('1'\)"),
        ([(1, "2")], "`item` must be ids of the same kind"),
        (
            [(1, 2, 1, 9)],
            "`rows` must have times if and only if the Dataset has: it is without, they are with",
        ),
    ],
)
def test_bad_growth(rows, message):
    with pytest.raises(DataError, match=message):
        Dataset.from_tuples([(1, 2)]).extend(rows)


def test_extend_needs_times_where_there_are_any():
    with pytest.raises(DataError, match="it is with, they are without"):
        Dataset.from_tuples([(1, 2, 1, 0)]).extend([(1, 2)])


def test_extend_a_matrix():
    data = Dataset.from_sparse(sp.csr_array([[0.0, 2.0]]))
    assert dense(data.extend([(0, 0, 1.5), (1, 2, 1)])) == [[1.5, 2, 0], [0, 0, 1]]


# --- parts --------------------------------------------------------------------------------------------


@pytest.fixture
def timed():
    rows = [(u, i, 10 * u + i, 100 * u + i) for u, i in [(1, 1), (1, 3), (2, 2), (3, 1), (3, 2), (3, 3)]]
    users = [(u, ["old"] if u > 1 else []) for u in (1, 2, 3)]
    return Dataset.from_tuples(rows, user_features=users)


def test_take_users(timed):
    part = timed.take_users([2, 0])
    assert part.users.ids.tolist() == [3, 1]
    assert part.items is timed.items
    assert dense(part) == [[31, 32, 33], [11, 0, 13]]
    assert part.times.tolist() == [301, 302, 303, 101, 103]
    assert part.user_features.matrix.toarray().tolist() == [[1, 0, 1], [0, 1, 0]]
    assert part.matrix.has_canonical_format
    assert timed.take_users([]).matrix.shape == (0, 3)


def test_take_users_refuses_bad_rows(timed):
    with pytest.raises(UnknownIdError, match="rows"):
        timed.take_users([3])
    with pytest.raises(DataError, match="distinct"):
        timed.take_users([1, 1])


def test_with_interactions(timed):
    half = timed.matrix.copy()
    half.data[::2] = 0
    half.eliminate_zeros()
    part = timed.with_interactions(half, timed.times[1::2])
    assert (part.nnz, part.users, part.items) == (3, timed.users, timed.items)
    assert part.user_features is timed.user_features
    assert part.describe().facts["rows"] is None


def test_with_interactions_refuses_what_does_not_fit(timed):
    with pytest.raises(DataError, match=r"must have shape 3 x 3"):
        timed.with_interactions(sp.csr_array((2, 3), dtype=np.float32), None)
    with pytest.raises(DataError, match=r"`times` must have shape \(6,\), got \(1,\)"):
        timed.with_interactions(timed.matrix, np.zeros(1))
    zero = timed.matrix.copy()
    zero.data[0] = 0
    with pytest.raises(DataError, match="`matrix` must be canonical"):
        timed.with_interactions(zero, None)


def test_copies(timed):
    for twin in (pickle.loads(pickle.dumps(timed)), copy.deepcopy(timed)):
        assert dense(twin) == dense(timed)
        assert twin.users == timed.users
        assert twin.user_features.names == timed.user_features.names


def test_repr():
    assert tm.Dataset is Dataset
    assert repr(Dataset.from_tuples([(1, 1), (2, 1)])) == "Dataset(2 users x 1 items, 2 interactions)"
    assert repr(Dataset.from_tuples([(1, 1, 0.5, 3)])) == (
        "Dataset(1 users x 1 items, 1 interactions, weights 0.5 to 0.5, with times)"
    )
