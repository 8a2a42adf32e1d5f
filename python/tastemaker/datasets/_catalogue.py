"""The list of public data sets: sizes, terms, and where each would come from, without loading any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tastemaker.datasets import _citeulike, _gowalla, _lastfm, _movielens
from tastemaker.datasets._bundle import DataBundle
from tastemaker.datasets._obtain import Recipe, local_folders


@dataclass(frozen=True)
class CatalogueEntry:
    """What is known of a data set before it is loaded.

    Attributes
    ----------
    name : str
        Short name, for example "movielens-100k".
    load : callable
        Loads it; takes the keywords of its loader.
    """

    name: str
    load: Callable[..., DataBundle | _gowalla.PublishedSplit]
    recipe: Recipe

    @property
    def title(self) -> str:
        """Name for people."""
        return self.recipe.title

    @property
    def users(self) -> int:
        """Number of users."""
        return self.recipe.known.users

    @property
    def items(self) -> int:
        """Number of items."""
        return self.recipe.known.items

    @property
    def interactions(self) -> int:
        """Number of interactions."""
        return self.recipe.known.interactions

    @property
    def licence(self) -> str:
        """What its owners allow."""
        return self.recipe.licence

    def place(self) -> str:
        """Return where the files would be taken from now: a folder of this machine, or the network."""
        for _, parent in local_folders():
            folder = parent / self.recipe.name
            if any(all((folder / file).is_file() for file in files) for files in self.recipe.layouts):
                return str(folder)
        return self.recipe.sources[0].place


def catalogue() -> dict[str, CatalogueEntry]:
    """Return the public data sets by short name.

    Examples
    --------
    >>> from tastemaker.datasets import catalogue
    >>> catalogue()["movielens-100k"].interactions
    100000
    """
    entries = [
        CatalogueEntry(f"movielens-{size}", partial(_movielens.movielens, size), recipe)
        for size, recipe in _movielens.recipes.items()
    ]
    entries += [
        CatalogueEntry("lastfm-2k", _lastfm.lastfm_2k, _lastfm.recipe),
        CatalogueEntry("citeulike-a", _citeulike.citeulike_a, _citeulike.recipe),
        CatalogueEntry("gowalla", _gowalla.gowalla, _gowalla.recipe),
    ]
    return {entry.name: entry for entry in entries}
