"""The demo, as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

demo = Path(__file__).parents[2] / "examples" / "demo.py"


@pytest.mark.data
def test_the_demo_runs_without_a_warning_and_fits_the_screen():
    command = [sys.executable, "-X", "utf8", "-W", "error", demo]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=110)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= 110
    measured = [line.split("  ")[0] for line in lines if line.count(" ±") == 4]
    assert measured == ["popular", "cosine", "tfidf", "bm25", "random walk", "svd", "als"]
    assert sum(line.startswith("Viewer ") for line in lines) == 2
    assert sum(line.startswith("Films like ") for line in lines) == 3
    (named,) = (line for line in lines if line.startswith("Of the 50 viewers that it names"))
    hits, share = re.search(r"names, (\d+) did watch the film; of all viewers (\d+)%", named).groups()
    assert int(hits) / 50 > 1.5 * int(share) / 100
    assert any(line.startswith("genre=Thriller") for line in lines)
