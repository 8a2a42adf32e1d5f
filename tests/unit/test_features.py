"""Feature tables: kinds of columns, pairs, layout, growth and errors."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tastemaker.data import Dataset, FeatureTable
from tastemaker.errors import ArgumentTypeError, DataError, DataWarning

rows = [(1, "heat"), (2, "alien"), (2, "up")]  # items ascend: alien, heat, up

films = {
    "item": ["heat", "up", "alien"],
    "genre": ["crime|drama", None, "horror| |space|horror"],
    "country": ["us", "us", "uk"],
    "year": [1995, 2009, 1979],
    "score": [0.5, None, 0.0],
    "family": [False, True, None],
}
names = (
    "genre=crime",
    "genre=drama",
    "genre=horror",
    "genre=space",
    "country=uk",
    "country=us",
    "year",
    "score",
    "family",
)
table = [
    [0, 0, 1, 1, 1, 0, 1979, 0, 0],
    [1, 1, 0, 0, 0, 1, 1995, 0.5, 0],
    [0, 0, 0, 0, 0, 1, 2009, 0, 1],
]

frames = {
    "pandas": pd.DataFrame,
    "pandas nullable": lambda c: pd.DataFrame(c).convert_dtypes(),
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "duckdb": lambda c: duckdb.from_arrow(pa.table(c)),
}


def items(features, **options):
    return Dataset.from_tuples(rows, item_features=features, **options).item_features


def metadata(features):
    return features.metadata.toarray().tolist()


@pytest.mark.parametrize("kind", frames)
def test_columns_of_every_kind(kind):
    features = items(frames[kind](films), separators={"genre": "|"})
    assert features.names == names
    assert metadata(features) == table
    assert features.metadata.dtype == np.float32
    np.testing.assert_array_equal(features.matrix.toarray(), np.hstack([np.eye(3), table]))
    assert features.n_indicators == 3


def test_categories_and_lists():
    lists = [["a", "b"], [], ["b", None]]
    for frame in (
        pd.DataFrame({"item": ["heat", "up", "alien"], "tag": lists, "code": pd.Categorical([7, 7, 9])}),
        pl.DataFrame(
            {"item": ["heat", "up", "alien"], "tag": lists, "code": ["7", "7", "9"]},
            schema_overrides={"code": pl.Categorical},
        ),
        pa.table(
            {"item": ["heat", "up", "alien"], "tag": lists, "code": pa.array([7, 7, 9]).dictionary_encode()}
        ),
    ):
        features = items(frame)
        assert features.names == ("tag=a", "tag=b", "code=7", "code=9")
        assert metadata(features) == [[0, 1, 0, 1], [1, 1, 1, 0], [0, 0, 1, 0]]


def test_objects_of_pandas():
    frame = pd.DataFrame({"item": ["heat", "up"], "flag": pd.Series([True, None], dtype=object)})
    frame["set"] = [{"x"}, ("y", "x")]
    features = items(frame)
    assert features.names == ("flag", "set=x", "set=y")
    assert metadata(features) == [[0, 0, 0], [1, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize(
    "pairs",
    [
        [("heat", ["crime"]), ("up", {"crime": 0.5, "kids": 2})],
        (pair for pair in [("heat", ("crime",)), ("up", {"crime": 0.5, "kids": 2})]),
        {"heat": ["crime"], "up": {"crime": 0.5, "kids": 2}},
    ],
    ids=["list", "generator", "dict"],
)
def test_pairs(pairs):
    features = items(pairs)
    assert features.names == ("crime", "kids")
    assert metadata(features) == [[0, 0], [1, 0], [0.5, 2]]


def test_rows_of_one_id_come_together_and_the_last_value_counts():
    long = pd.DataFrame({"item": ["up", "up", "heat", "up"], "tag": ["a", "b", "a", "a"], "n": [1, 2, 3, 4]})
    features = items(long)
    assert features.names == ("tag=a", "tag=b", "n")
    assert metadata(features) == [[0, 0, 0], [1, 0, 3], [1, 1, 4]]


def test_an_id_and_a_feature_of_one_name_stay_apart():
    features = items([("heat", ["alien", "heat"])])
    assert features.names == ("alien", "heat")
    assert features.matrix.toarray().tolist() == [[1, 0, 0, 0, 0], [0, 1, 0, 1, 1], [0, 0, 1, 0, 0]]


def test_both_sides():
    users = pd.DataFrame({"user": [1, 2], "age": [30, 40]})
    data = Dataset.from_tuples(rows, user_features=users, item_features=[("up", ["kids"])])
    assert data.user_features.matrix.toarray().tolist() == [[1, 0, 30], [0, 1, 40]]
    assert data.item_features.names == ("kids",)
    assert Dataset.from_tuples(rows).user_features is None


def test_without_indicators_and_normalized():
    pairs = [("heat", {"a": 1, "b": -3}), ("up", ["a"])]
    assert items(pairs, indicators=False).matrix.toarray().tolist() == [[0, 0], [1, -3], [1, 0]]
    assert items(pairs, normalize=True).matrix.toarray().tolist() == [
        [1, 0, 0, 0, 0],
        [0, np.float32(0.2), 0, np.float32(0.2), np.float32(-0.6)],
        [0, 0, 0.5, 0.5, 0],
    ]
    assert items(pairs, indicators=False, normalize=True).matrix.toarray().tolist() == [
        [0, 0],
        [0.25, -0.75],
        [1, 0],
    ]
    assert items(pairs, indicators=False).n_indicators == 0


def test_the_column_of_ids_is_named_as_in_the_interactions_or_obviously():
    frame = pd.DataFrame({"film": ["heat"], "item": ["up"]})
    for columns in (["film", "tag"], ["item_id", "tag"], ["movieId", "tag"], ["id", "tag"]):
        features = pd.DataFrame([["heat", "x"]], columns=columns)
        data = Dataset.from_frame(frame, user="item", item="film", item_features=features)
        assert data.item_features.names == ("tag=x",)
    features = pd.DataFrame({"name": ["heat"], "tag": ["x"]})
    with pytest.raises(
        DataError, match=r"`item_features` must have a column of ids named 'item', .* 'name', 'tag'"
    ):
        items(features)


def test_unknown_ids_are_counted_and_left_out():
    with pytest.warns(
        DataWarning, match=r"`item_features` has 2 ids without interactions.*: 'brazil', 'zulu'"
    ) as seen:
        features = items([("zulu", ["war"]), ("up", ["kids"]), ("brazil", []), ("zulu", ["old"])])
    assert seen[0].filename == __file__
    assert metadata(features) == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert features.names == ("kids", "old", "war")


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        ([("zulu", ["a"])], DataError, "none of its 1 ids occurs there: 'zulu'"),
        (
            [(3, ["a"])],
            DataError,
            r"`item_features` must be ids of the same kind as the others, str, got int64 \(3\)",
        ),
        ([("up", "kids")], DataError, r"names as a list or a dict, got 'kids' in row 0. Write \['kids'\]"),
        ([("up", 3)], DataError, "names as a list or a dict, got 3"),
        ([("up", [3])], DataError, "features named by str, got 3 in row 0"),
        (
            [("up", {"a": float("nan")})],
            DataError,
            r"`item_features` \(weights\) must hold finite numbers, got nan",
        ),
        ([("up", {"a": "1"})], DataError, "must hold numbers, got '1'"),
        (["up"], DataError, r"must hold pairs \(id, \[names\]\)"),
        ([("up", ["a"], 1)], DataError, "must hold pairs"),
        ([(None, ["a"])], DataError, "1 of 1 are missing"),
        (7, ArgumentTypeError, r"must be a frame or an iterable of \(id, \[names\]\).*got 7 \(int\)"),
        ("up", ArgumentTypeError, "must be a frame or an iterable"),
        (
            pd.DataFrame({"item": ["up"], "x": [np.inf]}),
            DataError,
            r"\(column 'x'\) must hold finite numbers, got inf",
        ),
        (
            pd.DataFrame({"item": ["up"], "x": pd.to_datetime(["2020"])}),
            DataError,
            "got 'x' of dtype Datetime",
        ),
        (
            pd.DataFrame({"item": ["up", None], "x": [1, 2]}),
            DataError,
            r"\(column 'item'\).*1 of 2 are missing",
        ),
        (pd.DataFrame({"item": ["up"], "a": ["b"], "a=b": [1]}), DataError, "two columns give 'a=b'"),
    ],
)
def test_bad_features(features, error, message):
    with pytest.raises(error, match=message):
        items(features)


def test_separators_name_columns_of_text():
    frame = pd.DataFrame({"item": ["up"], "n": [1]})
    with pytest.raises(DataError, match=r"`separators` must name columns .* \('item', 'n'\), got 'genre'"):
        items(frame, separators={"genre": "|"})
    with pytest.raises(DataError, match="`separators` must name columns of text, got 'n' of dtype Int64"):
        items(frame, separators={"n": "|"})
    with pytest.raises(DataError, match="no frame was given"):
        Dataset.from_tuples(rows, separators={"genre": "|"})


def test_growth_keeps_the_order_of_features_and_replaces_ids_given_again():
    frame = pd.DataFrame({"item": ["heat", "up"], "tags": ["b|c", "c"]})
    data = Dataset.from_tuples(rows, item_features=frame, separators={"tags": "|"})
    more = pd.DataFrame({"item": ["heat", "brazil"], "tags": ["a", "c|d"]})
    grown = data.extend([(1, "brazil")], item_features=more).item_features
    assert grown.names == ("tags=b", "tags=c", "tags=a", "tags=d")
    assert metadata(grown) == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 1]]
    assert grown.n_indicators == 4
    assert metadata(data.item_features) == [[0, 0], [1, 1], [0, 1]]


def test_growth_without_new_features_adds_bare_rows():
    data = Dataset.from_tuples(rows, item_features=[("up", ["kids"])], indicators=False)
    grown = data.extend([(1, "zulu")])
    assert metadata(grown.item_features) == [[0], [0], [1], [0]]
    assert not grown.item_features.indicators


def test_features_can_come_later():
    data = Dataset.from_tuples(rows).extend(user_features=[(1, ["new"])])
    assert data.user_features.matrix.toarray().tolist() == [[1, 0, 1], [0, 1, 0]]
    assert data.nnz == 3


def test_repr():
    assert repr(items([("up", ["kids"])])) == "FeatureTable(3 x (3 indicators + 1 features))"
    assert repr(items([("up", ["kids"])], indicators=False)) == "FeatureTable(3 x (1 features))"
    assert isinstance(items([("up", [])]), FeatureTable)
