"""IdMap: kinds of ids, lookups both ways, growth and errors."""

from __future__ import annotations

import pickle
from enum import StrEnum

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tastemaker.data import IdMap
from tastemaker.errors import ArgumentTypeError, DataError, UnknownIdError


class Side(StrEnum):
    LEFT = "left"


def sparse_ids():
    return np.array([10**12, -5, 10**6, np.iinfo(np.int64).max, np.iinfo(np.int64).min])


@pytest.mark.parametrize(
    "ids",
    [
        [3, 1, 2],
        np.array([3, 1, 2], dtype=np.uint8),
        range(5, 9),
        sparse_ids(),
        ["b", "a"],
        ["ü", "", "u"],
        [],
    ],
    ids=repr,
)
def test_bijection_keeps_the_order_given(ids):
    mapping = IdMap(ids)
    indices = np.arange(len(ids), dtype=np.int32)
    assert list(mapping) == list(ids)
    np.testing.assert_array_equal(mapping.find(ids), indices)
    np.testing.assert_array_equal(mapping.lookup(ids), indices)
    np.testing.assert_array_equal(mapping.take(indices), list(ids))
    assert mapping.find(ids).dtype == np.int32
    assert all(i in mapping for i in ids)


def test_ids_are_int64_or_str_and_read_only():
    assert IdMap(np.array([1, 2], dtype=np.int8)).ids.dtype == np.int64
    assert IdMap(np.array(["a", "b"])).ids.dtype == object
    assert [type(i) for i in IdMap([np.str_("a"), Side.LEFT]).ids] == [str, str]
    with pytest.raises(ValueError, match="read-only"):
        IdMap([1]).ids[0] = 2


def test_the_callers_array_is_neither_kept_nor_frozen():
    ids = np.array([1, 2])
    mapping = IdMap(ids)
    ids[0] = 9
    assert mapping.ids.tolist() == [1, 2]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([7, 8], dtype="Int64"),
        pd.Series(pd.Categorical([7, 8])),
        pa.chunked_array([[7], [8]]),
        np.array([7.0, 8.0]),
        [np.int32(7), 8],
        (i for i in (7, 8)),
    ],
    ids=lambda c: type(c).__name__,
)
def test_int_columns_of_any_library(column):
    np.testing.assert_array_equal(IdMap([8, 7]).lookup(column), [1, 0])


@pytest.mark.parametrize("dtype", ["str", "string", "string[pyarrow]", "category", object])
def test_text_columns_of_pandas(dtype):
    np.testing.assert_array_equal(
        IdMap(["b", "a"]).lookup(pd.Series(["a", "b", "a"], dtype=dtype)), [1, 0, 1]
    )


def test_one_id_stands_for_a_sequence_of_one():
    np.testing.assert_array_equal(IdMap(["ann", "bob"]).lookup("bob"), [1])
    np.testing.assert_array_equal(IdMap([5, 6]).find(6), [1])


def test_from_values_ascends():
    assert IdMap.from_values([30, 10, 30]).ids.tolist() == [10, 30]
    assert IdMap.from_values(sparse_ids()).ids.tolist() == sorted(sparse_ids().tolist())
    assert IdMap.from_values(["b", "B", "a", "b"]).ids.tolist() == ["B", "a", "b"]
    assert len(IdMap.from_values([])) == 0


def test_unknown_ids_are_minus_one():
    np.testing.assert_array_equal(IdMap([1, 2]).find([2, 3, -1, np.iinfo(np.int64).min]), [1, -1, -1, -1])
    np.testing.assert_array_equal(IdMap(sparse_ids()).find([0, -5]), [-1, 1])
    np.testing.assert_array_equal(IdMap(["a"]).find(["b", "a"]), [-1, 0])
    np.testing.assert_array_equal(IdMap([1]).find(["1", "x"]), [-1, -1])
    np.testing.assert_array_equal(IdMap([]).find([1, 2]), [-1, -1])


