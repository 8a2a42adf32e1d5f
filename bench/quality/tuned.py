"""What the search found: tuned.json, by case, row and mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "tuned.json"
#: On what the parameters were searched: a part of train, or the test part as in the published tables.
MODES = ("validation", "test")

Tuned = dict[str, dict[str, dict[str, Any]]]


def read() -> Tuned:
    """Return the whole file; empty where there is none."""
    found: Tuned = json.loads(PATH.read_text()) if PATH.exists() else {}
    return found


@contextmanager
def editing() -> Iterator[Tuned]:
    """Give the file's content, and write it when the block ends."""
    tuned = read()
    yield tuned
    PATH.write_text(json.dumps(tuned, indent=1) + "\n")
