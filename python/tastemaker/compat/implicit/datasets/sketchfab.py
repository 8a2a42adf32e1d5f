"""Likes of models on Sketchfab."""

from __future__ import annotations

from typing import Any, NoReturn

from tastemaker.compat.implicit.datasets import _download

__all__ = ["generate_dataset", "get_sketchfab"]


def get_sketchfab() -> Any:
    """Return (items, users, likes), likes a csr_matrix items x users, from the cache of implicit."""
    return _download.read("sketchfab.hdf5", "item_user_likes", "item", "user")


def generate_dataset(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise UnsupportedError."""
    _download.not_generated("sketchfab")
