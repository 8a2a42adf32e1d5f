"""as_csr takes every sound sparse matrix, refuses every broken one before its indices are followed."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tastemaker._validation import as_coo, as_csr, csr_parts
from tastemaker.errors import ArgumentTypeError, DataError

DENSE = np.array([[0, 1, 0, 2], [0, 0, 0, 0], [3, 0, -4, 0]], dtype=np.float64)
FORMATS = ["csr", "csc", "coo", "bsr", "dia", "dok", "lil"]


def sound(kind: type, dtype: type = np.float64) -> sp.sparray:
    return kind(DENSE.astype(np.int64).astype(dtype))  # unsigned types wrap


def parts_of(matrix) -> list[np.ndarray]:
    return [
        getattr(matrix, part).copy()
        for part in ("data", "indices", "indptr", "row", "col")
        if hasattr(matrix, part)
    ]


def assert_canonical(result: sp.csr_array) -> None:
    assert isinstance(result, sp.csr_array)
    assert result.data.dtype == np.float32
    assert result.indices.dtype == np.int32
    fresh = sp.csr_array((result.data, result.indices, result.indptr), shape=result.shape)
    assert fresh.has_canonical_format
    assert result.data.all()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_every_format_is_taken(format, kind):
    matrix = getattr(sp, f"{format}_{kind}")(DENSE)
    result = as_csr("data", matrix)
    assert_canonical(result)
    np.testing.assert_array_equal(result.toarray(), DENSE)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float32, np.float64, np.longdouble])
def test_every_real_type_is_taken(dtype):
    result = as_csr("data", sound(sp.csr_array, dtype))
    assert_canonical(result)
    np.testing.assert_array_equal(result.toarray(), sound(sp.csr_array, dtype).toarray().astype(np.float32))


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_array, sp.coo_array])
def test_wide_indices_are_taken(kind):
    matrix = sound(kind)
    for part in ("indices", "indptr"):
        if hasattr(matrix, part):
            setattr(matrix, part, getattr(matrix, part).astype(np.int64))
    if kind is sp.coo_array:
        matrix.coords = tuple(c.astype(np.int64) for c in matrix.coords)
    result = as_csr("data", matrix)
    assert_canonical(result)
    np.testing.assert_array_equal(result.toarray(), DENSE)


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (3, 0), (3, 4)])
def test_empty_matrices_are_taken(shape):
    result = as_csr("data", sp.csr_array(shape))
    assert result.shape == shape
    assert result.nnz == 0


def test_duplicates_are_summed_rows_sorted_and_zeros_dropped():
    matrix = sp.csr_array(([1.0, 2, 4, 0, 5, -5], [3, 0, 3, 1, 2, 2], [0, 4, 6]), shape=(2, 4))
    result = as_csr("data", matrix)
    assert_canonical(result)
    np.testing.assert_array_equal(result.toarray(), [[2, 0, 0, 5], [0, 0, 0, 0]])


@pytest.mark.parametrize("kind", [sp.coo_array, sp.csr_array, sp.csc_array])
def test_small_integers_do_not_overflow_when_duplicates_are_summed(kind):
    ones = np.full(300, 1, dtype=np.int8)
    zeros = np.zeros(300, dtype=np.int32)
    matrix = sp.coo_array((ones, (zeros, zeros)), shape=(1, 1))
    if kind is not sp.coo_array:
        matrix = kind((ones, zeros, [0, 300]), shape=(1, 1))
    assert as_csr("data", matrix).toarray().item() == 300


def test_entries_behind_the_last_position_do_not_count():
    matrix = sound(sp.csr_array)
    matrix.data = np.append(matrix.data, np.nan)
    matrix.indices = np.append(matrix.indices, 77).astype(np.int32)
    np.testing.assert_array_equal(as_csr("data", matrix).toarray(), DENSE)


@given(
    dense=hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6),
        elements=st.sampled_from([0, 0, 0, 1, -1, 0.5, 1e30]),
    ),
    format=st.sampled_from(FORMATS),
)
def test_any_matrix_keeps_its_values_and_the_callers_stays_as_it_was(dense, format):
    matrix = sp.coo_array(dense).asformat(format)
    before = copy.deepcopy(matrix)
    result = as_csr("data", matrix)
    assert_canonical(result)
    np.testing.assert_array_equal(result.toarray(), dense)
    assert matrix.dtype == before.dtype
    for now, then in zip(parts_of(matrix), parts_of(before), strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_matrix_out_of_order_is_not_put_in_order_for_the_caller():
    matrix = sp.csr_array(([1.0, 2.0, 0.0], [3, 0, 0], [0, 3]), shape=(1, 4))
    before = parts_of(matrix)
    as_csr("data", matrix)
    for now, then in zip(parts_of(matrix), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_later_changes_of_the_callers_matrix_do_not_reach_the_result():
    matrix = sound(sp.csr_array, np.float32)
    result = as_csr("data", matrix)
    matrix.data[:] = 9
    matrix.indices[:] = 0
    matrix.indptr[:] = 0
    np.testing.assert_array_equal(result.toarray(), DENSE)


# Refusals


def broken(kind: type, **parts: object) -> sp.sparray:
    """A sound matrix with some of its arrays replaced, as somebody might do by hand."""
    matrix = sound(kind)
    for name, value in parts.items():
        setattr(matrix, name, np.asarray(value))
    return matrix


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"indptr": [0, 3, 2, 4]}, "never decreases"),
        ({"indptr": np.array([0, 3, 2, 4], dtype=np.uint64)}, "never decreases"),
        ({"indptr": [1, 2, 2, 4]}, "starts at 0"),
        ({"indptr": [-1, 2, 2, 4]}, "starts at 0"),
        ({"indptr": [0, 2, 4]}, "indptr of 4 positions"),
        ({"indptr": []}, "indptr of 4 positions"),
        ({"indptr": [[0, 2, 2, 4]]}, "indptr of 4 positions"),
        ({"indptr": [0.0, 2.0, 2.0, 4.0]}, "indptr of 4 positions"),
        ({"indptr": [0, 2, 2, 5]}, "points to 5, past its 4 entries"),
        ({"data": [1.0, 2.0]}, "points to 4, past its 2 entries"),
        ({"indices": [1, 3]}, "points to 4, past its 2 entries"),
        ({"indices": [1, 3, 0, 4]}, r"column indices in \[0, 4\), got 4"),
        ({"indices": [1, 3, 0, -1]}, r"column indices in \[0, 4\), got -1"),
        ({"indices": [1, 3, 0, 2**40]}, rf"column indices in \[0, 4\), got {2**40}"),
        ({"indices": [1.0, 3.0, 0.0, 2.0]}, "integer column indices, got dtype float64"),
    ],
)
def test_broken_csr_is_refused(parts, message):
    with pytest.raises(DataError, match=message):
        as_csr("data", broken(sp.csr_array, **parts))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"indptr": [0, 3, 1, 2, 4]}, "never decreases"),
        ({"indptr": [0, 1, 2, 3, 9]}, "past its 4 entries"),
        ({"indices": [2, 0, 2, 3]}, r"row indices in \[0, 3\), got 3"),
        ({"indices": [2, 0, 2, -7]}, r"row indices in \[0, 3\), got -7"),
    ],
)
def test_broken_csc_is_refused(parts, message):
    with pytest.raises(DataError, match=message):
        as_csr("data", broken(sp.csc_array, **parts))


@pytest.mark.parametrize(
    ("coords", "message"),
    [
        (([0, 0, 2, 3], [1, 3, 0, 2]), r"row indices in \[0, 3\), got 3"),
        (([0, 0, 2, -1], [1, 3, 0, 2]), r"row indices in \[0, 3\), got -1"),
        (([0, 0, 2, 2], [1, 4, 0, 2]), r"column indices in \[0, 4\), got 4"),
        (([0, 0, 2], [1, 3, 0, 2]), "as many rows and columns as values"),
        (([0, 0, 2, 2], [1.0, 3.0, 0.0, 2.0]), "integer column indices"),
    ],
)
def test_broken_coo_is_refused(coords, message):
    matrix = sound(sp.coo_array)
    matrix.coords = tuple(np.asarray(c) for c in coords)
    with pytest.raises(DataError, match=message):
        as_csr("data", matrix)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_array])
def test_arrays_may_be_longer_than_the_entries(kind):
    matrix = sound(kind)
    want = as_csr("data", matrix)
    matrix.data = np.append(matrix.data, [5, 5]).astype(matrix.dtype)
    assert (as_csr("data", matrix) != want).nnz == 0


@pytest.mark.parametrize(("last", "dtype"), [(2**31 - 1, np.int32), (1, np.float64), (-1, np.int64)])
def test_a_bsr_with_other_positions_than_its_blocks_is_refused(last, dtype):
    matrix = sound(sp.bsr_array)
    matrix.indptr = matrix.indptr.astype(dtype)
    matrix.indptr[-1] = last
    with pytest.raises(DataError, match=r"must have .*block indices"):
        as_csr("data", matrix)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: setattr(m, "data", np.repeat(m.data, 2, axis=0)), "broken sparse matrix"),
        (lambda m: setattr(m, "data", m.data[:1]), "broken sparse matrix"),
        (lambda m: setattr(m, "data", m.data[0]), "broken sparse matrix"),
        (lambda m: setattr(m, "offsets", m.offsets[:1]), "broken sparse matrix"),
        (lambda m: setattr(m, "offsets", np.zeros_like(m.offsets)), "broken sparse matrix"),
        (lambda m: setattr(m, "offsets", m.offsets + 0.5), "integer offsets, got dtype float64"),
    ],
    ids=["more-diagonals", "fewer-diagonals", "1-d", "fewer-offsets", "one-place", "floats"],
)
def test_a_dia_with_other_diagonals_than_offsets_is_refused(change, message):
    matrix = sound(sp.dia_array)
    change(matrix)
    with pytest.raises(DataError, match=message):
        as_csr("data", matrix)


@pytest.mark.parametrize("offset", [-(2**31), 2**31 - 1, 50])
def test_diagonals_outside_of_a_dia_hold_nothing(offset):
    matrix = sp.dia_array((np.ones((2, 3)), [0, 50]), shape=(3, 3))
    matrix.offsets = np.array([0, offset], np.int32)
    np.testing.assert_array_equal(as_csr("data", matrix).toarray(), np.eye(3))


@pytest.mark.parametrize("part", ["rows", "data"])
def test_a_lil_with_other_columns_than_values_is_refused(part):
    matrix = sound(sp.lil_array)
    getattr(matrix, part)[1].append(1)
    with pytest.raises(DataError, match="as many columns as values in each row"):
        as_csr("data", matrix)


@pytest.mark.parametrize("kind", FORMATS)
def test_coo_holds_the_entries_of_any_format(kind):
    matrix = sound(sp.csr_array).asformat(kind)
    np.testing.assert_array_equal(as_coo("data", matrix).toarray(), matrix.toarray())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_array, sp.coo_array])
def test_values_that_are_not_finite_are_refused(kind, bad):
    matrix = sound(kind)
    matrix.data[1] = bad
    with pytest.raises(
        DataError, match=rf"`data` must hold finite values, got {bad} at entry \d \(1 in all\)"
    ):
        as_csr("data", matrix)


def test_values_beyond_float32_are_refused_without_a_numpy_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(
            DataError, match=r"`data` must fit float32 .* entry 1 does not\. Scale the weights down"
        ):
            as_csr("data", sp.csr_array([[1.0, 1e39]]))


def test_sums_beyond_float32_are_refused():
    matrix = sp.csr_array(([3e38, 3e38], [0, 0], [0, 2]), shape=(1, 1), dtype=np.float32)
    with pytest.raises(DataError, match="must fit float32"):
        as_csr("data", matrix)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_numbers_are_refused(dtype):
    with pytest.raises(DataError, match="`data` must hold real numbers, got dtype complex"):
        as_csr("data", sound(sp.csr_array, dtype))


@pytest.mark.parametrize("value", [DENSE, [[0, 1]], None, "matrix"])
def test_what_is_not_sparse_is_refused_with_the_way_out(value):
    with pytest.raises(
        ArgumentTypeError, match=r"`data` must be a Dataset or .*a frame in Dataset\.from_frame"
    ):
        as_csr("data", value)


def test_one_dimension_is_refused():
    with pytest.raises(DataError, match=r"`data` must be 2-d \(users x items\), got 1-d"):
        as_csr("data", sp.coo_array(np.array([1.0, 0.0])))


def test_another_shape_is_refused_and_a_transposed_one_recognised():
    matrix = sound(sp.csr_array)
    assert as_csr("history", matrix, shape=(None, 4)).shape == (3, 4)
    with pytest.raises(DataError, match=r"`history` must have shape any x 5 \(users x items\), got 3 x 4\.$"):
        as_csr("history", matrix, shape=(None, 5))
    with pytest.raises(DataError, match=r"got 3 x 4\. It looks transposed: pass history\.T"):
        as_csr("history", matrix, shape=(None, 3))


def test_more_columns_than_the_core_can_number_are_refused():
    with pytest.raises(DataError, match="`data` must have at most 2147483647 rows and columns"):
        as_csr("data", sp.csr_array((1, 2**31)))


def test_the_core_gets_contiguous_arrays_of_its_types():
    indptr, indices, values, cols = csr_parts(as_csr("data", sound(sp.csr_array)))
    assert (indptr.dtype, indices.dtype, values.dtype, cols) == (np.int64, np.int32, np.float32, 4)
    assert all(part.flags.c_contiguous for part in (indptr, indices, values))
