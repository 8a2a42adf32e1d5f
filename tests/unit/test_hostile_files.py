"""Model files made to do harm: each is refused as `FormatError`, in memory that the file's size bounds."""

from __future__ import annotations

import gzip
import json
import os
import re
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contract.zoo import interactions, rows_of

import tastemaker as tm
from tastemaker.errors import FormatError

Header = dict[str, Any]


@pytest.fixture(scope="module", name="whole")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a model's file."""
    path = tmp_path_factory.mktemp("hostile") / "m"
    tm.ALS(factors=4, epochs=1, rng=0).fit(tm.Dataset.from_tuples(rows_of(interactions()))).save(path)
    return path.read_bytes()


def parted(whole: bytes) -> tuple[Header, bytes]:
    length = int.from_bytes(whole[:8], "little")
    return json.loads(whole[8 : 8 + length]), whole[8 + length :]


def joined(header: str, data: bytes) -> bytes:
    text = header.encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def check_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=re.escape(str(path))):
            tm.load(path)
        with suppress(FormatError):  # inspect reads the header only, and the lie may be about an array
            tm.inspect(path)
        assert tracemalloc.get_traced_memory()[1] < 2 * len(content) + 2e6
    finally:
        tracemalloc.stop()


def arrays(header: Header) -> list[str]:
    return [name for name in header if name != "__metadata__"]


def stretch(to: int) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        entry = header[arrays(header)[0]]
        entry["shape"][0] = to

    return change


def move_end(to: int) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        header[arrays(header)[-1]]["data_offsets"][1] = to

    return change


def overlap(header: Header) -> None:
    first, second = sorted(arrays(header), key=lambda name: header[name]["data_offsets"])[:2]
    header[second]["data_offsets"] = header[first]["data_offsets"]


def retype(dtype: Any) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        for name in arrays(header):
            header[name]["dtype"] = dtype

    return change


def swap_names(header: Header) -> None:
    one, other = arrays(header)[:2]
    header[one], header[other] = header[other], header[one]


LIES = {
    "a shape of 2^63": stretch(2**63),
    "a shape of 2^62": stretch(2**62),
    "a negative shape": stretch(-1),
    "an end at 2^63": move_end(2**63),
    "an end at 2^64 - 1": move_end(2**64 - 1),
    "a negative end": move_end(-8),
    "overlapping tensors": overlap,
    "bytes for floats": retype("U8"),
    "half precision": retype("F16"),
    "a dtype that is none": retype("PICKLE"),
    "a dtype that is a number": retype(3),
    "arrays that changed places": swap_names,
    "no arrays": lambda header: [header.pop(name) for name in arrays(header)],
    "an offset that is text": lambda header: header[arrays(header)[0]].update(data_offsets=["0", "8"]),
    "a shape that nests": lambda header: header[arrays(header)[0]].update(shape=[[1]]),
    "no offsets": lambda header: header[arrays(header)[0]].pop("data_offsets"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies(whole, lie, tmp_path):
    header, data = parted(whole)
    LIES[lie](header)
    check_refused(tmp_path / "m", joined(json.dumps(header), data))


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 2**31, 10**9, 0])
def test_a_length_of_the_header_that_lies(whole, length, tmp_path):
    check_refused(tmp_path / "m", length.to_bytes(8, "little") + whole[8:])


def test_an_array_that_comes_twice(whole, tmp_path):
    header, data = parted(whole)
    name = arrays(header)[0]
    twice = f"{json.dumps(header)[:-1]}, {json.dumps(name)}: {json.dumps(header[name] | {'shape': [1]})}}}"
    check_refused(tmp_path / "m", joined(twice, data))


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"__metadata__":{"tastemaker":"[['])
def test_json_that_nests_deep(opening, tmp_path):
    check_refused(tmp_path / "m", joined(opening * 100_000, b""))


def test_cuts_at_every_byte_of_the_header_and_at_random_places(whole, tmp_path, rng: np.random.Generator):
    start = 8 + int.from_bytes(whole[:8], "little")
    path = tmp_path / "m"
    path.write_bytes(whole)
    for cut in [*sorted(rng.integers(start + 1, len(whole), 200), reverse=True), *range(start, -1, -1)]:
        os.truncate(path, cut)
        with pytest.raises(FormatError):
            tm.load(path)


def test_a_compressed_bomb_is_no_model(tmp_path):
    bomb = gzip.compress(bytes(50_000_000))
    check_refused(tmp_path / "m.gz", bomb)
