"""`import tastemaker` is quick and pulls in nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys

import tastemaker

_timed = """
import time
import numpy, scipy.sparse
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def milliseconds(statement: str) -> float:
    # The quickest of five: the others measure what else the machine was doing.
    return 1000 * min(float(python(_timed.format(statement=statement))) for _ in range(5))


def test_the_import_takes_less_than_150_ms_beyond_numpy_and_scipy():
    assert milliseconds("import tastemaker") < 150


def test_the_core_and_its_settings_take_less_than_150_ms():
    assert milliseconds("import tastemaker; tastemaker.num_threads()") < 150


def test_the_import_leaves_optional_and_slow_libraries_alone():
    loaded = python("import sys, tastemaker; print(*{name.split('.')[0] for name in sys.modules})").split()
    assert not {"pandas", "polars", "pyarrow", "duckdb", "sklearn", "narwhals", "tqdm", "pooch"} & set(loaded)


def test_the_import_leaves_the_facades_alone():
    assert python("import sys, tastemaker; print('tastemaker.compat' in sys.modules)") == "False\n"


def test_every_public_name_can_be_reached_and_is_listed():
    for name in tastemaker.__all__:
        assert getattr(tastemaker, name) is not None
    assert set(tastemaker.__all__) == set(dir(tastemaker))


def test_a_name_that_is_not_there_is_an_attribute_error():
    assert not hasattr(tastemaker, "no_such_name")
