"""CSR matrices, sound and broken, at the two doors: `as_csr` for users, the bindings of the core behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from tests.fuzz.choices import Choices

from tastemaker import _core
from tastemaker._validation import as_csr, csr_parts
from tastemaker.errors import TastemakerError

#: What the bindings raise: wrong values, wrong kinds, numbers that do not fit the core's integers.
REFUSALS = (ValueError, TypeError, OverflowError, _core.NumericalError)


def matrix_at_the_door(data: bytes) -> None:
    """Any scipy matrix is refused with one of our errors, or becomes canonical and fit for the core."""
    choices = Choices(data)
    matrix = _scipy_matrix(choices)
    try:
        csr = as_csr("X", matrix)
    except TastemakerError:
        return
    assert csr.has_canonical_format
    assert np.isfinite(csr.data).all()
    assert (csr.data != 0).all()
    parts = csr_parts(csr)
    indptr, indices, _ = _core.knn_neighbours(parts, 3, score="product")
    assert len(indices) == indptr[-1]
    _core.SparseMatrix(parts).transposed()


def views_of_the_core(data: bytes) -> None:
    """Any tuple is refused by the bindings, or may be indexed by every kernel that takes one."""
    choices = Choices(data)
    call = choices.pick((_neighbours, _transposed, _sparse_lists, _dense_lists, _table_lists))
    try:
        call(choices)
    except REFUSALS:
        return


def _neighbours(choices: Choices) -> None:
    score = choices.pick(("cosine", "jaccard", "product", "pearson", "none"))
    mode = choices.pick(("auto", "dense", "list"))
    _core.knn_neighbours(parts(choices), choices.integer(), score=score, mode=mode, threads=choices.below(4))


def _transposed(choices: Choices) -> None:
    _core.SparseMatrix(parts(choices)).transposed()


def _sparse_lists(choices: Choices) -> None:
    _lists(choices, _core.SparseIndex(parts(choices)), parts(choices))


def _dense_lists(choices: Choices) -> None:
    _lists(choices, _core.DenseIndex(_dense(choices), 1), _dense(choices))


def _table_lists(choices: Choices) -> None:
    _lists(choices, _core.TableIndex(_dense(choices)), parts(choices))


def _lists(choices: Choices, index: Any, queries: Any) -> None:
    exclude = parts(choices) if choices.likely() else None
    threads = choices.below(4)
    if choices.likely():
        allowed = np.ones(choices.below(9), np.uint8) if choices.below(2) else None
        n = choices.pick((0, 1, 3, 40, -1, -(2**31)))
        ids, scores = index.topn(queries, n, exclude, allowed, threads)
        assert ((ids >= 0) == ~np.isnan(scores)).all()
        return
    pairs = choices.below(5)
    rows, items = (np.array([choices.integer() % 2**32 for _ in range(pairs)], np.uint32) for _ in "ab")
    rows, items = rows.view(np.int32), items.view(np.int32)
    index.score(queries, rows, items, threads)
    assert (index.rank(queries, rows, items, exclude, bool(choices.below(2)), threads) >= 1).all()


def _dense(choices: Choices) -> np.ndarray:
    rows, cols = choices.below(9), choices.below(20)
    values = [choices.number() for _ in range(min(rows * cols, 24))]
    with np.errstate(over="ignore"):
        return np.resize(np.array(values or [0.0]).astype(np.float32), (rows, cols))


def parts(choices: Choices) -> tuple[Any, ...]:
    """Return (indptr, indices, values, cols), mostly sound."""
    rows, cols = choices.below(7), choices.below(9)
    lengths = [choices.below(cols + 1) for _ in range(rows)]
    indptr = np.cumsum([0, *lengths])
    indices = [np.sort((np.arange(n) * 5 + choices.byte()) % max(cols, 1)) for n in lengths]
    index = np.concatenate([np.empty(0, np.int32), *indices]).astype(np.int32)
    with np.errstate(over="ignore"):
        values = np.array([choices.number() for _ in index]).astype(np.float32)
    columns: Any = cols
    for _ in range(choices.below(3)):
        kind = choices.below(6)
        if kind == 0 and len(index):
            index[choices.below(len(index))] = np.array(choices.integer(), np.int64).astype(np.int32)
        elif kind == 1 and len(indptr):
            indptr[choices.below(len(indptr))] = choices.integer()
        elif kind == 2:
            columns = choices.integer()
            if columns == 2**31 - 1:
                columns = 1000  # so many would be fine, and take time and memory accordingly
        elif kind == 3:
            index = index[: choices.below(len(index) + 1)]
        elif kind == 4:
            values = values[: choices.below(len(values) + 1)]
        else:
            indptr = indptr[: choices.below(len(indptr) + 1)]
    return indptr.astype(np.int64), index, values if choices.likely() else None, columns


def _scipy_matrix(choices: Choices) -> Any:
    """Return a matrix of some format whose arrays were changed behind its back."""
    kind = choices.pick(("csr", "csc", "coo", "bsr", "dia", "lil", "dok"))
    dtype = choices.pick((np.float32, np.float64, np.int8, np.uint64, np.bool_, np.complex64))
    rows, cols = 1 + choices.below(6), 1 + choices.below(6)
    dense = np.array([choices.below(3) for _ in range(rows * cols)]).reshape(rows, cols)
    matrix: Any = sp.coo_array(dense.astype(dtype)).asformat(kind)
    for _ in range(choices.below(3)):
        name = choices.pick(("data", "indices", "indptr", "row", "col", "offsets", "rows"))
        array = getattr(matrix, name, None)
        if not isinstance(array, np.ndarray) or not array.size:
            continue
        if array.dtype == object:  # the lists of a LIL
            array[choices.below(len(array))].append(choices.below(9))
            continue
        change = choices.below(4)
        if change == 0:
            array = array[: choices.below(len(array) + 1)]
        elif change == 1:
            array = array.astype(choices.pick((np.int64, np.float64, np.uint8, np.int32)))
        elif change == 2:
            array = np.concatenate([array, array[:1]])
        else:
            array = array.copy()
            with np.errstate(over="ignore", invalid="ignore"):
                value = choices.number() if array.dtype.kind in "fc" else choices.integer()
                array.flat[choices.below(array.size)] = np.array(value).astype(array.dtype)
        try:
            setattr(matrix, name, array)
        except (AttributeError, ValueError, TypeError):  # scipy's own setters refuse some
            return matrix
    return matrix