def test_contains_takes_ids_only():
    mapping = IdMap([0, 1])
    assert 1 in mapping
    assert np.int8(1) in mapping
    assert all(other not in mapping for other in (2, "1", True, 1.0, None, 2**70, (1,)))


def test_lookup_names_count_and_first_three():
    with pytest.raises(
        UnknownIdError, match=r"`users` must be known ids, but 4 of 5 are not: 7, 8, 9, \.\.\.\."
    ):
        IdMap([1, 2]).lookup([1, 7, 8, 9, 10], "users")


@pytest.mark.parametrize(
    ("ids", "asked", "hint"),
    [
        ([42], "42", r"The ids are int64, these are str. Did you mean 42\?"),
        ([42], "43", r"The ids are int64, these are str\.$"),
        ([42], "x", r"The ids are int64, these are str\.$"),
        (["42"], 42, r"The ids are str, these are int64. Did you mean '42'\?"),
    ],
)
def test_lookup_hints_at_the_other_kind(ids, asked, hint):
    with pytest.raises(UnknownIdError, match=hint):
        IdMap(ids).lookup([asked])


def test_take_refuses_indices_outside():
    for index in (-1, 2):
        with pytest.raises(UnknownIdError, match="indices"):
            IdMap([5, 6]).take([index])


def test_extended_keeps_every_index():
    mapping = IdMap(["m", "c"]).extended(["z", "c", "a", "z"])
    assert mapping.ids.tolist() == ["m", "c", "a", "z"]
    assert mapping.extended(["z"]) is mapping
    assert IdMap([]).extended([2, 1]).ids.tolist() == [1, 2]


def test_extended_refuses_the_other_kind():
    with pytest.raises(DataError, match=r"same kind as the others, int64, got str \('2'\).*int\(id\)"):
        IdMap([1]).extended(["2"])


def test_equality_pickle_and_repr():
    mapping = IdMap([4, 2, 9, 7])
    assert pickle.loads(pickle.dumps(mapping)) == mapping
    assert mapping != IdMap([2, 4, 9, 7])
    assert IdMap(["1"]) != IdMap([1])
    assert mapping != [4, 2, 9, 7]
    assert repr(mapping) == "IdMap([4, 2, 9, ...], n=4, kind=int64)"
    with pytest.raises(TypeError, match="unhashable"):
        hash(mapping)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([1, 2, 1], DataError, r"distinct, but 1 repeat \(1\)"),
        ([10**15, 1, 10**15], DataError, "distinct"),
        (["a", "b", "a", "a"], DataError, r"distinct, but 2 repeat \('a'\)"),
        ([1, "a"], DataError, "one kind, int or str, got int and str"),
        ([1, None, float("nan")], DataError, "an id in every row, but 2 of 3 are missing"),
        ([pd.NA, "a"], DataError, "but 1 of 2 are missing"),
        ([pd.NaT, "a"], DataError, "but 1 of 2 are missing"),
        (np.array([1.0, np.nan]), DataError, "1 of 2 are missing"),
        ([1.5, 2.0], DataError, "got the float 1.5"),
        ([2.0**60], DataError, "got the float"),
        ([True, False], DataError, "got bool"),
        (np.array([True]), DataError, "dtype bool"),
        ([2**64], DataError, "must fit int64"),
        (np.array([2**63], dtype=np.uint64), DataError, "must fit int64"),
        ([(1, 2)], DataError, "got tuple"),
        ([b"a"], DataError, "got bytes"),
        (np.array([[1, 2]]), DataError, "1-d sequence of ids, got 2-d"),
        (np.array(["2020-01-01"], dtype="datetime64[s]"), DataError, "dtype datetime64"),
        (3.5, ArgumentTypeError, r"must be an int or str id or a sequence of ids, got 3.5 \(float\)"),
        (None, ArgumentTypeError, "got None"),
    ],
    ids=repr,
)
def test_bad_ids(ids, error, message):
    with pytest.raises(error, match=message):
        IdMap(ids)
