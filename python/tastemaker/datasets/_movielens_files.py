"""Readers of the file formats in which MovieLens sets are found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from tastemaker.datasets._parse import as_int, check_header, read_columns, read_csv, read_rows, read_table
from tastemaker.datasets._raw import Raw, Tags, decade
from tastemaker.errors import DataError, MissingLibraryError

_ratings = [("user", "i8"), ("item", "i8"), ("rating", "f8"), ("time", "f8")]

# The 19 flags at the end of a line of u.item, in the order of u.genre.
_genres_100k = (  # noqa: SIM905 - one word a line would take a screen
    "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy Film-Noir Horror "
    "Musical Mystery Romance Sci-Fi Thriller War Western"
).split()

# Codes of users.dat, as the README of ml-1m explains them.
_ages_1m = {1: "under 18", 18: "18-24", 25: "25-34", 35: "35-44", 45: "45-49", 50: "50-55", 56: "56+"}
_occupations_1m = (
    *("other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service"),
    *("doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer"),
    *("programmer", "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer"),
    *("tradesman/craftsman", "unemployed", "writer"),
)


def read_100k(folder: Path) -> Raw:
    """Read ml-100k as GroupLens publishes it."""
    path = folder / "u.item"
    films = []
    for row in read_rows(path, "|", 5 + len(_genres_100k), "latin-1"):
        genres = [genre for genre, flag in zip(_genres_100k, row[5:], strict=True) if flag == "1"]
        films.append((as_int(path, row[0]), row[1].strip(), genres))
    users = read_rows(folder / "u.user", "|", 5)
    return _raw(read_columns(folder / "u.data", _ratings, "\t"), films, _users_100k(folder / "u.user", users))


def read_100k_atomic(folder: Path) -> Raw:
    """Read ml-100k from "atomic files": tab-separated, the header naming each column and its type."""
    inter, item, user = (folder / f"ml-100k.{kind}" for kind in ("inter", "item", "user"))
    header = ("user_id:token", "item_id:token", "rating:float", "timestamp:float")
    types = [dtype for _, dtype in _ratings]
    columns = read_columns(inter, list(zip(header, types, strict=True)), "\t", header=True)
    ratings = {name: columns[column] for (name, _), column in zip(_ratings, header, strict=True)}
    item_header = ("item_id:token", "movie_title:token_seq", "release_year:token", "class:token_seq")
    films = [
        (as_int(item, key), _atomic_title(title, year), genres.split(" "))
        for key, title, year, genres in read_table(item, "\t", item_header)
    ]
    user_header = ("user_id:token", "age:token", "gender:token", "occupation:token", "zip_code:token")
    users = read_table(user, "\t", user_header)
    return _raw(ratings, films, _users_100k(user, users))


def read_1m(folder: Path) -> Raw:
    """Read ml-1m as GroupLens publishes it."""
    return _with_1m_metadata(folder, read_columns(folder / "ratings.dat", _ratings, "::"))


def read_1m_parquet(folder: Path) -> Raw:
    """Read ml-1m with its ratings as parquet, in which a time of -1 means unknown."""
    path = folder / "ratings.parquet"
    columns = _read_parquet(path, ("user_id", "item_id", "rating", "timestamp"))
    user, item, rating, time = columns.values()
    known_time = np.where(time == -1, np.nan, time.astype(np.float64))
    ratings = {"user": user.astype(np.int64), "item": item.astype(np.int64)}
    return _with_1m_metadata(folder, {**ratings, "rating": rating.astype(np.float64), "time": known_time})


def read_latest_small(folder: Path) -> Raw:
    """Read ml-latest-small as GroupLens publishes it."""
    columns = [("userId", "i8"), ("movieId", "i8"), ("rating", "f8"), ("timestamp", "f8")]
    table = read_columns(folder / "ratings.csv", columns, ",", header=True)
    ratings = dict(zip((name for name, _ in _ratings), table.values(), strict=True))
    path = folder / "movies.csv"
    films = [
        (as_int(path, key), title.strip(), [] if genres == "(no genres listed)" else genres.split("|"))
        for key, title, genres in read_csv(path, ["movieId", "title", "genres"])
    ]
    return _raw(ratings, films, [])


def _raw(
    ratings: Mapping[str, np.ndarray], films: Iterable[tuple[int, str, list[str]]], user_tags: Tags
) -> Raw:
    """Put ratings and (id, title, genres) together; films that nobody rated are left out."""
    rated = set(np.unique(ratings["item"]).tolist())
    titles: dict[int, str] = {}
    tags = []
    for item, title, genres in films:
        if item in rated:
            titles[item] = title
            tags.append((item, [f"genre={genre}" for genre in genres] + decade(title)))
    return Raw(ratings["user"], ratings["item"], ratings["rating"], ratings["time"], titles, tags, user_tags)


def _users_100k(path: Path, rows: Iterable[list[str]]) -> Tags:
    return [
        (as_int(path, key), [f"gender={gender}", f"age={as_int(path, age) // 10}0s", f"occupation={work}"])
        for key, age, gender, work, _ in rows
    ]


def _with_1m_metadata(folder: Path, ratings: Mapping[str, np.ndarray]) -> Raw:
    path = folder / "movies.dat"
    films = [
        (as_int(path, key), title.strip(), genres.split("|"))
        for key, title, genres in read_rows(path, "::", 3, "latin-1")
    ]
    path = folder / "users.dat"
    users = []
    for key, gender, age, work, _ in read_rows(path, "::", 5):
        band, code = _ages_1m.get(as_int(path, age)), as_int(path, work)
        if band is None or code >= len(_occupations_1m):
            raise DataError(f"`{path}` has an unknown age {age!r} or occupation {work!r} for user {key}.")
        users.append(
            (as_int(path, key), [f"gender={gender}", f"age={band}", f"occupation={_occupations_1m[code]}"])
        )
    return _raw(ratings, films, users)


def _atomic_title(title: str, year: str) -> str:
    # One film has neither; the file misspells that.
    return "unknown" if title == "unkonwn" else f"{title.strip()} ({year})"


def _read_parquet(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    libraries: tuple[Literal["pyarrow", "polars"], ...] = ("pyarrow", "polars")
    library = next((name for name in libraries if find_spec(name)), None)
    if library is None:
        raise MissingLibraryError(
            f'Reading {path.name} needs pyarrow or polars. Install one: pip install "tastemaker[io]".'
        )
    import narwhals as nw

    try:
        frame = nw.read_parquet(str(path), backend=library)
    except Exception as error:  # every library has its own errors for a damaged file
        raise DataError(f"`{path}` is not a parquet file that {library} can read: {error}.") from error
    check_header(path, frame.columns, names)
    columns = {name: frame[name].to_numpy() for name in names}
    for name, column in columns.items():
        if column.dtype.kind not in "iu":
            raise DataError(f"`{path}` must hold whole numbers in {name!r}, got {column.dtype}.")
    return columns
