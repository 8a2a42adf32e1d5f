"""Time the exact search of the façade for implicit beside the building of a graph.

python -m bench.exact_search [items] [factors]      # 1,000,000 x 64 by default, 2 threads
"""

import statistics
import sys
import time

import numpy as np
import scipy.sparse as sp

from tastemaker.compat.implicit.ann.nmslib import NMSLibModel
from tastemaker.compat.implicit.cpu.als import AlternatingLeastSquares


def main(items=1_000_000, factors=64, users=1000):
    rng = np.random.default_rng(0)
    model = AlternatingLeastSquares(factors=factors, num_threads=2)
    model.item_factors = rng.standard_normal((items, factors), dtype=np.float32)
    model.user_factors = rng.standard_normal((users, factors), dtype=np.float32)
    seen = sp.csr_matrix(
        (
            np.ones(20 * users, np.float32),
            rng.integers(0, items, 20 * users),
            np.arange(0, 20 * users + 1, 20),
        ),
        shape=(users, items),
    )
    print(f"{items:,} items x {factors} factors, 2 threads, 20 seen items a user, top 10")
    print(f"ready after {timed(lambda: model.recommend(0, seen[0])):.2g} s")
    alone = [timed(lambda u=u: model.recommend(u, seen[u])) for u in range(20)]
    print(f"one user: {1e3 * statistics.median(alone):.3g} ms (least {1e3 * min(alone):.3g})")
    batch = [timed(lambda: model.recommend(np.arange(users), seen)) for _ in range(5)]
    print(f"{users} users: {statistics.median(batch):.3g} ms each (least {min(batch):.3g})")
    part = min(items, 20_000)
    graph = NMSLibModel(model, approximate_similar_items=False, index="usearch")
    model.item_factors = model.item_factors[:part]
    print(f"a graph of {part:,} of the items: {timed(graph.build):.3g} s")


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
