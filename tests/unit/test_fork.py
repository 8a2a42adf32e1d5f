"""multiprocessing's fork after threads have run: an OpenMP pool does not survive it, our calls must."""

from __future__ import annotations

import subprocess
import sys

import pytest

_script = """
import multiprocessing
import numpy as np
from tastemaker.retrieval import DenseScorer

rng = np.random.default_rng(1)
scorer = DenseScorer(rng.normal(size=(3000, 32)).astype(np.float32))
queries = rng.normal(size=(400, 32)).astype(np.float32)

def top(threads):
    return scorer.topn(queries, 10, threads=threads)[0]

if __name__ == "__main__":
    before = top(3)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for child in pool.map(top, [1, 3, 7]):
            assert (child == before).all()
    assert (top(3) == before).all()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_kernels_run_in_forked_children(tmp_path):
    script = tmp_path / "fork.py"
    script.write_text(_script)
    subprocess.run([sys.executable, script], check=True, timeout=60)
