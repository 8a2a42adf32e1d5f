"""Dataset.from_frame, from_file, from_tuples and from_sparse: every source gives the same Dataset."""

from __future__ import annotations

import gzip
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from tests.unit.dataset_frames import check, columns, frame, frames, matrix

import tastemaker as tm
from tastemaker.data import Dataset, IdMap, _files
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, MissingLibraryError


@pytest.fixture(params=frames)
def kind(request):
    return request.param


def test_frames_of_every_library(kind):
    data = Dataset.from_frame(frame(kind))
    check(data)
    assert data.frame == {"polars lazy": "polars", "duckdb": "pyarrow"}.get(kind, kind)
    assert data.columns == {"user": "user_id", "item": "movieId", "weight": "plays", "time": "timestamp"}


def test_tuples():
    data = Dataset.from_tuples(zip(*columns.values(), strict=True))
    check(data)
    assert data.frame is None
    assert data.columns == {"user": "user", "item": "item", "weight": "weight", "time": "time"}


@pytest.mark.parametrize("reader", ["polars", "pyarrow", "pandas"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".tsv.GZ", ".parquet"])
def test_files(tmp_path, reader, suffix):
    if suffix == ".tsv.GZ" and reader != "polars":
        suffix = ".tsv.gz"  # the others tell compression by the lower-case name
    path = tmp_path / f"plays.of.2024{suffix}"
    table = pd.DataFrame(columns)
    if suffix == ".parquet":
        table.to_parquet(path)
    else:
        text = table.to_csv(index=False, sep="\t" if "tsv" in suffix else ",")
        path.write_bytes(gzip.compress(text.encode()) if suffix.lower().endswith("gz") else text.encode())
    data = Dataset.from_file(path, reader=reader)
    check(data)
    assert data.frame == reader
    check(Dataset.from_file(str(path)))


@pytest.mark.parametrize("reader", ["polars", "pandas"])
def test_a_csv_column_may_turn_to_floats_or_text_late(tmp_path, reader):
    path = tmp_path / "late.csv"
    lines = [f"{i},{i},{4 if i < 2999 else 3.5}" for i in range(3000)]
    path.write_text("\n".join(["user,item,weight", *lines, "x7,1,1"]))
    assert Dataset.from_file(path, reader=reader).matrix.sum() == 4 * 2999 + 3.5 + 1


@pytest.mark.parametrize(
    "wrap", [sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix, sp.lil_array, sp.dok_array]
)
def test_sparse_of_every_format(wrap):
    data = Dataset.from_sparse(wrap(np.array(matrix)), users=["u1", "u2"], items=[10, 20, 30])
    np.testing.assert_array_equal(data.matrix.toarray(), matrix)
    assert data.users == IdMap(["u1", "u2"])
    assert data.times is None


def test_sparse_ids_default_to_indices_and_the_matrix_is_copied():
    source = sp.csr_array(np.array(matrix, dtype=np.float32))
    data = Dataset.from_sparse(source)
    source.indices[:] = 0
    source.data[:] = -1
    np.testing.assert_array_equal(data.matrix.toarray(), matrix)
    assert data.items.ids.tolist() == [0, 1, 2]


def test_small_integers_add_up_without_overflow():
    twice = sp.coo_array((np.int8([100, 100]), ([0, 0], [0, 0])), shape=(1, 1))
    assert Dataset.from_sparse(twice).matrix[0, 0] == 200


# --- tuples, sparse, files: wrong input -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([], DataError, "`rows` must have at least one interaction, got none"),
        ([(1,)], DataError, "got one of length 1"),
        ([(1, 2, 3, 4, 5)], DataError, "got one of length 5"),
        ([(1, 2), (1, 2, 3)], DataError, "tuples of one length, got 2 in row 0 and 3 in row 1"),
        (["ab"], DataError, "must hold tuples .*, got 'ab' in row 0"),
        ([(1, 2), {3, 4}], DataError, "in row 1"),
        ("ab", ArgumentTypeError, "must be an iterable of"),
        (5, ArgumentTypeError, r"got 5 \(int\)"),
        ({1: [2]}, ArgumentTypeError, r"\(dict\)"),
        ([(1, 2), ("a", 2)], DataError, r"`user` \(first of each tuple\) must hold ids of one kind"),
        ([(1, 2), (1, None)], DataError, r"`item` \(second of each tuple\).*1 of 2 are missing"),
    ],
)
def test_bad_tuples(rows, error, message):
    with pytest.raises(error, match=message):
        Dataset.from_tuples(rows)


def test_array_rows_are_tuples():
    assert Dataset.from_tuples(np.array([[1, 2], [3, 4]])).n_users == 2


def test_an_empty_frame(kind):
    empty = pd.DataFrame({"user": pd.Series([], dtype="int64"), "item": pd.Series([], dtype="int64")})
    with pytest.raises(DataError, match="`frame` must have at least one interaction, got none"):
        Dataset.from_frame(empty)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        (["a"], DataError, "`users` must have one id per user of the matrix, 2, got 1"),
        (["a", "a"], DataError, "distinct"),
        ("ab", ArgumentTypeError, "must be a sequence of 2 ids, got 'ab'"),
        (2, ArgumentTypeError, "must be a sequence of 2 ids, got 2"),
    ],
)
def test_bad_ids_of_a_matrix(ids, error, message):
    with pytest.raises(error, match=message):
        Dataset.from_sparse(sp.eye_array(2), users=ids)


