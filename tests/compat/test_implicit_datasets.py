"""Data sets in implicit's shape: from its cache, and MovieLens from ours."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.sparse as sp

from tastemaker import datasets
from tastemaker.compat.implicit.datasets import (
    _download,
    lastfm,
    million_song_dataset,
    movielens,
    reddit,
    sketchfab,
)
from tastemaker.errors import ArgumentError, FileError, FormatError, MissingLibraryError, UnsupportedError

ITEMS_BY_USERS = sp.csr_matrix(np.array([[1.0, 0, 2], [0, 3, 0]], dtype=np.float32))
FILES = {
    "lastfm_360k.hdf5": (lastfm.get_lastfm, "artist_user_plays", {"artist": 2, "user": 3}),
    "msd_taste_profile.hdf5": (
        million_song_dataset.get_msd_taste_profile,
        "track_user_plays",
        {"track": 2, "user": 3},
    ),
    "reddit.hdf5": (reddit.get_reddit, "item_user_ratings", {}),
    "sketchfab.hdf5": (sketchfab.get_sketchfab, "item_user_likes", {"item": 2, "user": 3}),
    "movielens_20m.hdf5": (movielens.get_movielens, "movie_user_ratings", {"movie": 2}),
}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(_download, "LOCAL_CACHE_DIR", str(tmp_path))
    return tmp_path


def write(path, matrix, labels, **changes):
    h5py = pytest.importorskip("h5py", reason="needs h5py")
    with h5py.File(path, "w") as file:
        for part in ("data", "indices", "indptr"):
            file[f"{matrix}/{part}"] = changes.get(part, getattr(ITEMS_BY_USERS, part))
        for label, count in labels.items():
            file[label] = [f"{label} {i}" for i in range(count)]


@pytest.mark.parametrize("name", FILES)
def test_files_in_the_cache_are_read(name, cache):
    get, matrix, labels = FILES[name]
    write(cache / name, matrix, labels)
    *names, got = (get(),) if name == "reddit.hdf5" else get()
    assert isinstance(got, sp.csr_matrix)
    assert (got != ITEMS_BY_USERS).nnz == 0
    for array, (label, count) in zip(names, labels.items(), strict=True):
        assert array.tolist() == [f"{label} {i}" for i in range(count)]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named_with_its_address(name, cache):
    with pytest.raises(FileError, match=rf"{name} is not there. Download https://.*{name}"):
        FILES[name][0]()


def test_damaged_files_are_refused(cache):
    (cache / "reddit.hdf5").write_text("no")
    pytest.importorskip("h5py", reason="needs h5py")
    with pytest.raises(FormatError, match="is damaged"):
        reddit.get_reddit()
    write(cache / "reddit.hdf5", "something_else", {})
    with pytest.raises(FormatError, match="is damaged"):
        reddit.get_reddit()
    write(cache / "reddit.hdf5", "item_user_ratings", {}, indptr=[0, 9, 3])
    with pytest.raises((FormatError, ValueError)):
        reddit.get_reddit()


def test_h5py_must_be_installed(cache, monkeypatch):
    (cache / "reddit.hdf5").touch()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingLibraryError, match="pip install h5py"):
        reddit.get_reddit()


@pytest.mark.parametrize("variant", ["100k", "1m"])
def test_movielens_is_films_by_users_with_the_ids_as_places(variant, monkeypatch):
    films = datasets.make_movies(rng=0)
    asked = []
    monkeypatch.setattr(datasets, "movielens", lambda size: asked.append(size) or films)
    titles, ratings = movielens.get_movielens(variant)
    assert asked == [variant]
    data = films.dataset
    user, item = data.users.ids[3], data.items.ids[data.matrix[[3]].indices[0]]
    assert ratings[item, user] == data.matrix[[3]].data[0]
    assert titles[item] == films.titles[item]
    assert ratings.dtype == np.float32
    assert ratings.nnz == data.nnz
    assert len(titles) >= ratings.shape[0]


def test_bad_arguments():
    with pytest.raises(ArgumentError, match="`variant` must be one of"):
        movielens.get_movielens("25m")
    for module in (lastfm, million_song_dataset, movielens, reddit, sketchfab):
        with pytest.raises(UnsupportedError, match="generate_dataset"):
            module.generate_dataset("ratings.csv")
