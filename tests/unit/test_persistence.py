"""Model files that are cut, damaged, hostile or in the wrong place."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from safetensors.numpy import load_file, save_file

import tastemaker as tm
from tastemaker.errors import ArgumentTypeError, FileError, FormatError, NotFittedError


@pytest.fixture
def path(tmp_path, rng):
    matrix = sp.random_array((20, 12), density=0.3, rng=rng, format="csr", dtype=np.float32)
    path = tmp_path / "model.safetensors"
    tm.ALS(factors=4, epochs=1, rng=0).fit(matrix).save(path)
    return path


def rewrite(path, *, header=None, arrays=None):
    """Write the file again with changed metadata or arrays; both are functions of the old."""
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    facts = json.loads(json.loads(raw[8 : 8 + length])["__metadata__"]["tastemaker"])
    tensors = load_file(path)
    facts = header(facts) if header else facts
    tensors = arrays(tensors) if arrays else tensors
    save_file(tensors, path, metadata={"tastemaker": json.dumps(facts)})


def test_a_file_cut_anywhere_is_refused(path):
    raw = path.read_bytes()
    for size in [*range(0, 64), *range(64, len(raw), 97)]:
        path.write_bytes(raw[:size])
        with pytest.raises(FormatError):
            tm.load(path)


def test_flipped_bits_never_crash(path, rng):
    raw = path.read_bytes()
    for at in rng.integers(0, len(raw), 300):
        damaged = bytearray(raw)
        damaged[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            tm.load(path).recommend(n=3)
        except FormatError:
            pass
        except Warning:  # a flipped bit in an array may leave a user without interactions
            pass


@pytest.mark.parametrize(
    "text", [b"", b"not a model", b"\x00" * 100, b"\xff" * 64, b"PK\x03\x04" + b"0" * 100]
)
def test_what_is_no_model_is_refused(path, text):
    path.write_bytes(text)
    with pytest.raises(FormatError, match=r"model\.safetensors is"):
        tm.load(path)


def test_a_safetensors_file_of_somebody_else_is_refused(path):
    save_file({"weight": np.zeros(3, np.float32)}, path)
    with pytest.raises(FormatError, match="is no model of tastemaker"):
        tm.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "has format version 99; this tastemaker reads up to 1. Upgrade it."),
        ({"format": "1"}, "format version is missing"),
        ({"extra": 1}, "unknown or missing keys: 'extra'"),
        ({"model": {"model": "os.system", "params": {}}}, "`model` must be one of"),
        ({"model": {"model": "ALS", "params": {"colour": 1}}}, "no argument `colour`"),
        ({"model": {"model": "ALS", "params": {"factors": -1}}}, "`factors`"),
        ({"model": {"model": "SVD", "params": {}}}, "array '.*' is missing"),
        ({"shape": [20, 13]}, "array"),
        ({"shape": [20]}, "damaged"),
        ({"shape": [-1, 12]}, "a size must be an int"),
        ({"shape": [2**40, 12]}, "a size must be an int"),
        ({"ids": {"users": "int", "items": None}}, "array 'users_' is missing"),
        ({"ids": {"users": "pickle", "items": None}}, "the kind of 'users_' must be"),
        ({"frame": "excel"}, "the kind of frame must be one of"),
        ({"training": []}, "damaged"),
    ],
)
def test_a_header_that_lies_is_refused_in_a_sentence(path, change, message):
    rewrite(path, header=lambda facts: facts | change)
    with pytest.raises(FormatError, match=message):
        tm.load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a | {"user_factors_": a["user_factors_"][:-1]},
        lambda a: a | {"user_factors_": a["user_factors_"][:, :-1]},
        lambda a: a | {"user_factors_": a["user_factors_"].astype(np.float64)},
        lambda a: a | {"user_factors_": a["user_factors_"].ravel()},
        lambda a: a | {"intruder": np.zeros(3, np.float32)},
        lambda a: {name: array for name, array in a.items() if name != "seen_.indptr"},
        lambda a: a | {"seen_.indices": a["seen_.indices"] + 5},
        lambda a: a | {"seen_.indices": a["seen_.indices"].astype(np.float32)},
        lambda a: a | {"seen_.indptr": a["seen_.indptr"][::-1]},
        lambda a: a | {"seen_.data": np.full_like(a["seen_.data"], np.nan)},
        lambda a: a | {"seen_.data": a["seen_.data"][:-1]},
    ],
)
def test_arrays_that_do_not_fit_are_refused(path, change):
    rewrite(path, arrays=lambda tensors: {k: np.ascontiguousarray(v) for k, v in change(tensors).items()})
    with pytest.raises(FormatError):
        tm.load(path)


def test_a_deeply_nested_header_is_refused(path):
    nested = b"[" * 200_000
    path.write_bytes(struct.pack("<Q", len(nested)) + nested)
    with pytest.raises(FormatError):
        tm.load(path)


def test_inspect_reads_the_header_only(path):
    facts = tm.inspect(path)
    assert facts["model"]["model"] == "ALS"
    assert facts["training"]["history"][0]["epoch"] == 1
    raw = path.read_bytes()
    path.write_bytes(raw[: 8 + struct.unpack("<Q", raw[:8])[0]])
    assert tm.inspect(path) == facts


def test_the_arrays_stay_in_the_file(path):
    model = tm.load(path)
    for array in (model.user_factors_, model.item_factors_, model.seen_.data, model.seen_.indices):
        owner = array
        while owner.base is not None and not isinstance(owner, np.memmap):
            owner = owner.base
        assert isinstance(owner, np.memmap)
        assert not array.flags.writeable


def test_saving_needs_a_fitted_model(tmp_path):
    with pytest.raises(NotFittedError):
        tm.ALS().save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(path, tmp_path):
    model = tm.load(path)
    with pytest.raises(FileError, match=r"missing/m cannot be written \(No such file"):
        model.save(tmp_path / "missing" / "m")
    with pytest.raises(FileError, match="cannot be written"):
        model.save(tmp_path)


def test_a_failed_save_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()
    model = tm.load(path)

    def fail(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FileError, match="No space left on device"):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match="nothing cannot be read"):
        tm.load(tmp_path / "nothing")
    with pytest.raises(FileError):
        tm.load(tmp_path)


def test_notes_go_into_the_header(path):
    model = tm.load(path)
    model.save(path, notes={"metrics": {"ndcg@10": 0.25}, "commit": "abc"})
    assert tm.inspect(path)["notes"] == {"metrics": {"ndcg@10": 0.25}, "commit": "abc"}
    model.save(path)
    assert tm.inspect(path)["notes"] == {}


@pytest.mark.parametrize("notes", [{"a": np.zeros(2)}, {"a": float("nan")}, [1], "text", 3])
def test_notes_that_json_cannot_hold_are_refused(path, notes):
    before = path.read_bytes()
    with pytest.raises(ArgumentTypeError, match="`notes` must be a mapping that JSON can hold"):
        tm.load(path).save(path, notes=notes)
    assert path.read_bytes() == before


def test_the_fingerprint_is_of_the_interactions(path, tmp_path):
    model = tm.load(path)
    other = tm.SVD(factors=2).fit(model.seen_)
    other.save(tmp_path / "other")
    assert tm.inspect(tmp_path / "other")["data"] == tm.inspect(path)["data"]
    changed = model.seen_.copy()
    changed.data[0] += 1
    tm.SVD(factors=2).fit(changed).save(tmp_path / "other")
    assert tm.inspect(tmp_path / "other")["data"]["fingerprint"] != tm.inspect(path)["data"]["fingerprint"]


_large = """
import pathlib, sys
import numpy as np, scipy.sparse as sp
import tastemaker as tm

def anonymous(peak=False):
    lines = dict(line.split(":") for line in pathlib.Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM" if peak else "RssAnon"].split()[0]) * 1024

users, path = 500_000, pathlib.Path(sys.argv[1])
matrix = sp.csr_array((np.ones(users, np.float32), (np.arange(users), np.arange(users) % 100)))
model = tm.ALS(factors=128, epochs=1, rng=0).fit(matrix)
pathlib.Path("/proc/self/clear_refs").write_text("5")
before = anonymous(peak=True)
model.save(path)
written = anonymous(peak=True) - before
before = anonymous()
loaded = tm.load(path)
loaded.recommend([0, 7], n=3)
print(path.stat().st_size, written, anonymous() - before)
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="reads memory from Linux' /proc")
def test_a_large_model_is_written_and_mapped_without_a_second_copy(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", _large, str(tmp_path / "m")], check=True, capture_output=True, text=True
    )
    size, written, mapped = map(int, run.stdout.split())
    assert size > 250e6
    assert written < size / 8
    assert mapped < size / 8
