"""Ctrl-C at random moments of every long call, and memory over many rounds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# An alarm stands for Ctrl-C: both are handlers that raise KeyboardInterrupt wherever Python code is.
INTERRUPTED = """
import json, signal, sys, threading, time
import numpy as np, scipy.sparse as sp
import tastemaker as tm

action, moments, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
signal.signal(signal.SIGALRM, signal.default_int_handler)
rng = np.random.default_rng()
# Each user has some: those without any are warned of, which fails.
rows, cols = np.repeat(np.arange(4000), 15), (2000 * rng.random(60_000) ** 2).astype(int)
X = sp.coo_array((np.ones(60_000, np.float32), (rows, cols)), shape=(4000, 2000)).tocsr()
split = tm.splits.random(X, rng=0)
model = tm.ALS(factors=32, epochs=4, rng=0).fit(split.train, threads=2)
path = f"{folder}/model.safetensors"
model.save(path)
want = model.recommend([3, 4], n=5, output="arrays")

calls = {
    "fit": lambda: model.fit(split.train, threads=2),
    "recommend": lambda: model.recommend(n=10, threads=2),
    "evaluate": lambda: tm.evaluate(model, split, threads=2),
    "save": lambda: model.save(path),
}

def usable(one):
    ids, scores = one.recommend([3, 4], n=5, output="arrays", threads=2)
    assert (ids >= 0).all() and np.isfinite(scores).all()
    if action != "fit":
        np.testing.assert_array_equal(ids, want[0])

whole = []
for _ in range(4):
    started = time.perf_counter()
    calls[action]()
    whole.append(time.perf_counter() - started)
interrupted = 0
for _ in range(moments):
    delay = max(rng.uniform(0, min(whole)), 1e-6)
    try:
        signal.setitimer(signal.ITIMER_REAL, delay)
        calls[action]()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        interrupted += 1
    usable(model)
    usable(tm.load(path))
    assert threading.active_count() == 1, threading.enumerate()
print(json.dumps({"interrupted": interrupted}))
"""

ROUNDS = """
import sys
import numpy as np, scipy.sparse as sp
import tastemaker as tm
from bench.peers import memory

rng = np.random.default_rng(0)
X = sp.random_array((1000, 400), density=0.05, rng=rng, dtype=np.float32, format="csr")
makers = [
    lambda: tm.ALS(factors=16, epochs=1, rng=0),
    lambda: tm.KNN(neighbors=5),
    lambda: tm.LightFM(factors=8, epochs=1, rng=0),
    lambda: tm.BPR(factors=8, epochs=1, rng=0),
]
for round in range(200):
    model = makers[round % len(makers)]().fit(X, threads=1)
    want = model.recommend([1, 2], n=5)[0]
    model.save(sys.argv[1])
    np.testing.assert_array_equal(tm.load(sys.argv[1]).recommend([1, 2], n=5)[0], want)
    if round == 59:
        memory.settle()
        before = memory.resident()
memory.settle()
print(memory.resident() - before)
"""


def answer_of(program: str, *arguments: object) -> object:
    command = [sys.executable, "-W", "error", "-c", program, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=110, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no alarms")
@pytest.mark.parametrize("action", ["fit", "recommend", "evaluate", "save"])
def test_ctrl_c_at_any_moment_leaves_a_usable_model_and_file(action, tmp_path):
    result = answer_of(INTERRUPTED, action, 25, tmp_path)
    assert result["interrupted"] >= 1  # few on a machine whose speed varies


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_200_rounds_of_a_model_s_life_take_no_memory(tmp_path):
    # One matrix a round that nobody frees would be 22 MB.
    assert answer_of(ROUNDS, tmp_path / "model") < 5e6
