"""Votes on links of Reddit."""

from __future__ import annotations

from typing import Any, NoReturn

from tastemaker.compat.implicit.datasets import _download

__all__ = ["generate_dataset", "get_reddit"]


def get_reddit() -> Any:
    """Return a csr_matrix links x users of votes, 1 or -1, from the cache of implicit."""
    return _download.read("reddit.hdf5", "item_user_ratings")[0]


def generate_dataset(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise UnsupportedError."""
    _download.not_generated("reddit")
