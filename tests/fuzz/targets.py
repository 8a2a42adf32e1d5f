"""The targets by name: each takes any bytes and raises only when something is wrong with the library."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from tests.fuzz.commands import command_line
from tests.fuzz.matrices import matrix_at_the_door, views_of_the_core
from tests.fuzz.modelfiles import model_file
from tests.fuzz.tables import csv_rows, features, parquet_rows

Target = Callable[[bytes], None]


def _quiet(target: Target) -> Target:
    def run(data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target(data)

    return run


TARGETS: dict[str, Target] = {
    "matrix": _quiet(matrix_at_the_door),
    "core": _quiet(views_of_the_core),
    "features": _quiet(features),
    "model": _quiet(model_file),
    "csv": _quiet(csv_rows),
    "parquet": _quiet(parquet_rows),
    "command": _quiet(command_line),
}
