"""Bytes as a source of choices: a fuzzer that changes bytes then changes structures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

INTEGERS = (0, 1, -1, 2, 7, 127, 255, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53 + 1, 2**63 - 1, -(2**63))
NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 3e38, 1e300, float("nan"), float("inf"), -float("inf"))
TEXTS = ("", "a", "a|b", "1", "01", "1.5", "nan", "None", "é", "\x00", "\ud800", '"', ",", "user", "x" * 70)


class Choices:
    """Choices read from bytes; when they have run out, every choice is the first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        if self._at >= len(self._data):
            return 0
        self._at += 1
        return self._data[self._at - 1]

    def below(self, n: int) -> int:
        """Return an int in [0, n), n <= 2^16."""
        return (self.byte() if n <= 256 else self.byte() << 8 | self.byte()) % n

    def likely(self) -> bool:
        """Return True seven times of eight."""
        return self.byte() & 7 != 7

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def integer(self) -> int:
        return self.below(9) - 1 if self.likely() else self.pick(INTEGERS)

    def number(self) -> float:
        return (self.below(64) - 16) / 8 if self.likely() else self.pick(NUMBERS)

    def text(self) -> str:
        return self.pick(TEXTS)

    def thing(self) -> Any:
        """Return a value of any kind."""
        kind = self.below(8)
        if kind == 6:
            return [self.thing() for _ in range(self.below(3))]
        if kind == 7:
            return {self.text(): self.thing() for _ in range(self.below(3))}
        makers = (self.text, self.integer, self.number, lambda: None, lambda: True, lambda: np.float32(1))
        return makers[kind]()

    def rest(self) -> bytes:
        self._at, start = len(self._data), self._at
        return self._data[start:]


def edited(original: bytes, choices: Choices, *, most: int = 6) -> bytes:
    """Return bytes with some overwritten, cut out, repeated or replaced by the ends of integers."""
    text = bytearray(original)
    for _ in range(choices.below(most + 1)):
        at = choices.below(2**16) % (len(text) + 1)
        kind = choices.below(5)
        if kind == 0:
            text[at : at + 1] = bytes([choices.byte()])
        elif kind == 1:
            del text[at : at + 1 + choices.byte()]
        elif kind == 2:
            text[at:at] = text[at : at + 1 + choices.byte()]
        elif kind == 3:
            text[at : at + 8] = (choices.integer() % 2**64).to_bytes(8, "little")
        elif at < len(text):
            text[at] ^= 1 << choices.below(8)
    return bytes(text)
