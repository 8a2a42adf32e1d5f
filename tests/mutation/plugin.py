"""A pytest plugin that imports one module from the file in MUTANT_FILE; the sources stay as they are."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType


class Finder:
    """Finds the module named by MUTANT_MODULE."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != os.environ.get("MUTANT_MODULE"):
            return None
        return importlib.util.spec_from_file_location(name, os.environ["MUTANT_FILE"])


def pytest_load_initial_conftests() -> None:
    sys.meta_path.insert(0, Finder)
