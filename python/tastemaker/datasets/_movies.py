"""Synthetic films and viewers whose tastes are known: for examples, tests and first steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tastemaker._runtime import generator
from tastemaker._validation import check_int, friendly
from tastemaker.datasets._bundle import DataBundle, bundle
from tastemaker.datasets._raw import Raw, decade

# ruff: noqa: SIM905 - one word a line would take two screens
genres = tuple("Action Comedy Crime Documentary Drama Fantasy Horror Romance Sci-Fi Western".split())

_first = (
    "Amber Borrowed Broken Burning Crimson Crooked Distant Electric Empty Endless Fading Fallen Forgotten "
    "Frozen Gentle Golden Hidden Hollow Last Lonely Lost Midnight Painted Paper Patient Quiet Restless Sacred "
    "Scarlet Secret Second Silent Silver Sleeping Stolen Sunken Velvet Wandering Wild Winter"
).split()
_second = (
    "Anthem Archive Avenue Bridge Carousel Compass Corridor Detective Empire Engine Fortune Garden Gambit "
    "Harbour Horizon Island Journey Kingdom Lantern Letter Lighthouse Machine Mirror Mountain Orchard Outlaw "
    "Passenger Piano Promise River Season Shadow Signal Station Stranger Summer Tailor Theatre Voyage Witness"
).split()

_start = 1_577_836_800.0  # 2020-01-01
_span = 3 * 365 * 86_400.0
_longest_stay = 183 * 86_400.0
_block = 2**22  # viewers x films drawn at once: 32 MiB of float64


@dataclass(frozen=True, repr=False, eq=False)
class MovieBundle(DataBundle):
    """A DataBundle of `make_movies`, with the truth behind it.

    Attributes
    ----------
    genres : tuple of str
        Names of the genres.
    tastes : ndarray, shape (n_users, genres)
        Each viewer's liking of each genre; rows sum to 1, in the order of the users' ids.
    """

    genres: tuple[str, ...] = genres
    tastes: np.ndarray = field(default_factory=lambda: np.empty((0, len(genres))))


@friendly
def make_movies(*, rng: Any = None, n_users: int = 500, n_items: int = 300) -> MovieBundle:
    """Make up films, viewers with tastes, and who watched what when.

    A film has one to three genres and a popularity with a long tail; a viewer likes a few genres. What a
    viewer watches is drawn without replacement, with chances popularity x (liking of the film's genres), so a
    model that finds tastes beats one that counts views. Ratings follow the liking, with noise. Viewers arrive over
    three years and watch for up to six months.

    Parameters
    ----------
    rng : int, Generator, SeedSequence or None
        Seed; the same int gives the same data on every machine with the same numpy.
    n_users : int, default 500
        Viewers, >= 1; ids are 1 .. n_users.
    n_items : int, default 300
        Films, >= 10; ids are 1 .. n_items. Films that nobody watched are not in the data.

    Returns
    -------
    MovieBundle
        Weights are ratings from 1 to 5. Item features are genres and decades; the user feature is the
        favourite genre. ``.tastes`` has the planted truth.

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.datasets.make_movies(rng=1, n_users=100, n_items=50)
    >>> data.dataset.n_users
    100
    >>> data.titles[1]
    'Distant Lantern (1979)'
    """
    n_users = check_int("n_users", n_users, low=1)
    n_items = check_int("n_items", n_items, low=10, remedy="Fewer films leave nothing to choose.")
    draw = generator(rng)
    of_genre = _film_genres(n_items, draw)
    titles = _titles(n_items, draw)
    tastes = draw.dirichlet(np.full(len(genres), 0.3), size=n_users)
    liking = _liking(tastes, of_genre)
    rows, cols = _watched(liking, draw)
    raw = Raw(
        user=rows + 1,
        item=cols + 1,
        weight=_ratings(liking[rows, cols], draw),
        time=_times(rows, n_users, draw),
        titles=dict(enumerate(titles, start=1)),
        item_tags=[
            (item, [f"genre={genres[genre]}" for genre in np.flatnonzero(of_genre[item - 1])] + decade(title))
            for item, title in enumerate(titles, start=1)
        ],
        user_tags=[
            (user, [f"favourite={genres[genre]}"])
            for user, genre in enumerate(tastes.argmax(axis=1).tolist(), start=1)
        ],
    )
    watched = raw.keep(np.ones(len(rows), dtype=bool))  # drops the titles of films that nobody watched
    made = bundle("Made-up films", watched, licence="Free of any terms.", source="Made up, not downloaded.")
    return MovieBundle(**vars(made), tastes=tastes)


def _film_genres(n_items: int, draw: np.random.Generator) -> np.ndarray:
    """Return films x genres, True where a film has the genre: one to three each, some genres commoner."""
    commonness = np.log(draw.dirichlet(np.full(len(genres), 5.0)))
    order = np.argsort(-(commonness + draw.gumbel(size=(n_items, len(genres)))), axis=1)
    how_many = draw.choice([1, 2, 3], p=[0.5, 0.35, 0.15], size=n_items)
    of_genre = np.zeros((n_items, len(genres)), dtype=bool)
    np.put_along_axis(of_genre, order, np.arange(len(genres)) < how_many[:, None], axis=1)
    return of_genre


def _titles(n_items: int, draw: np.random.Generator) -> list[str]:
    """Return distinct titles with years; beyond 1,600 films they become sequels."""
    pairs = draw.permutation(len(_first) * len(_second))
    years = draw.integers(1950, 2020, size=n_items).tolist()
    titles = []
    for number, year in enumerate(years):
        sequel, place = divmod(number, len(pairs))
        first, second = divmod(int(pairs[place]), len(_second))
        titles.append(f"{_first[first]} {_second[second]}{f' {sequel + 1}' if sequel else ''} ({year})")
    return titles


def _liking(tastes: np.ndarray, of_genre: np.ndarray) -> np.ndarray:
    """Return viewers x films: the mean liking of a film's genres, above a floor of curiosity."""
    liking: np.ndarray = 0.01 + tastes @ (of_genre / of_genre.sum(axis=1, keepdims=True)).T
    return liking


def _watched(liking: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return (viewers, films) of all views.

    Whoever draws a waiting time per film, at a rate equal to its chance, and takes the films that come first,
    draws without replacement.
    """
    n_users, n_items = liking.shape
    popularity = draw.lognormal(sigma=1.2, size=n_items)
    lengths = np.rint(draw.lognormal(mean=3.0, sigma=0.7, size=n_users))
    how_many = np.clip(lengths, 5, n_items // 2).astype(np.int64)
    most = int(how_many.max())
    step = max(1, _block // n_items)
    chosen = []
    for start in range(0, n_users, step):
        rates = liking[start : start + step] * popularity
        waits = draw.standard_exponential(rates.shape, dtype=np.float32) / rates
        first = np.argpartition(waits, most - 1, axis=1)[:, :most]
        in_order = np.argsort(np.take_along_axis(waits, first, axis=1), axis=1)
        first = np.take_along_axis(first, in_order, axis=1)
        chosen.append(first[np.arange(most) < how_many[start : start + step, None]])
    return np.repeat(np.arange(n_users), how_many), np.concatenate(chosen)


def _ratings(liking: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    noisy = 3.0 + 4.0 * (liking - liking.mean()) + draw.normal(scale=0.7, size=len(liking))
    ratings: np.ndarray = np.clip(np.rint(noisy), 1.0, 5.0)
    return ratings


def _times(rows: np.ndarray, n_users: int, draw: np.random.Generator) -> np.ndarray:
    stay = draw.uniform(0.1, 1.0, size=n_users) * _longest_stay
    arrival = _start + draw.uniform(size=n_users) * (_span - stay)
    times: np.ndarray = np.floor(arrival[rows] + draw.uniform(size=len(rows)) * stay[rows])
    return times
