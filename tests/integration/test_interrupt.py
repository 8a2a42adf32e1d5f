"""Ctrl-C, for real: a process is interrupted in the middle of its work and says what it is left with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import json, sys, time
import numpy as np, scipy.sparse as sp
import tastemaker as tm

rng = np.random.default_rng(0)
rows, cols = rng.integers(0, 15_000, 800_000), (8_000 * rng.random(800_000) ** 3).astype(int)
X = sp.coo_array((np.ones(800_000, np.float32), (rows, cols)), shape=(15_000, 8_000)).tocsr()
make = {
    "als": lambda: tm.ALS(factors=128, epochs=10_000, rng=0),
    "knn": lambda: tm.KNN(neighbors=200, similarity="tfidf"),
}[sys.argv[1]]
model = make()
started = time.time()
try:
    while True:
        model.fit(X, callback=lambda state: print("epoch", state.epoch, flush=True), threads=2)
except KeyboardInterrupt:
    stopped = time.time()
usable = model.__sklearn_is_fitted__() and bool((model.recommend([1, 2], n=3)[0] >= 0).all())
print(json.dumps({"stopped": stopped, "usable": usable, "epochs": len(model.history_)}), flush=True)
"""


@pytest.mark.parametrize(("model", "wait"), [("als", 0.0), ("als", 0.37), ("knn", 0.2)])
def test_ctrl_c_stops_within_a_second_and_leaves_the_last_epoch(model, wait):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, model], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline().startswith(
            "epoch 1"
        )  # one epoch is complete: now at work on another
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        sent = time.time()
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    result = json.loads(output.splitlines()[-1])
    assert result["usable"]
    assert result["stopped"] - sent < 1.0
    assert result["epochs"] >= 1
