"""Public data sets, each with its licence and a sentence on how it was had, and made-up films.

Files are looked for in the directory that ``TASTEMAKER_DATA`` names (one folder per set), in the user's
cache, and at the official place, whose downloads are checked and cached. Public sets keep their owners' terms.
"""

from __future__ import annotations

from tastemaker.datasets._bundle import DataBundle
from tastemaker.datasets._catalogue import CatalogueEntry, catalogue
from tastemaker.datasets._citeulike import citeulike_a
from tastemaker.datasets._gowalla import PublishedSplit, gowalla
from tastemaker.datasets._lastfm import lastfm_2k
from tastemaker.datasets._movielens import movielens
from tastemaker.datasets._movies import MovieBundle, make_movies

__all__ = [
    "CatalogueEntry",
    "DataBundle",
    "MovieBundle",
    "PublishedSplit",
    "catalogue",
    "citeulike_a",
    "gowalla",
    "lastfm_2k",
    "make_movies",
    "movielens",
]
