"""Readers of public file formats: small files made here, then the same files broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from tastemaker.datasets import _citeulike, _gowalla, _lastfm, _movielens_files
from tastemaker.datasets._bundle import to_dataset
from tastemaker.datasets._parse import read_columns, read_csv, read_lists, read_rows
from tastemaker.datasets._raw import Known, Raw, decade, digest
from tastemaker.errors import DataError, MissingLibraryError

flags = "|".join("1" if genre in ("Action", "Crime") else "0" for genre in _movielens_files._genres_100k)

folders: dict[str, dict[str, str | bytes]] = {
    "100k": {
        "u.data": "2\t1\t5\t874965758\n1\t1\t3\t874965759\n",
        "u.item": f"1|Café Heat (1995)|01-Jan-1995||http://x|{flags}\n".encode("latin-1"),
        "u.user": "1|24|M|technician|85711\n2|53|F|other|94043\n",
    },
    "100k_atomic": {
        "ml-100k.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
        "2\t1\t5\t874965758\n1\t1\t3\t874965759\n",
        "ml-100k.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        "1\tCafé Heat\t1995\tAction Crime\n",
        "ml-100k.user": "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
        "1\t24\tM\ttechnician\t85711\n2\t53\tF\tother\t94043\n",
    },
    "1m": {
        "ratings.dat": "2::1::5::874965758\n1::1::3::874965759\n",
        "movies.dat": "1::Café Heat (1995)::Action|Crime\n9::Unrated (1990)::Drama\n".encode("latin-1"),
        "users.dat": "1::M::25::17::85711\n2::F::56::0::94043\n",
    },
    "latest_small": {
        "ratings.csv": "userId,movieId,rating,timestamp\r\n2,1,4.5,874965758\r\n1,1,3.0,874965759\r\n",
        "movies.csv": 'movieId,title,genres\r\n1,"Café, Heat (1995)",Action|Crime\r\n9,None,(no genres listed)\r\n',
    },
    "lastfm": {
        "user_artists.dat": "userID\tartistID\tweight\r\n2\t1\t13883\r\n1\t1\t7\r\n",
        "artists.dat": "id\tname\turl\tpictureURL\n1\tSigur Rós\thttp://x\thttp://y\n",
        "tags.dat": "tagID\ttagValue\r\n1\tpost-rock\r\n".encode("latin-1"),
        "user_taggedartists.dat": "userID\tartistID\ttagID\tday\tmonth\tyear\r\n"
        "2\t1\t1\t1\t4\t2009\r\n1\t1\t1\t2\t4\t2009\r\n",
    },
    "citeulike": {"users.dat": "2 0 1\n1 1\n", "item-tag.dat": "1 0\n2 0 1\n", "tags.dat": "network\nreview"},
    "gowalla": {"train.txt": "0 0 1\n1 1\n", "test.txt": "0 2\n1 0\n"},
}

readers: dict[str, Callable[[Path], Raw]] = {
    "100k": _movielens_files.read_100k,
    "100k_atomic": _movielens_files.read_100k_atomic,
    "1m": _movielens_files.read_1m,
    "latest_small": _movielens_files.read_latest_small,
    "lastfm": _lastfm._read,
    "citeulike": _citeulike._read,
    "gowalla": _gowalla._read_text,
}


def put(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.mark.parametrize("name", ["100k", "100k_atomic", "1m"])
def test_ratings_titles_and_features_of_films(name: str, tmp_path: Path) -> None:
    raw = readers[name](put(tmp_path, folders[name]))
    assert raw.user.tolist() == [2, 1]
    assert raw.weight is not None
    assert raw.weight.tolist() == [5.0, 3.0]
    assert raw.titles == {1: "Café Heat (1995)"}
    assert raw.item_tags == [(1, ["genre=Action", "genre=Crime", "decade=1990s"])]
    ages = ["25-34", "56+"] if name == "1m" else ["20s", "50s"]
    work = ["technician/engineer", "other"] if name == "1m" else ["technician", "other"]
    assert raw.user_tags == [
        (1, ["gender=M", f"age={ages[0]}", f"occupation={work[0]}"]),
        (2, ["gender=F", f"age={ages[1]}", f"occupation={work[1]}"]),
    ]
    data = to_dataset(raw)
    assert data.times is not None
    assert data.times.tolist() == [874965759.0, 874965758.0]
    assert data.matrix.toarray().tolist() == [[3.0], [5.0]]


def test_latest_small_has_quotes_halves_and_films_without_genre(tmp_path: Path) -> None:
    raw = readers["latest_small"](put(tmp_path, folders["latest_small"]))
    assert raw.titles == {1: "Café, Heat (1995)"}
    assert raw.weight is not None
    assert raw.weight.tolist() == [4.5, 3.0]


def test_lastfm_counts_a_tag_once(tmp_path: Path) -> None:
    raw = readers["lastfm"](put(tmp_path, folders["lastfm"]))
    assert raw.titles == {1: "Sigur Rós"}
    assert raw.item_tags == [(1, ["tag=post-rock"])]


def test_citeulike_counts_from_zero(tmp_path: Path) -> None:
    raw = readers["citeulike"](put(tmp_path, folders["citeulike"]))
    assert (raw.user.tolist(), raw.item.tolist()) == ([0, 0, 1], [0, 1, 1])
    assert raw.item_tags == [(0, ["tag=network"]), (1, ["tag=network", "tag=review"])]


def test_gowalla_text_and_npz_say_the_same(tmp_path: Path) -> None:
    text = readers["gowalla"](put(tmp_path, folders["gowalla"]))
    sp.save_npz(tmp_path / "train.npz", sp.csr_array(np.array([[1, 1, 0], [0, 1, 0]], dtype=np.int8)))
    sp.save_npz(tmp_path / "test.npz", sp.csr_array(np.array([[0, 0, 1], [1, 0, 0]], dtype=np.int8)))
    assert digest(_gowalla._read_npz(tmp_path)) == digest(text)
    assert text.weight is not None
    assert text.weight.tolist() == [1, 1, 1, 2, 2]


broken: list[tuple[str, str, str | bytes, str]] = [
    ("100k", "u.data", "", "holds no rows"),
    ("100k", "u.data", "1\t1\t5\n", "not the file it should be"),
    ("100k", "u.data", "1\t1\t5\t1\t9\n", "not the file it should be"),
    ("100k", "u.data", "1\tx\t5\t1\n", "not the file it should be"),
    ("100k", "u.data", "1\t99999999999999999999\t5\t1\n", "not the file it should be"),
    ("100k", "u.data", b"1\t1\t5\t1\xff\n", "not ascii text"),
    ("100k", "u.data", "-1\t1\t5\t1\n", r"ids must be whole numbers in \[0, 2\^31\)"),
    ("100k", "u.item", "1|Heat|x\n", "line 1: must have 24 cells, got 3"),
    ("100k", "u.item", f"one|Heat|||x|{flags}\n", "must have a whole number here, got 'one'"),
    ("100k", "u.user", "1|24|M\n", "line 1: must have 5 cells"),
    ("100k_atomic", "ml-100k.inter", "user_id:token\n1\n", "must start with the columns"),
    ("100k_atomic", "ml-100k.item", b"\xff\n", "not utf-8 text"),
    ("100k_atomic", "ml-100k.user", "", "must start with the columns"),
    ("1m", "users.dat", "1::M::26::17::85711\n", "unknown age '26'"),
    ("1m", "users.dat", "1::M::25::99::85711\n", "occupation '99'"),
    (
        "latest_small",
        "ratings.csv",
        "user,movieId,rating,timestamp\n1,1,1,1\n",
        "must start with the columns",
    ),
    ("latest_small", "movies.csv", 'movieId,title,genres\n1,"Heat,Crime\n', "not a CSV file"),
    ("latest_small", "movies.csv", "", "must start with the columns"),
    ("lastfm", "artists.dat", "id\tname\n1\tx\n", "must have 4 cells"),
    ("lastfm", "artists.dat", "", "must start with the columns"),
    ("lastfm", "tags.dat", "tag\ttagValue\n", "must start with the columns"),
    ("citeulike", "users.dat", "2 0\n", "line 1: the line says 2 entries and has 1"),
    ("citeulike", "users.dat", "1 0\n\n1 1\n", "line 2: a line starts with its length"),
    ("citeulike", "users.dat", "1 zero\n", "whole numbers only"),
    ("citeulike", "users.dat", "", "ints >= 0, got none"),
    ("citeulike", "item-tag.dat", "1 5\n1 0\n", "has tag 5, but there are 2 tags"),
    ("gowalla", "train.txt", "0 1\n\n", "an empty line"),
    ("gowalla", "test.txt", "0 -1\n", "ints >= 0, got -1"),
]


@pytest.mark.parametrize(("name", "file", "content", "message"), broken)
def test_broken_files_are_refused(
    name: str, file: str, content: str | bytes, message: str, tmp_path: Path
) -> None:
    put(tmp_path, folders[name])
    put(tmp_path, {file: content})
    with pytest.raises(DataError, match=message):
        readers[name](tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip"])
def test_a_broken_npz_is_refused(content: bytes, tmp_path: Path) -> None:
    put(tmp_path, {"train.npz": content, "test.npz": content})
    with pytest.raises(DataError, match="not a sparse matrix in a file"):
        _gowalla._read_npz(tmp_path)


def test_an_npz_may_not_hold_objects(tmp_path: Path) -> None:
    with (tmp_path / "train.npz").open("wb") as file:
        np.savez(file, format=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="not a sparse matrix in a file"):
        _gowalla._read_npz(tmp_path)


class TestParquet:
    """ml-1m with its ratings as parquet, where -1 means that the time is unknown."""

    def folder(self, path: Path, **changes: object) -> Path:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns: dict[str, object] = {
            "user_id": [2, 1],
            "item_id": [1, 1],
            "rating": [5, 3],
            "timestamp": [-1, 99],
        }
        put(path, {name: content for name, content in folders["1m"].items() if name != "ratings.dat"})
        pq.write_table(pa.table(columns | changes), path / "ratings.parquet")
        return path

    @pytest.mark.parametrize("missing", ["", "pyarrow"])
    def test_unknown_times_are_nan(
        self, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.folder(tmp_path)
        monkeypatch.setattr(_movielens_files, "find_spec", lambda name: None if name == missing else name)
        raw = _movielens_files.read_1m_parquet(tmp_path)
        assert raw.time is not None
        np.testing.assert_array_equal(raw.time, [np.nan, 99.0])
        assert to_dataset(raw).times is None

    def test_no_library_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder(tmp_path)
        monkeypatch.setattr(_movielens_files, "find_spec", lambda name: None)
        with pytest.raises(MissingLibraryError, match=r"pip install \"tastemaker\[io\]\""):
            _movielens_files.read_1m_parquet(tmp_path)

    def test_text_and_other_columns_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="whole numbers in 'rating'"):
            _movielens_files.read_1m_parquet(self.folder(tmp_path, rating=["5", "3"]))
        with pytest.raises(DataError, match="must start with the columns"):
            _movielens_files.read_1m_parquet(self.folder(tmp_path, extra=[1, 2]))

    def test_a_damaged_file_is_refused(self, tmp_path: Path) -> None:
        self.folder(tmp_path)
        (tmp_path / "ratings.parquet").write_bytes(b"PAR1 no more")
        with pytest.raises(DataError, match="not a parquet file"):
            _movielens_files.read_1m_parquet(tmp_path)


def test_known_counts_and_content() -> None:
    raw = Raw(np.array([1, 1, 2]), np.array([5, 6, 5]), np.array([1.0, 2.0, 3.0]))
    Known(2, 2, 3, digest(raw)).check(raw)
    shuffled = Raw(raw.user[::-1], raw.item[::-1], np.array([3.0, 2.0, 1.0]))
    Known(2, 2, 3, digest(raw)).check(shuffled)
    for known, message in [
        (Known(2, 2, 4), "must have 4 interactions, got 3"),
        (Known(3, 2, 3), "must have 3 users, got 2"),
        (Known(2, 3, 3), "must have 3 items, got 2"),
        (Known(2, 2, 3, "0" * 64), "not the published ones"),
    ]:
        with pytest.raises(DataError, match=message):
            known.check(raw)


def test_a_pair_given_twice_is_refused() -> None:
    with pytest.raises(DataError, match="same pair"):
        to_dataset(Raw(np.array([1, 2, 1]), np.array([5, 5, 5])))


@pytest.mark.parametrize(
    ("title", "features"), [("Heat (1995)", ["decade=1990s"]), ("Heat", []), ("1995", [])]
)
def test_decade(title: str, features: list[str]) -> None:
    assert decade(title) == features


def test_lines_end_at_newlines_only(tmp_path: Path) -> None:
    path = put(tmp_path, {"x": "1|a\x85b\r\n2|c\n".encode("latin-1")}) / "x"
    assert read_rows(path, "|", 2, "latin-1") == [["1", "a\x85b"], ["2", "c"]]


def test_the_last_line_may_lack_its_end(tmp_path: Path) -> None:
    path = put(tmp_path, {"x": "1,2\n3,4", "csv": 'a,b\n"x,y",z', "lists": "1 5\n0\n2 6 7"}) / "x"
    assert read_columns(path, [("a", "i8"), ("b", "i8")], ",")["b"].tolist() == [2, 4]
    assert read_csv(tmp_path / "csv", ["a", "b"]) == [["x,y", "z"]]
    lengths, values = read_lists(tmp_path / "lists", counted=True)
    assert (lengths.tolist(), values.tolist()) == ([1, 0, 2], [5, 6, 7])
