"""LightFM's epochs in plain float64 loops: the same draws, the same order, one update after another.

Kula: Metadata Embeddings for User and Item Cold-start Recommendations. CBRecSys 2015. Regularisation is lazy, as in its
implementation: what an example touches grows, the scale of a side grows by the average rate, representations are
multiplied by it, and the end of an epoch divides all parameters by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
MAX_DRAWS = 100


def mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def subkey(key: int, part: int) -> int:
    return mix((key + (part + 1) * GOLDEN) & MASK)


def draws(key: int) -> Iterator[int]:
    """64 random bits after 64 random bits."""
    while True:
        key = (key + GOLDEN) & MASK
        yield mix(key)


def below(bits: int, n: int) -> int:
    """Map 64 bits to [0, n) for n < 2^32."""
    return ((bits >> 32) * n) >> 32


def random_order(n: int, key: int) -> list[int]:
    bits = max(1, (n - 1).bit_length())
    mask, shift = (1 << bits) - 1, (bits + 1) // 2
    rounds = [(subkey(key, 2 * r), subkey(key, 2 * r + 1) | 1) for r in range(3)]
    order = []
    for place in range(n):
        x = place
        while True:
            for add, multiply in rounds:
                x = ((x + add) * multiply) & mask
                x ^= x >> shift
            if x < n:
                break
        order.append(x)
    return order


def local_shuffle(n: int, key: int, *, item_features: bool) -> Iterator[int]:
    """Yield positions: runs are shuffled, then the positions of each block of runs."""
    run = 1 if item_features else min(max(n // 4096, 1), 16)
    block = -(-256 // run) * run
    runs = random_order(-(-n // run), subkey(key, MASK))
    places = len(runs) * run
    for number, first in enumerate(range(0, places, block)):
        for i in random_order(min(block, places - first), subkey(key, MASK ^ number)):
            at = runs[(first + i) // run] * run + (first + i) % run
            if at < n:
                yield at


class Alias:
    """Draws items as often as they occur: Vose's table, filled from the last item back."""

    def __init__(self, occurring: np.ndarray, items: int) -> None:
        counts = np.bincount(occurring, minlength=items)
        best, whole = int(counts.argmax()), 1 << 32
        share = [math.ceil(int(c) * items / len(occurring) * whole) for c in counts]
        self.own, self.other = [whole - 1] * items, list(range(items))
        less = [i for i in range(items) if share[i] < whole]
        more = [i for i in range(items) if share[i] >= whole]
        while less and more:
            small, large = less.pop(), more.pop()
            self.own[small], self.other[small] = share[small], large
            share[large] -= whole - share[small]
            (less if share[large] < whole else more).append(large)
        for i in less:
            if share[i] == 0:
                self.own[i], self.other[i] = 0, best

    def __call__(self, bits: int) -> int:
        place = below(bits, len(self.own))
        return place if bits & 0xFFFFFFFF < self.own[place] else self.other[place]


@dataclass
class Side:
    """Parameters of one side: the last column is the bias."""

    features: np.ndarray
    weights: np.ndarray
    squares: np.ndarray
    steps: np.ndarray
    reg: float = 0.0
    scale: float = 1.0

    def represent(self, i: int) -> np.ndarray:
        return self.scale * (self.features[i] @ self.weights)


@dataclass
class Settings:
    loss: str
    optimizer: str = "adagrad"
    learning_rate: float = 0.05
    rho: float = 0.95
    epsilon: float = 1e-6
    max_sampled: int = 10
    k: int = 5
    n: int = 10
    popularity: bool = False
    user_bias: bool = True


@dataclass
class Example:
    user: int
    item: int
    weight: float
    like: bool
    key: int


