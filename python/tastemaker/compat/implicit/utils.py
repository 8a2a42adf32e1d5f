"""Helpers that implicit's users import."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._runtime import generator
from tastemaker._validation import warn
from tastemaker.compat.implicit._arguments import sparse
from tastemaker.errors import ArgumentError, ArgumentTypeError, PerformanceWarning

__all__ = [
    "ParameterWarning",
    "augment_inner_product_matrix",
    "check_blas_config",
    "check_csr",
    "check_random_state",
    "nonzeros",
]


class ParameterWarning(PerformanceWarning):
    """A matrix was converted to CSR."""


def check_csr(user_items: Any) -> sp.csr_array:
    """Return a checked float32 CSR copy of a sparse matrix; warn where it had another format."""
    start = time.perf_counter()
    matrix = sparse("user_items", user_items)
    if user_items.format != "csr":
        warn(
            f"`user_items` should be a CSR matrix, got {type(user_items).__name__}; "
            f"converting it took {time.perf_counter() - start:.3g} seconds. Pass user_items.tocsr().",
            ParameterWarning,
        )
    return matrix


def check_random_state(random_state: Any) -> np.random.Generator:
    """Return a Generator for an int, None, Generator or RandomState; the last seeds a new one."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31))
    try:
        return generator(random_state)
    except (ArgumentError, ArgumentTypeError) as error:
        raise type(error)(str(error).replace("`rng`", "`random_state`")) from None


def check_blas_config() -> None:
    """Do nothing: the core uses no BLAS, whose threads implicit warns of."""


def nonzeros(m: Any, row: int) -> Iterator[tuple[int, Any]]:
    """Yield (column, value) of the stored entries of a row of a CSR matrix."""
    entries = slice(m.indptr[row], m.indptr[row + 1])
    yield from zip(m.indices[entries], m.data[entries], strict=True)


def augment_inner_product_matrix(factors: np.ndarray) -> tuple[Any, np.ndarray]:
    """Return (largest norm, factors with one more column that gives every row that norm).

    The inner product of a query with a row then orders rows as the cosine of (query, 0) with the longer row does.

    References
    ----------
    Bachrach et al.: Speeding Up the Xbox Recommender System Using a Euclidean Transformation for Inner-Product
    Spaces. RecSys 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from tastemaker.compat.implicit.utils import augment_inner_product_matrix
    >>> augment_inner_product_matrix(np.array([[3.0, 4.0], [3.0, 0.0]]))
    (np.float64(5.0), array([[3., 4., 0.], [3., 0., 4.]]))
    """
    norms = np.linalg.norm(factors, axis=1)
    longest = norms.max()
    return longest, np.column_stack([factors, np.sqrt(longest**2 - norms**2)])
