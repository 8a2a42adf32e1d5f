"""The loaders on the real sets, wherever TASTEMAKER_DATA has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tastemaker import datasets, splits

pytestmark = pytest.mark.data


def need(folder: Path, name: str) -> None:
    if not (folder / name).is_dir():
        pytest.skip(f"TASTEMAKER_DATA has no folder {name}")


def test_movielens_100k(data_dir: Path) -> None:
    need(data_dir, "ml-100k")
    bundle = datasets.movielens("100k", download=False)
    data = bundle.dataset
    assert (data.n_users, data.n_items, data.nnz) == (943, 1682, 100_000)
    assert data.times is not None
    assert bundle.titles[50] == "Star Wars (1977)"
    assert bundle.titles[267] == "unknown"
    assert set(bundle.titles) == set(data.items)
    assert "TASTEMAKER_DATA" in bundle.source
    assert data.user_features is not None
    assert data.item_features is not None
    assert {"gender=F", "age=20s", "occupation=writer"} <= set(data.user_features.names)
    assert {"genre=Film-Noir", "decade=1940s"} <= set(data.item_features.names)


def test_movielens_1m_has_every_rating_or_every_time(data_dir: Path) -> None:
    need(data_dir, "ml-1m")
    bundle = datasets.movielens("1m", download=False)
    assert (bundle.dataset.n_users, bundle.dataset.n_items, bundle.dataset.nnz) == (6040, 3706, 1_000_209)
    known = np.isfinite(bundle.interactions["time"])
    assert (bundle.dataset.times is None) == (not known.all())
    assert ("timed=True" in bundle.source) == (not known.all())
    timed = datasets.movielens("1m", timed=True, download=False).dataset
    assert timed.nnz == known.sum()
    assert timed.times is not None
    assert splits.leave_last(timed).test.nnz == timed.n_users


def test_movielens_latest_small(data_dir: Path) -> None:
    need(data_dir, "ml-latest-small")
    bundle = datasets.movielens("latest-small", download=False)
    assert (bundle.dataset.n_users, bundle.dataset.n_items, bundle.dataset.nnz) == (610, 9724, 100_836)
    assert bundle.titles[1] == "Toy Story (1995)"
    assert set(bundle.titles) == set(bundle.dataset.items)


def test_lastfm_2k(data_dir: Path) -> None:
    need(data_dir, "lastfm-2k")
    bundle = datasets.lastfm_2k(download=False)
    assert (bundle.dataset.n_users, bundle.dataset.n_items, bundle.dataset.nnz) == (1892, 17_632, 92_834)
    assert bundle.titles[1] == "MALICE MIZER"
    assert bundle.dataset.times is None


def test_citeulike_a(data_dir: Path) -> None:
    need(data_dir, "citeulike-a")
    bundle = datasets.citeulike_a(download=False)
    assert (bundle.dataset.n_users, bundle.dataset.n_items, bundle.dataset.nnz) == (5551, 16_980, 204_986)
    assert bundle.dataset.item_features is not None
    assert "tag=network" in bundle.dataset.item_features.names


def test_gowalla(data_dir: Path) -> None:
    need(data_dir, "gowalla")
    split = datasets.gowalla(download=False)
    assert isinstance(split, splits.Split)
    assert (split.train.nnz, split.test.nnz) == (810_128, 217_242)
    assert split.dataset.matrix.shape == (29_858, 40_981)
    assert set(np.unique(split.train.matrix.data)) == {1.0}
    assert (len(split.cold_users), len(split.cold_items)) == (0, 0)
