"""SparseMatrix of the core: what models read interactions through, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._validation import csr_parts


def matrix(*, weighted: bool) -> sp.csr_array:
    rng = np.random.default_rng(3)
    X = sp.random_array((40, 25), density=0.2, rng=rng, dtype=np.float32, format="csr")
    X.data[:] = rng.normal(size=X.nnz) if weighted else 1
    return X


@pytest.mark.parametrize("weighted", [False, True])
def test_column_sums(weighted: bool) -> None:
    X = matrix(weighted=weighted)
    X = sp.csr_array(sp.hstack([X, sp.csr_array((40, 2), dtype=np.float32)]))  # two columns without entries
    sums = _core.SparseMatrix(csr_parts(X)).column_sums()
    np.testing.assert_allclose(sums, X.toarray().astype(np.float64).sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_transposed_takes_products(weighted: bool) -> None:
    X, Y = matrix(weighted=weighted), np.random.default_rng(4).normal(size=(40, 3))
    product = _core.SparseMatrix(csr_parts(X)).transposed().times(Y, 2)
    np.testing.assert_allclose(product, X.toarray().astype(np.float64).T @ Y, rtol=1e-12, atol=1e-12)


def test_none_for_values_means_ones() -> None:
    indptr, indices, _, cols = csr_parts(matrix(weighted=False))
    sums = _core.SparseMatrix((indptr, indices, None, cols)).column_sums()
    np.testing.assert_array_equal(sums, np.bincount(indices, minlength=cols))
