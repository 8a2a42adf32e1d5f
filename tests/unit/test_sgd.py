"""The compiled epochs of stochastic gradient descent against the numpy twin, at every SIMD level."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import lightfm as twin

from tastemaker import _core
from tastemaker._validation import csr_parts

USERS, ITEMS = 23, 31
STATE = {"descent": 0, "adagrad": 1, "adadelta": 2}
LOSSES = ("logistic", "bpr", "warp", "warp_kos")


def padded(*shape: int) -> np.ndarray:
    memory = np.zeros(int(np.prod(shape)) * 4 + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + int(np.prod(shape)) * 4].view(np.float32).reshape(shape)


def interactions(rng: np.random.Generator, *, weighted: bool) -> sp.csr_array:
    """Likes and dislikes; user 3 has none, user 5 likes all but two items."""
    dense = rng.random((USERS, ITEMS)) < 0.3
    dense[3], dense[5] = False, np.arange(ITEMS) > 1
    values = np.where(rng.random(dense.shape) < 0.2, -1.0, 1.0)
    if weighted:
        values *= rng.uniform(0.3, 2.0, dense.shape)
    return sp.csr_array((dense * values).astype(np.float32))


def features(rng: np.random.Generator, n: int, *, hybrid: bool) -> np.ndarray:
    if not hybrid:
        return np.eye(n)
    tags = rng.choice([0.0, 0.5, 1.0], (n, 6), p=[0.6, 0.2, 0.2])
    return np.hstack([np.eye(n), tags]).astype(np.float32).astype(np.float64)


def start(rng: np.random.Generator, table: np.ndarray, factors: int, optimizer: str, reg: float) -> twin.Side:
    rows = table.shape[1]
    squares = np.full((rows, factors + 1), float(optimizer == "adagrad"))
    weights = rng.normal(0, 0.5, (rows, factors + 1)).astype(np.float32).astype(np.float64)
    return twin.Side(table, weights, squares, np.zeros((rows, factors + 1)), reg)


class Core:
    """The same parameters in the layout of the core."""

    def __init__(self, side: twin.Side, optimizer: str, *, identity: bool) -> None:
        self.factors = side.weights.shape[1] - 1
        self.size = _core.sgd_row_size(self.factors)
        parts = [side.weights, side.squares, side.steps][: 1 + STATE[optimizer]]
        self.table = padded(len(side.weights), self.size * len(parts))
        if optimizer == "adagrad":
            self.table[:, self.size :] = 1.0
        for at, part in enumerate(parts):
            self.part(at)[:] = part
        csr = sp.csr_array(side.features.astype(np.float32))
        self.features = None if identity else _core.SgdMatrix(csr_parts(csr))

    def part(self, at: int) -> np.ndarray:
        return self.table[:, at * self.size : at * self.size + self.factors + 1]


def run_core(X, users, items, settings, *, seed, epoch, threads=1, deterministic=False) -> int:
    likes = X.copy()
    likes.data = np.where(X.data > 0, X.data, 0)
    likes.eliminate_zeros()
    examples = _core.SgdExamples(
        csr_parts(X if settings.loss == "logistic" else likes),
        _core.SgdPopularity(X.indices.astype(np.int32), X.shape[1]),
    )
    options = dict(vars(settings))
    core = _core.SgdSettings(reg_user=users[1], reg_item=items[1], **options)
    return _core.sgd_epoch(
        examples,
        users[0].table,
        items[0].table,
        users[0].features,
        items[0].features,
        users[0].factors,
        core,
        seed=seed,
        epoch=epoch,
        deterministic=deterministic,
        threads=threads,
    )


@pytest.mark.parametrize("reg", [0.0, 0.002])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("optimizer", STATE)
@pytest.mark.parametrize("loss", LOSSES)
def test_an_epoch_equals_the_twin(rng, simd_level, loss, optimizer, hybrid, weighted, reg):
    factors = int(rng.choice([3, 15, 16, 40]))
    X = interactions(rng, weighted=weighted)
    users = start(rng, features(rng, USERS, hybrid=hybrid), factors, optimizer, reg)
    items = start(rng, features(rng, ITEMS, hybrid=hybrid), factors, optimizer, 2 * reg)
    sides = [Core(side, optimizer, identity=not hybrid) for side in (users, items)]
    n = 3 if weighted else 14  # the core keeps twelve
    settings = twin.Settings(loss, optimizer, max_sampled=5, k=2, n=n, popularity=loss == "bpr")
    for epoch in range(2):
        want = twin.Epoch(X, users, items, settings, seed=7, epoch=epoch).run()
        got = run_core(X, (sides[0], reg), (sides[1], 2 * reg), settings, seed=7, epoch=epoch)
        assert got == want
    for core, side in zip(sides, (users, items), strict=True):
        # Some 500 steps per row, each rounded to 1e-7 of its size and fed to the next.
        for at, part in enumerate([side.weights, side.squares, side.steps][: 1 + STATE[optimizer]]):
            np.testing.assert_allclose(core.part(at), part, rtol=2e-4, atol=2e-5)
        assert not core.table[:, factors + 1 : core.size].any()
