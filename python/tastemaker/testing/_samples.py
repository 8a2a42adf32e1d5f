"""What the checks are made of: small data, new models, and comparisons with a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker.data import Dataset
from tastemaker.models.base import Recommender

n_users, n_items = 40, 30


def interactions(n_users: int = n_users, n_items: int = n_items, seed: int = 0) -> sp.csr_array:
    """Return random counts with a popular head; every user and item has at least one."""
    rng = np.random.default_rng(seed)
    popularity = 1.0 / np.arange(1, n_items + 1)
    dense = rng.random((n_users, n_items)) < 0.15 + 0.5 * popularity
    dense[np.arange(n_users), rng.integers(0, n_items, n_users)] = True
    dense[rng.integers(0, n_users, n_items), np.arange(n_items)] = True
    return sp.csr_array((dense * rng.integers(1, 5, dense.shape)).astype(np.float32))


def rows_of(matrix: sp.csr_array) -> list[tuple[str, int, float]]:
    """Return the same interactions as tuples with ids: users are text, items are integers from 100."""
    coo = matrix.tocoo()
    return [(f"u{u}", 100 + int(i), float(w)) for u, i, w in zip(*coo.coords, coo.data, strict=True)]


def dataset() -> Dataset:
    return Dataset.from_tuples(rows_of(interactions()))


def fresh(model: Recommender) -> Recommender:
    """Return an unfitted model of the same class and parameters."""
    return type(model)(**model.get_params())


def fitted(model: Recommender, data: Any = None, **options: Any) -> Recommender:
    """Return a new model of the same parameters, fitted on the sample unless other data is given."""
    return fresh(model).fit(interactions() if data is None else data, **options)


def expect(condition: Any, rule: str) -> None:
    if not condition:
        raise AssertionError(rule)


def same(got: Any, want: Any, rule: str) -> None:
    """Compare lists, (ids, scores), or plain values; NaN equals NaN."""
    np.testing.assert_array_equal(got, want, err_msg=rule)


def same_lists(got: tuple[Any, Any], want: tuple[Any, Any], rule: str) -> None:
    same(got[0], want[0], rule)
    same(got[1], want[1], rule)


@contextmanager
def refused(error: type[Exception] | tuple[type[Exception], ...], text: str, what: str) -> Iterator[None]:
    """Expect an error of that class whose message holds a text."""
    names = error.__name__ if isinstance(error, type) else " or ".join(one.__name__ for one in error)
    try:
        yield
    except error as raised:
        expect(text in str(raised), f"{what} must be refused by a message with {text!r}, got: {raised}")
    except Exception as raised:
        raise AssertionError(f"{what} must raise {names}, got {type(raised).__name__}: {raised}") from raised
    else:
        raise AssertionError(f"{what} must raise {names}, and was accepted")