@dataclass
class Epoch:
    """One epoch over X: values above 0 are likes, below dislikes; their sizes are weights."""

    X: sp.csr_array
    users: Side
    items: Side
    settings: Settings
    seed: int
    epoch: int
    likes: sp.csr_array = field(init=False)
    popularity: Alias = field(init=False)

    def __post_init__(self) -> None:
        self.popularity = Alias(self.X.indices, self.X.shape[1])
        coo = self.X.tocoo()
        like = coo.data > 0
        pairs = tuple(c[like] for c in coo.coords)
        self.likes = sp.csr_array(sp.coo_array((coo.data[like], pairs), shape=self.X.shape))
        self.likes.sort_indices()

    def run(self) -> int:
        """Return how many examples moved the parameters."""
        moved = 0
        for example in self.examples():
            found = getattr(self, self.settings.loss)(example)
            if found is not None:
                self.apply(example.user, *found)
                moved += 1
        for side in (self.users, self.items):
            side.weights /= side.scale
            side.scale = 1.0
        return moved

    def examples(self) -> Iterator[Example]:
        key = subkey(self.seed, self.epoch)
        csr = self.X if self.settings.loss == "logistic" else self.likes
        lengths = np.diff(csr.indptr).tolist()
        shuffled = [s + at for s, n in zip(csr.indptr, lengths, strict=False) for at in random_order(n, 0)]
        table = csr.tocoo()
        item_features = not np.array_equal(self.items.features, np.eye(*self.items.features.shape))
        for at in local_shuffle(table.nnz, key, item_features=item_features):
            entry = shuffled[at]
            value = float(table.data[entry])
            row, column = (int(c[entry]) for c in table.coords)
            yield Example(row, column, abs(value), value > 0, subkey(key, at))

    def score(self, user: int, item: int) -> float:
        q, p = self.users.represent(user), self.items.represent(item)
        return float(q[:-1] @ p[:-1] + q[-1] + p[-1])

    def draw(self, stream: Iterator[int]) -> int:
        bits = next(stream)
        return self.popularity(bits) if self.settings.popularity else below(bits, self.X.shape[1])

    def logistic(self, e: Example) -> tuple[int, None, float]:
        return e.item, None, e.weight * (sigmoid(self.score(e.user, e.item)) - float(e.like))

    def bpr(self, e: Example) -> tuple[int, int, float] | None:
        stream, liked = draws(e.key), self.likes[[e.user]].indices
        other = next((j for j in (self.draw(stream) for _ in range(MAX_DRAWS)) if j not in liked), None)
        if other is None:
            return None
        return e.item, other, e.weight * sigmoid(self.score(e.user, other) - self.score(e.user, e.item))

    def warp(self, e: Example) -> tuple[int, int, float] | None:
        return self.violator(e.user, e.item, e.weight, draws(e.key))

    def warp_kos(self, e: Example) -> tuple[int, int, float] | None:
        stream = draws(e.key)
        liked = self.likes[[e.user]]
        count = min(self.settings.n, liked.nnz)
        drawn = [below(next(stream), liked.nnz) for _ in range(count)]
        drawn.sort(key=lambda at: -self.score(e.user, int(liked.indices[at])))
        at = drawn[min(self.settings.k, count) - 1]
        return self.violator(e.user, int(liked.indices[at]), float(liked.data[at]), stream)

    def violator(
        self, user: int, item: int, weight: float, stream: Iterator[int]
    ) -> tuple[int, int, float] | None:
        score, liked = self.score(user, item), self.likes[[user]].indices
        for sampled in range(1, self.settings.max_sampled + 1):
            other = self.draw(stream)
            if self.score(user, other) > score - 1 and other not in liked:
                rank = max(1, (self.X.shape[1] - 1) // sampled)
                return item, other, min(weight * math.log(rank), 10.0)
        return None

    def apply(self, user: int, item: int, other: int | None, gradient: float) -> None:
        """Move the item along -gradient times the user, or a comparison's item up and its other down."""
        q, p = self.users.represent(user), self.items.represent(item)
        if other is None:
            toward, moves = p, [(self.items, item, gradient)]
        else:
            toward = self.items.represent(other) - p
            moves = [(self.items, item, -gradient), (self.items, other, gradient)]
        q[-1], toward[-1] = 1.0, float(self.settings.user_bias)
        rates = [self.move(side, i, c * q) for side, i, c in moves]
        rates.append(self.move(self.users, user, gradient * toward))
        rate = float(np.concatenate(rates).mean())
        if self.settings.optimizer != "descent":
            for side in (self.users, self.items):
                side.scale *= 1 + side.reg * rate

    def move(self, side: Side, i: int, gradient: np.ndarray) -> np.ndarray:
        """Return the rates of all parameters of i."""
        s, rates = self.settings, []
        for row in np.flatnonzero(side.features[i]):
            g = side.features[i, row] * gradient
            if s.optimizer == "descent":
                side.weights[row] -= s.learning_rate * (g + side.reg * side.weights[row])
                continue
            if s.optimizer == "adagrad":
                rate = s.learning_rate / np.sqrt(side.squares[row])
                side.squares[row] += g**2
            else:
                side.squares[row] = s.rho * side.squares[row] + (1 - s.rho) * g**2
                rate = np.sqrt(side.steps[row] + s.epsilon) / np.sqrt(side.squares[row] + s.epsilon)
                side.steps[row] = s.rho * side.steps[row] + (1 - s.rho) * (rate * g) ** 2
            side.weights[row] -= rate * g
            side.weights[row] *= 1 + side.reg * rate
            rates.append(rate)
        return np.concatenate(rates) if rates else np.zeros(1)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))
