"""Time and memory of each stage as the interactions grow, and the exponents of that growth.

python -m bench.scale [--sizes 1e6 3e6 10e6] [--only als topn]

Every stage runs once, in a process of its own, on made data with 50 interactions a user and 500 an item; memory is the
peak beyond what was resident before. Also what `describe()` says of that, over what was measured: what a Dataset with
ids of int and of str holds, and the peak of ALS.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from bench.peers import memory
from bench.peers.generate import Shape, generate


def interactions(size):
    """Return a made matrix of so many interactions."""
    return generate(Shape(size // 50, size // 500, size))


def measured(work):
    """Return seconds and bytes beyond what was there, and what work returned."""
    memory.settle()
    before = memory.resident()
    memory.reset_peak()
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    return seconds, (memory.peak() or 0) - (before or 0), result


def dataset(matrix):
    """Frame in, Dataset out; also what `describe()` says of its size."""
    coo = matrix.tocoo()
    return _from_frame(coo.row.astype(np.int64), coo.col.astype(np.int64))


def strings(matrix):
    """Return the same of ids that are str."""
    import pandas as pd

    coo = matrix.tocoo()
    users, items = (
        np.array([f"{name}-{i}" for i in range(n)], dtype=object)
        for name, n in zip(("customer", "product"), matrix.shape, strict=True)
    )
    return _from_frame(pd.Series(users).take(coo.row).array, pd.Series(items).take(coo.col).array)


def _from_frame(users, items):
    import pandas as pd

    import tastemaker as tm

    frame = pd.DataFrame({"user": users, "item": items})
    seconds, peak = measured(lambda: tm.Dataset.from_frame(frame))[:2]
    # What is freed with it, by the allocators' own count: Python keeps small freed blocks, so pages tell less.
    tracemalloc.start()
    data = tm.Dataset.from_frame(frame)
    estimate = data.describe().facts["memory_bytes"]
    with_it = tracemalloc.get_traced_memory()[0]
    del data
    held = with_it - tracemalloc.get_traced_memory()[0]
    return seconds, peak, {"describe": estimate, "measured": held}


def knn(matrix):
    import tastemaker as tm

    return measured(lambda: tm.KNN(neighbors=100).fit(matrix))[:2]


def als(matrix):
    import tastemaker as tm

    data = tm.Dataset.from_sparse(matrix)
    seconds, peak, _ = measured(lambda: tm.ALS(factors=64, epochs=2, rng=0).fit(data))
    return seconds, peak, {"describe": data.describe().facts["als_bytes"], "measured": peak}


def lightfm(matrix):
    import tastemaker as tm

    return measured(lambda: tm.LightFM(factors=32, epochs=1, rng=0).fit(matrix))[:2]


def topn(matrix):
    """Ten items for every user, from factors of any training."""
    import tastemaker as tm

    model = tm.ALS(factors=64, epochs=1, rng=0).fit(matrix)
    return measured(lambda: model.recommend(np.arange(matrix.shape[0]), n=10))[:2]


def files(matrix):
    """Save and load."""
    import tastemaker as tm

    model = tm.ALS(factors=64, epochs=1, rng=0).fit(matrix)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")

        def there_and_back():
            model.save(path)
            tm.load(path)

        return measured(there_and_back)[:2]


STAGES = {f.__name__: f for f in (dataset, strings, knn, als, lightfm, topn, files)}


def one(stage, path):
    """Run one stage in this process and print what came of it."""
    seconds, peak, *more = STAGES[stage](sp.csr_array(sp.load_npz(path)))
    print(json.dumps({"seconds": seconds, "bytes": peak, **(more[0] if more else {})}))


def exponent(sizes, values):
    """Return the slope of log value over log size."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=float, nargs="+", default=[1e6, 3e6, 10e6])
    parser.add_argument("--only", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one(*options.one)
    sizes = [int(size) for size in options.sizes]
    found = {stage: [] for stage in options.only}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder, "matrix.npz")
            sp.save_npz(path, interactions(size), compressed=False)
            for stage in options.only:
                command = [sys.executable, "-m", "bench.scale"]
                done = subprocess.run(
                    [*command, "--one", stage, str(path)], check=True, stdout=subprocess.PIPE, text=True
                )
                result = json.loads(done.stdout)
                found[stage].append(result)
                took, each = result["seconds"], result["bytes"] / size
                print(
                    f"{size:>12,} {stage:8} {took:8.2f} s {1e9 * took / size:9.1f} ns each {each:7.1f} B each"
                )
                if "describe" in result:
                    print(
                        f"{'':12} describe() / measured: {result['describe'] / result['measured']:.2f}",
                        flush=True,
                    )
    for stage, results in found.items():
        if len(sizes) > 1:
            grows = [exponent(sizes, [max(r[key], 1e-9) for r in results]) for key in ("seconds", "bytes")]
            print(f"{stage:8} time ~ n^{grows[0]:.2f}, memory ~ n^{grows[1]:.2f}")


if __name__ == "__main__":
    main()