@pytest.mark.parametrize("value", [np.eye(2), [[1]], pd.DataFrame({"a": [1]}), None], ids=repr)
def test_no_matrix(value):
    with pytest.raises(ArgumentTypeError, match="`matrix` must be"):
        Dataset.from_sparse(value)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("absent.csv", DataError, "there is none at"),
        (
            "ratings.dat",
            ArgumentError,
            "must end in .csv, .tsv, .csv.gz, .tsv.gz or .parquet, got 'ratings.dat'",
        ),
        ("plain", ArgumentError, "must end in"),
        ("x.parquet.gz", ArgumentError, "must end in"),
        ("broken.parquet", DataError, "must be a readable .parquet file"),
    ],
)
def test_bad_files(tmp_path, name, error, message):
    (tmp_path / "broken.parquet").write_text("no parquet")
    with pytest.raises(error, match=message):
        Dataset.from_file(tmp_path / name)


@pytest.mark.parametrize("read", [Dataset.from_file, _files.column_names])
def test_a_panic_of_polars_is_a_fault_of_the_file(tmp_path, monkeypatch, read):
    class PanicException(BaseException):
        pass

    def panic(*_, **__):
        raise PanicException("assertion failed")

    for name in ("read_parquet", "scan_parquet"):
        monkeypatch.setattr(f"narwhals.stable.v2.{name}", panic)
    (tmp_path / "a.parquet").write_bytes(b"")
    with pytest.raises(DataError, match=r"must be a readable \.parquet file.*assertion failed"):
        read(tmp_path / "a.parquet")


def test_bad_path_and_reader(tmp_path):
    with pytest.raises(ArgumentTypeError, match=r"`path` must be a str or a Path, got 3 \(int\)"):
        Dataset.from_file(3)
    (tmp_path / "a.csv").write_text("user,item\n1,2\n")
    with pytest.raises(
        ArgumentError, match="`reader` must be one of 'polars', 'pyarrow', 'pandas', got 'pola'"
    ):
        Dataset.from_file(tmp_path / "a.csv", reader="pola")


def test_without_a_frame_library_files_name_the_extra(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("user,item\n1,2\n")
    monkeypatch.setattr(_files, "find_spec", lambda name: None)
    with pytest.raises(MissingLibraryError, match=r'pip install "tastemaker\[io\]"'):
        Dataset.from_file(tmp_path / "a.csv")


def test_tuples_and_matrices_import_no_frame_library():
    code = (
        "import sys, scipy.sparse as sp, tastemaker as tm\n"
        "tm.Dataset.from_tuples([(1, 2, 3.0, 4)], item_features=[(2, ['a'])]).extend([(1, 3, 1, 5)])\n"
        "tm.Dataset.from_sparse(sp.eye_array(2)).describe()\n"
        "print({'narwhals', 'pandas', 'polars', 'pyarrow'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


@pytest.mark.data
def test_movielens_1m(data_dir):
    data = tm.Dataset.from_file(data_dir / "ml-1m" / "ratings.parquet", weight="rating")
    assert (data.n_users, data.n_items, data.nnz) == (6040, 3706, 1_000_209)
    assert data.matrix.sum(dtype=np.float64) == 3_582_313  # mean 3.581564


def broken(wrap, **arrays):
    """Return a 2 x 2 matrix of ones whose arrays are then replaced, as hand-written code may."""
    matrix = wrap(np.ones((2, 2)))
    for name, values in arrays.items():
        setattr(matrix, name, values if isinstance(values, tuple) else np.array(values))
    return matrix


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (broken(sp.csr_array, indptr=[0, 3, 2]), "never decreases"),
        (broken(sp.csr_array, indptr=[0, 4]), "indptr of 3 positions"),
        (broken(sp.csr_array, indptr=[0.0, np.nan, 4.0]), "indptr of 3 positions"),
        (broken(sp.csr_array, indptr=[0, 2, 9]), "points to 9, past its 4 entries"),
        (broken(sp.csr_array, data=[1.0]), "past its 1 entries"),
        (broken(sp.csr_array, indices=[0, 2, 0, 1]), r"column indices in \[0, 2\), got 2"),
        (broken(sp.csr_array, indices=[0, -1, 0, 1]), "got -1"),
        (broken(sp.csc_array, indices=[0, 7, 0, 1]), "row indices"),
        (broken(sp.csc_array, indptr=[1, 2, 4]), "starts at 0"),
        (broken(sp.coo_array, coords=(np.array([0, 0, 1, 5]), np.array([0, 1, 0, 1]))), "row indices"),
        (broken(sp.coo_array, data=[1.0]), "as many rows and columns as values"),
        (broken(sp.bsr_array, indptr=[0, 900, 4]), "block indices in .* got 900"),
        (sp.csr_array([[np.nan]]), "finite values, got nan"),
        (sp.csr_array([[1j]]), "real numbers, got dtype complex128"),
        (sp.coo_array(np.ones(3)), "2-d"),
        (sp.coo_array(([3e38, 3e38], ([0, 0], [0, 0]))), "must fit float32"),
        (sp.coo_array(([1.0], ([0], [2**31]))), "at most 2147483647"),
    ],
)
def test_broken_matrices(matrix, message):
    with pytest.raises(DataError, match=f"`matrix` .*{message}"):
        Dataset.from_sparse(matrix)


def test_unsorted_and_repeated_entries_become_canonical():
    source = broken(sp.csr_array, indices=[1, 0, 1, 1])
    data = Dataset.from_sparse(source)
    assert data.matrix.toarray().tolist() == [[1, 1], [0, 2]]
    assert data.matrix.has_canonical_format
    assert source.indices.tolist() == [1, 0, 1, 1]
