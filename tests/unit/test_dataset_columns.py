"""Columns of interactions: which is taken, ids, weights, and times of every kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from tests.unit.dataset_frames import check, columns, frame, frames

from tastemaker.data import Dataset
from tastemaker.errors import ArgumentTypeError, DataError


@pytest.fixture(params=frames)
def kind(request):
    return request.param


# --- columns ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "user", "item"),
    [
        (["user", "item"], "user", "item"),
        (["USER_ID", "Item ID"], "USER_ID", "Item ID"),
        (["uid", "iid", "artist"], "uid", "iid"),
        (["userID", "artistID", "artist"], "userID", "artistID"),
        (["customer", "product"], "customer", "product"),
        (["customer", "user", "movie", "item_id"], "user", "item_id"),
    ],
)
def test_obvious_columns_are_taken_and_told(names, user, item):
    data = Dataset.from_frame(pd.DataFrame([range(len(names))], columns=names))
    assert (data.columns["user"], data.columns["item"]) == (user, item)
    notes = data.describe().notes
    assert f"user = {user!r}, guessed from its name; override with user=." in notes
    assert f"item = {item!r}, guessed from its name; override with item=." in notes


def test_named_columns_are_not_called_guesses():
    table = pd.DataFrame({"a": [1], "b": [2], "user": [3]})
    data = Dataset.from_frame(table, user="a", item="b")
    assert data.describe().notes == []
    assert data.users.ids.tolist() == [1]


def test_a_rating_is_a_weight_only_on_request():
    table = pd.DataFrame({"user": [1], "item": [2], "rating": [4.0]})
    data = Dataset.from_frame(table)
    assert data.matrix[0, 0] == 1
    assert data.describe().notes[-1] == (
        "'rating' is not used, every row counts 1; weight='rating' makes it the weight."
    )
    assert Dataset.from_frame(table, weight="rating").matrix[0, 0] == 4


def test_false_switches_a_guess_off():
    data = Dataset.from_frame(pd.DataFrame(columns), weight=False, time=False)
    assert data.times is None
    assert data.matrix.sum() == 3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"user": "usr"}, DataError, "`user` must be one of the columns 'user', 'movie_id', .*, got 'usr'"),
        ({"user": 3}, ArgumentTypeError, r"`user` must be the name of a column, got 3 \(int\)"),
        ({"user": False}, ArgumentTypeError, "name of a column, got False"),
        ({"item": "movie_id", "time": True}, ArgumentTypeError, "name of a column or False for none"),
        ({"item": "user"}, DataError, "`user` and `item` must be different columns, got 'user'"),
        ({}, DataError, "`item` must be one column, and 'movie_id' and 'artist_id' both look like it"),
        ({"random_state": 1}, ArgumentTypeError, "has no argument `random_state`"),
        ({"item": "movie_id", "duplicate": 1}, ArgumentTypeError, "Use `on_duplicate`"),
    ],
)
def test_bad_columns(change, error, message):
    table = pd.DataFrame({"user": [1], "movie_id": [1], "artist_id": [1]})
    with pytest.raises(error, match=message):
        Dataset.from_frame(table, **change)


def test_a_frame_without_obvious_columns():
    with pytest.raises(DataError, match=r"no column has an obvious name. Pass user= one of 'a', 'b'"):
        Dataset.from_frame(pd.DataFrame({"a": [1], "b": [1]}))


def test_two_obvious_columns_of_an_optional_role():
    table = pd.DataFrame({"user": [1], "item": [1], "plays": [2], "clicks": [3]})
    with pytest.raises(
        DataError, match=r"'plays' and 'clicks' both look like it. Pass weight= one of them or False"
    ):
        Dataset.from_frame(table)
    assert Dataset.from_frame(table, weight="clicks").matrix[0, 0] == 3


def test_frames_with_unusable_columns():
    twice = pd.DataFrame([[1, 2]], columns=["user", "user"])
    with pytest.raises(DataError, match="`frame` must have distinct columns"):
        Dataset.from_frame(twice)
    with pytest.raises(DataError, match="columns with text names, got 0"):
        Dataset.from_frame(pd.DataFrame([[1, 2]]))


@pytest.mark.parametrize("value", [None, [(1, 2)], sp.eye_array(2), np.eye(2), "x.csv"], ids=repr)
def test_no_frame(value):
    with pytest.raises(ArgumentTypeError, match="`frame` must be a pandas, polars, pyarrow or duckdb frame"):
        Dataset.from_frame(value)


# --- ids ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int32", "Int64", "int64[pyarrow]", "category", "float64", object])
def test_int_ids_of_pandas(dtype):
    data = Dataset.from_frame(pd.DataFrame({"user": pd.Series([7, 3], dtype=dtype), "item": [1, 1]}))
    assert data.users.ids.dtype == np.int64
    assert data.users.ids.tolist() == [3, 7]


@pytest.mark.parametrize("dtype", ["str", "string", "string[pyarrow]", "category", object])
def test_text_ids_of_pandas(dtype):
    data = Dataset.from_frame(pd.DataFrame({"user": pd.Series(["7", "a"], dtype=dtype), "item": [1, 1]}))
    assert data.users.ids.tolist() == ["7", "a"]


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["a", "b"]), pl.String])
def test_text_ids_of_polars(dtype):
    data = Dataset.from_frame(pl.DataFrame({"user": pl.Series(["b", "a"], dtype=dtype), "item": [1, 1]}))
    assert data.users.ids.tolist() == ["a", "b"]


def test_dictionary_ids_of_pyarrow():
    table = pa.table(
        {"user": pa.array(["b", "a"]).dictionary_encode(), "item": pa.array([5, 4]).dictionary_encode()}
    )
    data = Dataset.from_frame(table)
    assert data.users.ids.tolist() == ["a", "b"]
    assert data.items.ids.tolist() == [4, 5]


def test_missing_ids_name_column_and_count(kind):
    table = dict(columns, movieId=[None, 10, None])
    with pytest.raises(
        DataError, match=r"`item` \(column 'movieId'\) must have an id in every row, but 2 of 3"
    ):
        Dataset.from_frame(frame(kind, table))


@pytest.mark.parametrize("ids", [[1, "a"], [True, False], [0.5, 1.0], [date(2020, 1, 1)] * 2])
def test_unusable_ids(ids):
    with pytest.raises(DataError, match=r"`user` \(column 'user'\) must hold ids of"):
        Dataset.from_frame(pd.DataFrame({"user": ids, "item": [1, 1]}))


# --- weights ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), None])
def test_weights_must_be_finite(kind, bad):
    table = dict(columns, plays=[1.0, bad, 2.0])
    with pytest.raises(
        DataError, match=r"`weight` \(column 'plays'\) must hold finite numbers, got .* in row 1 \(1 "
    ):
        Dataset.from_frame(frame(kind, table))


def test_weights_must_be_numbers():
    with pytest.raises(DataError, match="must hold numbers, got '1'"):
        Dataset.from_frame(pl.DataFrame(dict(columns, plays=["1", "2", "3"])))
    with pytest.raises(DataError, match="must hold numbers, got 'x'"):
        Dataset.from_tuples([(1, 2, "x")])
    with pytest.raises(DataError, match="must hold numbers of float64, got list"):
        Dataset.from_tuples([(1, 2, [1])])
    with pytest.raises(DataError, match="must hold numbers of float64, got int"):
        Dataset.from_tuples([(1, 2, 10**400)])
    with pytest.raises(DataError, match="must hold numbers, got dtype datetime64"):
        Dataset.from_frame(pd.DataFrame({"user": [1], "item": [1], "weight": pd.to_datetime(["2020"])}))


def test_weights_may_be_booleans_nullable_or_negative():
    table = pd.DataFrame({"user": [1, 2], "item": [1, 1], "weight": pd.array([1, -2], dtype="Int64")})
    assert Dataset.from_frame(table).matrix.toarray().tolist() == [[1], [-2]]
    assert Dataset.from_tuples([(1, 1, True), (2, 1, False)]).nnz == 1


def test_weights_must_fit_float32():
    with pytest.raises(DataError, match="must fit float32"):
        Dataset.from_tuples([(1, 1, 1e39)])
    with pytest.raises(DataError, match="must fit float32"):
        Dataset.from_sparse(sp.csr_array([[1e39]]))


# --- times --------------------------------------------------------------------------------------------
noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
seconds = noon.timestamp()


@pytest.mark.parametrize(
    "value",
    [
        int(seconds),
        seconds,
        int(seconds * 1e3),
        int(seconds * 1e6),
        int(seconds * 1e9),
        np.int64(seconds),
        noon,
        noon.replace(tzinfo=None),
        noon.astimezone(timezone(timedelta(hours=-7))),
        np.datetime64("2024-05-01T12:00"),
        pd.Timestamp(noon),
        "2024-05-01T12:00:00Z",
        "2024-05-01 12:00",
        "2024-05-01T14:00:00+02:00",
        "20240501T120000",
    ],
    ids=repr,
)
def test_times_of_every_form(value):
    data = Dataset.from_tuples([(1, 1, 1, value)])
    np.testing.assert_array_equal(data.times, [seconds])


def test_dates_and_mixed_zones():
    rows = [(1, 1, 1, date(1970, 1, 2)), (1, 2, 1, date(1970, 1, 1))]
    np.testing.assert_array_equal(Dataset.from_tuples(rows).times, [86400, 0])
    rows = [(1, 1, 1, "1970-01-01T01:00:00+01:00"), (1, 2, 1, "1970-01-02")]
    np.testing.assert_array_equal(Dataset.from_tuples(rows).times, [0, 86400])


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_datetime_columns(kind, zone):
    moments = pd.Series(pd.to_datetime([86400, 0, 43200], unit="s", utc=True))
    moments = moments.dt.tz_localize(None) if zone is None else moments.dt.tz_convert(zone)
    table = pa.Table.from_pandas(pd.DataFrame(columns).assign(timestamp=moments))
    convert = {"pandas": table.to_pandas, "polars": lambda: pl.from_arrow(table), "pyarrow": lambda: table}
    convert |= {
        "polars lazy": lambda: pl.from_arrow(table).lazy(),
        "duckdb": lambda: duckdb.from_arrow(table),
    }
    check(Dataset.from_frame(convert[kind]()))


def test_date_and_text_columns(kind):
    for times in (
        [date(1970, 1, 2), date(1970, 1, 1), date(1970, 1, 3)],
        ["1970-01-02", "1970-01-01", "1970-01-03"],
    ):
        data = Dataset.from_frame(frame(kind, dict(columns, timestamp=times)))
        np.testing.assert_array_equal(data.times, [0, 2 * 86400, 86400])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [1.0, float("nan")],
            r"`time` \(fourth of each tuple\) must have a finite time .* but 1 of 2 are missing",
        ),
        ([1, None], "1 of 2 are missing"),
        (["2024-01-01", "yesterday"], "ISO 8601 times, got 'yesterday'"),
        (["2024-01-01", "2024-13-01"], "ISO 8601 times, got '2024-13-01'"),
        ([1, "2024-01-01"], "times of one kind, got int and str"),
        ([[1], [2]], "times of one kind, got list"),
        ([True, False], "times of one kind, got bool"),
        ([pd.NaT, datetime(2024, 5, 1)], "1 of 2 are missing"),
        ([np.datetime64("NaT"), np.datetime64("2020")], "missing"),
    ],
)
def test_bad_times(values, message):
    with pytest.raises(DataError, match=message):
        Dataset.from_tuples([(1, i, 1, value) for i, value in enumerate(values)])


def test_missing_times_in_frames(kind):
    with pytest.raises(DataError, match=r"`time` \(column 'timestamp'\).*1 of 3 are missing.*time=False"):
        Dataset.from_frame(frame(kind, dict(columns, timestamp=[1, None, 3])))
