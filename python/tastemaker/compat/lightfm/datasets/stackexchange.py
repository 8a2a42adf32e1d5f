"""StackExchange."""

from __future__ import annotations

from typing import Any, NoReturn

from tastemaker.errors import UnsupportedError

__all__ = ["fetch_stackexchange"]


def fetch_stackexchange(
    dataset: str,
    test_set_fraction: float = 0.2,
    min_training_interactions: int = 1,
    data_home: Any = None,
    indicator_features: bool = True,
    tag_features: bool = False,
    download_if_missing: bool = True,
) -> NoReturn:
    """Raise UnsupportedError: the files have no published checksum, and nothing unchecked is downloaded."""
    raise UnsupportedError(
        "`fetch_stackexchange` is not there: its files have no published checksum. For items with tags take "
        "tastemaker.datasets.citeulike."
    )
