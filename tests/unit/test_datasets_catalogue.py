"""The list of data sets says what each is and where it would come from."""

from __future__ import annotations

from tastemaker.datasets import catalogue


def test_every_set_has_its_facts():
    entries = catalogue()
    assert {"movielens-100k", "movielens-1m", "lastfm-2k", "citeulike-a", "gowalla"} <= set(entries)
    for name, entry in entries.items():
        assert entry.name == name
        assert min(entry.users, entry.items, entry.interactions) > 0
        assert entry.title
        assert entry.licence
        assert callable(entry.load)


def test_the_place_is_a_folder_where_the_files_are_there(tmp_path, monkeypatch):
    monkeypatch.setenv("TASTEMAKER_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    entry = catalogue()["movielens-latest-small"]
    assert entry.place() == "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip"
    folder = tmp_path / "ml-latest-small"
    folder.mkdir()
    (folder / "ratings.csv").touch()
    assert entry.place().startswith("https://")
    (folder / "movies.csv").touch()
    assert entry.place() == str(folder)
