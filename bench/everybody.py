"""Lists for everybody among a million items: peak memory for real, the time of all users from that of some.

python -m bench.everybody [--users 1e6] [--items 1e6] [--batches 3]

Ten interactions a user, ALS of 64 factors for one epoch, top-10 without what is seen. `--batches all` runs them all.
"""

from __future__ import annotations

import argparse
import itertools
import time

import scipy.sparse as sp
from bench.peers import memory
from bench.peers.generate import Shape, generate

import tastemaker as tm

BATCH = 8192


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=float, default=1e6)
    parser.add_argument("--items", type=float, default=1e6)
    parser.add_argument("--batches", default="3")
    options = parser.parse_args()
    users, items = int(options.users), int(options.items)
    model = tm.ALS(factors=64, epochs=1, rng=0).fit(
        sp.csr_array(generate(Shape(users, items, 10 * users))), progress=False
    )
    all_batches = -(-users // BATCH)
    wanted = all_batches if options.batches == "all" else int(options.batches)
    memory.settle()
    before = memory.resident() or 0
    memory.reset_peak()
    start = time.perf_counter()
    lists = model.recommend_batches(n=10, batch_size=BATCH, output="arrays")
    listed = sum(len(who) for who, *_ in itertools.islice(lists, wanted))
    took = time.perf_counter() - start
    peak = (memory.peak() or 0) - before
    print(f"{users:,} users x {items:,} items, 64 factors: {listed:,} users listed in {took:.1f} s")
    print(
        f"peak {peak / 1e6:,.0f} MB beyond the model; the factors take {(users + items) * 256 / 1e6:,.0f} MB"
    )
    if wanted < all_batches:
        print(f"extrapolated to all users: {took * users / listed / 60:,.0f} minutes, the same memory")


if __name__ == "__main__":
    main()
