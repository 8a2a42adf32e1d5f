"""The made-up films: repeatable, complete, and with tastes that can be found."""

from __future__ import annotations

import numpy as np
import pytest

from tastemaker.datasets import make_movies
from tastemaker.datasets._movies import genres
from tastemaker.errors import ArgumentError, ArgumentTypeError


def test_a_seed_gives_the_same_films_and_views() -> None:
    one, two, other = (make_movies(rng=seed, n_users=50, n_items=40) for seed in (7, 7, 8))
    assert (one.dataset.matrix != two.dataset.matrix).nnz == 0
    np.testing.assert_array_equal(one.dataset.times, two.dataset.times)
    assert one.titles == two.titles
    assert one.titles != other.titles


@pytest.mark.parametrize(("n_users", "n_items"), [(1, 10), (30, 10), (200, 2000)])
def test_everything_has_its_name_and_its_place(n_users: int, n_items: int) -> None:
    bundle = make_movies(rng=1, n_users=n_users, n_items=n_items)
    data = bundle.dataset
    assert list(data.users) == list(range(1, n_users + 1))
    assert set(bundle.titles) == set(data.items)
    assert len(set(bundle.titles.values())) == len(bundle.titles)
    assert bundle.tastes.shape == (n_users, len(genres))
    assert (np.diff(data.matrix.indptr) >= 5).all()
    assert (np.diff(data.matrix.indptr) <= max(5, n_items // 2)).all()
    assert set(np.unique(data.matrix.data)) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert data.item_features is not None
    assert data.user_features is not None
    assert data.times is not None
    assert np.datetime64("2020-01-01") <= np.datetime64(int(data.times.min()), "s")
    assert np.datetime64(int(data.times.max()), "s") <= np.datetime64("2023-01-01")


def test_views_and_ratings_follow_the_planted_tastes() -> None:
    bundle = make_movies(rng=1, n_users=300, n_items=100)
    data = bundle.dataset
    assert data.item_features is not None
    names = [f"genre={genre}" for genre in bundle.genres]
    columns = [data.item_features.names.index(name) for name in names]
    of_genre = data.item_features.metadata[:, columns].toarray()
    liking = bundle.tastes @ (of_genre / of_genre.sum(axis=1, keepdims=True)).T
    coo = data.matrix.tocoo()
    watched = liking[coo.row, coo.col]
    assert watched.mean() > 1.5 * liking.mean()
    assert np.corrcoef(watched, coo.data)[0, 1] > 0.4


def test_blocks_of_viewers_change_nothing_that_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tastemaker.datasets._movies._block", 100)
    data = make_movies(rng=1, n_users=50, n_items=40).dataset
    assert data.n_users == 50
    assert (np.diff(data.matrix.indptr) >= 5).all()


def test_arguments_are_checked() -> None:
    with pytest.raises(ArgumentError, match="`n_users` must be an int >= 1, got 0"):
        make_movies(n_users=0)
    with pytest.raises(ArgumentError, match="`n_items` must be an int >= 10, got 9"):
        make_movies(n_items=9)
    with pytest.raises(ArgumentTypeError, match="`seed` -> `rng`"):
        make_movies(seed=1)  # type: ignore[call-arg]
