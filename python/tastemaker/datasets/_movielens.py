"""MovieLens: ratings of films with times, titles and genres (GroupLens, University of Minnesota)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from tastemaker._validation import check_bool, check_choice, friendly
from tastemaker.datasets._bundle import DataBundle, bundle
from tastemaker.datasets._movielens_files import (
    read_1m,
    read_1m_parquet,
    read_100k,
    read_100k_atomic,
    read_latest_small,
)
from tastemaker.datasets._obtain import Recipe, obtain
from tastemaker.datasets._raw import Known, Raw
from tastemaker.datasets._sources import Archive, Wheel

Size: TypeAlias = Literal["100k", "1m", "latest-small"]

_terms = (
    "GroupLens terms: for research; acknowledge it in publications (Harper and Konstan 2015, "
    "doi:10.1145/2827872); no commercial use without permission; "
)
_no_copies = _terms + "no redistribution without permission."
_copies = _terms + "redistribution under the same terms only."


def _archive(name: str, sha256: str, *files: str) -> Archive:
    url = f"https://files.grouplens.org/datasets/movielens/{name}.zip"
    return Archive(url, sha256, {f"{name}/{file}": file for file in files})


recipes: dict[Size, Recipe] = {
    "100k": Recipe(
        name="ml-100k",
        title="MovieLens 100K",
        layouts={
            ("u.data", "u.item", "u.user"): read_100k,
            ("ml-100k.inter", "ml-100k.item", "ml-100k.user"): read_100k_atomic,
        },
        known=Known(943, 1_682, 100_000, "41d46a525a0d7c661ac77be049d73801918d5b5c101a9662bf2f6750ff157c61"),
        licence=_no_copies,
        sources=(
            _archive(
                "ml-100k",
                "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
                *("u.data", "u.item", "u.user", "README"),
            ),
            Wheel(
                "recbole==1.2.1",
                "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
                {
                    f"recbole/dataset_example/ml-100k/{file}": file
                    for file in ("ml-100k.inter", "ml-100k.item", "ml-100k.user")
                },
            ),
        ),
    ),
    "1m": Recipe(
        name="ml-1m",
        title="MovieLens 1M",
        layouts={
            ("ratings.dat", "movies.dat", "users.dat"): read_1m,
            ("ratings.parquet", "movies.dat", "users.dat"): read_1m_parquet,
        },
        known=Known(
            6_040, 3_706, 1_000_209, "4b4df0588ba0a4f105ea127032a271d48051d69694273b18d9bc5adf68a7aa50"
        ),
        licence=_no_copies,
        sources=(
            _archive(
                "ml-1m",
                "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
                *("ratings.dat", "movies.dat", "users.dat", "README"),
            ),
        ),
    ),
    "latest-small": Recipe(
        name="ml-latest-small",
        title="MovieLens latest-small (2018-09)",
        layouts={("ratings.csv", "movies.csv"): read_latest_small},
        known=Known(610, 9_724, 100_836, "d528f5388a78129479b2aaf744b4967a856a110d2b18c01e228f1b55d1dfd912"),
        licence=_copies,
        sources=(
            _archive(
                "ml-latest-small",
                "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
                *("ratings.csv", "movies.csv", "README.txt"),
            ),
        ),
    ),
}


@friendly
def movielens(name: Size = "100k", *, timed: bool = False, download: bool = True) -> DataBundle:
    """Load a MovieLens data set: ratings of films, the field's common yardstick.

    The files are looked for in the folder ``ml-100k`` (``ml-1m``, ``ml-latest-small``) of the directory that
    ``TASTEMAKER_DATA`` names, then in the user's cache, then at files.grouplens.org; ``"100k"`` also in the
    wheel of another package on the Python package index. ``.source`` of the result says which it was.

    Parameters
    ----------
    name : {"100k", "1m", "latest-small"}, default "100k"
        943 users x 1,682 films; 6,040 x 3,706; 610 x 9,724.
    timed : bool, default False
        Keep only the ratings whose time is known. Copies of ``"1m"`` exist in which many times are lost;
        without `timed`, the Dataset of such a copy holds every rating and no times, so that no split by time
        can be made of half the truth. ``.interactions["time"]`` has NaN there.
    download : bool, default True
        Whether the network may be used. Needs ``pip install "tastemaker[datasets]"``.

    Returns
    -------
    DataBundle
        Weights are the ratings (1 to 5; "latest-small": 0.5 to 5). Item features are genres and decades;
        user features, except for "latest-small", are gender, age and occupation.

    Raises
    ------
    DataError
        No way led to the files (the message lists the ways), or they are not the published ones.

    References
    ----------
    F. M. Harper and J. A. Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5 (4), 2015.

    Examples
    --------
    >>> data = movielens("100k")  # doctest: +SKIP
    >>> data.titles[50]  # doctest: +SKIP
    'Star Wars (1977)'
    """
    check_choice("name", name, recipes)
    recipe = recipes[name]
    timed, download = check_bool("timed", timed), check_bool("download", download)
    raw, source = obtain(recipe, download=download)
    raw, note = _settle_times(raw, timed=timed)
    return bundle(recipe.title, raw, licence=recipe.licence, source=source + note)


def _settle_times(raw: Raw, *, timed: bool) -> tuple[Raw, str]:
    """Keep the ratings with a time when asked to; say what is missing."""
    unknown = np.isnan(raw.time) if raw.time is not None else np.zeros(len(raw.user), dtype=bool)
    if not unknown.any():
        return raw, ""
    missing = f" The times of {unknown.sum():,} of the {len(unknown):,} ratings are unknown in this copy"
    if timed:
        return raw.keep(~unknown), f"{missing}; these ratings were left out."
    return raw, f"{missing}, so the Dataset has no times; timed=True keeps the ratings that have one."
