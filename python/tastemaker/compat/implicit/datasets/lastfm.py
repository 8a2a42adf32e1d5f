"""Last.fm 360K: how often users played artists."""

from __future__ import annotations

from typing import Any, NoReturn

from tastemaker.compat.implicit.datasets import _download

__all__ = ["generate_dataset", "get_lastfm"]


def get_lastfm() -> Any:
    """Return (artists, users, plays), plays a csr_matrix artists x users, from the cache of implicit."""
    return _download.read("lastfm_360k.hdf5", "artist_user_plays", "artist", "user")


def generate_dataset(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise UnsupportedError."""
    _download.not_generated("lastfm")
