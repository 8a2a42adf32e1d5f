"""What the façade makes of LightFM's arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_coo, as_csr, check_finite, check_int
from tastemaker.compat._words import in_words
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, ModelFitError

#: What stands for a weight of 0: the interaction stays one, and moves nothing.
_no_weight = np.float32(1e-30)

_words = {
    "`reg_user`": "`user_alpha`",
    "`reg_item`": "`item_alpha`",
    "`n_kos`": "`n`",
    "`factors`": "`no_components`",
    "`optimizer`": "`learning_schedule`",
    "`data`": "`interactions`",
}


class ParameterError(ArgumentError, AssertionError):
    """A parameter of a model is out of range; an AssertionError too, as callers of LightFM expect."""


class DivergenceError(ModelFitError, ValueError):
    """Training diverged; a ValueError too, as callers of LightFM expect."""


@contextmanager
def lightfm_words() -> Iterator[None]:
    """Give errors of the native model the names that LightFM has for its parameters."""
    try:
        with in_words(_words):
            yield
    except ModelFitError as error:
        raise DivergenceError(str(error)) from error


def thread_count(num_threads: Any) -> int:
    return check_int("num_threads", num_threads, low=1)


def sparse(name: str, matrix: Any, what: str) -> Any:
    """Return the matrix as COO, or refuse what is not sparse."""
    if not sp.issparse(matrix):
        raise ArgumentTypeError(
            f"`{name}` must be a scipy sparse matrix ({what}), got {type(matrix).__name__}. "
            "Wrap a dense array in scipy.sparse.coo_matrix."
        )
    return as_coo(name, matrix)


def examples(interactions: Any, sample_weight: Any) -> sp.csr_array:
    """Return likes as weights above 0 and dislikes (values that are not above 0) as weights below."""
    given = sparse("interactions", interactions, "users x items")
    check_finite("interactions", given.data)
    sizes = np.ones(given.nnz, np.float32) if sample_weight is None else _weights(sample_weight, given)
    values = np.where(given.data > 0, sizes, -sizes)
    return as_csr("interactions", sp.coo_array((values, (given.row, given.col)), shape=given.shape))


def _weights(sample_weight: Any, interactions: Any) -> np.ndarray:
    weights = sparse("sample_weight", sample_weight, "users x items")
    if weights.shape != interactions.shape:
        raise DataError(
            f"`sample_weight` must have the shape of `interactions` {interactions.shape}, got {weights.shape}."
        )
    if not (np.array_equal(weights.row, interactions.row) and np.array_equal(weights.col, interactions.col)):
        raise DataError(
            "`sample_weight` must have the entries of `interactions` in the same order, got others. "
            "Dataset.build_interactions returns both; else make both from the same (row, col)."
        )
    check_finite("sample_weight", weights.data)
    if weights.nnz and weights.data.min() < 0:
        raise DataError(
            f"`sample_weight` must be >= 0, got {weights.data.min():g}. The sign belongs to `interactions`."
        )
    sizes: np.ndarray = np.maximum(weights.data.astype(np.float32), _no_weight)
    return sizes


def features(side: str, given: Any, rows: int, width: int | None) -> sp.csr_array:
    """Return the features of the first rows of a side, as wide as the model; None stands for the identity.

    A width of None is that of a model that has none yet.
    """
    name = f"{side}_features"
    if given is None:
        matrix = sp.csr_array(sp.eye_array(rows, dtype=np.float32, format="csr"))
    else:
        matrix = as_csr(name, sparse(name, given, f"{side}s x features"))
    if matrix.shape[0] < rows:
        raise DataError(f"`{name}` must have a row for each of the {rows} {side}s, got {matrix.shape[0]}.")
    matrix = matrix[:rows]
    if width is None or matrix.shape[1] == width:
        return matrix
    if matrix.shape[1] > width:
        raise DataError(
            f"`{name}` must have at most {width} columns, the features that the model has embeddings of, got "
            f"{matrix.shape[1]}. Call fit to start anew; tastemaker.LightFM.partial_fit grows."
        )
    return sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(rows, width))
