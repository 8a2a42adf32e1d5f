"""Hide more than 2^31 seen items, for real: 2.2 billion by default, 9 GB of memory.

python -m bench.huge [interactions]

Every user has seen a thousand items, one of seven patterns in turn, and asks the same question: users with the same
pattern must get the same answer, wherever in the matrix they stand.
"""

import sys
import time

import numpy as np
from bench.peers import memory

from tastemaker import _core


def main(interactions=2_200_000_000, each=1000, items=1500, patterns=7):
    rng = np.random.default_rng(0)
    users = interactions // each
    rows = np.stack([np.sort(rng.permutation(items)[:each]) for _ in range(patterns)]).astype(np.int32)
    indices = np.empty((users, each), np.int32)
    for first in range(patterns):
        indices[first::patterns] = rows[first]
    indptr = np.arange(users + 1, dtype=np.int64) * each
    queries = np.tile(rng.standard_normal(4, dtype=np.float32), (users, 1))
    index = _core.DenseIndex(rng.standard_normal((items, 4), dtype=np.float32), 2)
    start = time.perf_counter()
    ids, _ = index.topn(queries, 3, (indptr, indices.reshape(-1), None, items), None, 2)
    took = time.perf_counter() - start
    assert (ids == ids[np.arange(users) % patterns]).all()
    assert not any(np.isin(ids[user], indices[user]).any() for user in range(users - patterns, users))
    print(f"{indices.size:,} interactions, the last at {indptr[-1] / 2**31:.2f} x 2^31: {took:.1f} s")
    print(f"{memory.peak() / 1e9:.1f} GB at the peak; every answer as it must be")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
