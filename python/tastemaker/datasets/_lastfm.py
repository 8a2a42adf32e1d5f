"""Last.fm 2K: how often listeners played artists, with the artists' tags (HetRec 2011)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from tastemaker._validation import check_bool, friendly
from tastemaker.datasets._bundle import DataBundle, bundle
from tastemaker.datasets._obtain import Recipe, obtain
from tastemaker.datasets._parse import as_int, read_columns, read_table
from tastemaker.datasets._raw import Known, Raw
from tastemaker.datasets._sources import Archive

_files = ("user_artists.dat", "artists.dat", "tags.dat", "user_taggedartists.dat")


def _read(folder: Path) -> Raw:
    columns = [("userID", "i8"), ("artistID", "i8"), ("weight", "f8")]
    plays = read_columns(folder / "user_artists.dat", columns, "\t", header=True)
    played = set(np.unique(plays["artistID"]).tolist())
    path = folder / "artists.dat"
    artists = read_table(path, "\t", ["id", "name", "url", "pictureURL"])
    titles = {as_int(path, key): name for key, name, _, _ in artists}
    return Raw(
        plays["userID"],
        plays["artistID"],
        plays["weight"],
        titles={artist: name for artist, name in titles.items() if artist in played},
        item_tags=[(artist, names) for artist, names in _artist_tags(folder).items() if artist in played],
    )


def _artist_tags(folder: Path) -> dict[int, list[str]]:
    """Return the distinct tags that anybody gave to each artist."""
    path = folder / "tags.dat"
    rows = read_table(path, "\t", ["tagID", "tagValue"], "latin-1")
    names = {as_int(path, key): value for key, value in rows}
    path = folder / "user_taggedartists.dat"
    columns = [(name, "i8") for name in ("userID", "artistID", "tagID", "day", "month", "year")]
    given = read_columns(path, columns, "\t", header=True)
    pairs = set(zip(given["artistID"].tolist(), given["tagID"].tolist(), strict=True))
    tags: defaultdict[int, list[str]] = defaultdict(list)
    for artist, tag in sorted(pairs):
        tags[artist].append(f"tag={names.get(tag, tag)}")
    return tags


recipe = Recipe(
    name="lastfm-2k",
    title="Last.fm 2K (HetRec 2011)",
    layouts={_files: _read},
    known=Known(1_892, 17_632, 92_834),
    licence="For non-commercial use; cite Last.fm and HetRec 2011 (Cantador et al., RecSys 2011).",
    sources=(
        Archive(
            "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip",
            "6738f48195667ff03caaab4d32ca9a3133d8cc026b7c3cdaf6ce1010e913c59c",
            {file: file for file in (*_files, "readme.txt")},
        ),
    ),
)


@friendly
def lastfm_2k(*, download: bool = True) -> DataBundle:
    """Load Last.fm 2K: 1,892 listeners x 17,632 artists, weights are numbers of plays.

    Looked for in the folder ``lastfm-2k`` of the directory that ``TASTEMAKER_DATA`` names, then in the user's
    cache, then at files.grouplens.org.

    Parameters
    ----------
    download : bool, default True
        Whether the network may be used. Needs ``pip install "tastemaker[datasets]"``.

    Returns
    -------
    DataBundle
        Titles are artists' names; item features are tags; there are no times. Plays range over five orders of
        magnitude: weigh them down (for example by their logarithm) before a model takes them as confidence.

    Raises
    ------
    DataError
        No way led to the files (the message lists the ways), or they are not the published ones.

    References
    ----------
    I. Cantador, P. Brusilovsky and T. Kuflik, "Second Workshop on Information Heterogeneity and Fusion in
    Recommender Systems", RecSys 2011.

    Examples
    --------
    >>> data = lastfm_2k()  # doctest: +SKIP
    >>> data.dataset.n_users  # doctest: +SKIP
    1892
    """
    raw, source = obtain(recipe, download=check_bool("download", download))
    return bundle(recipe.title, raw, licence=recipe.licence, source=source)
