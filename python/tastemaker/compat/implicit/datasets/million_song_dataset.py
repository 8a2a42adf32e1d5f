"""The taste profiles of the Million Song Dataset."""

from __future__ import annotations

from typing import Any, NoReturn

from tastemaker.compat.implicit.datasets import _download

__all__ = ["generate_dataset", "get_msd_taste_profile"]


def get_msd_taste_profile() -> Any:
    """Return (track infos, users, plays), plays a csr_matrix tracks x users, from the cache of implicit."""
    return _download.read("msd_taste_profile.hdf5", "track_user_plays", "track", "user")


def generate_dataset(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise UnsupportedError."""
    _download.not_generated("million_song_dataset")
