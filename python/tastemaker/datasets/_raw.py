"""What a loader reads from a folder, before it becomes a Dataset, and the check that it is the real thing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tastemaker.errors import DataError

Tags = Sequence[tuple[int, Sequence[str]]]


@dataclass(frozen=True)
class Raw:
    """Interactions as aligned arrays, titles and features of one data set.

    Attributes
    ----------
    user, item : (n,) int64 array
        Ids in [0, 2^31).
    weight : (n,) float64 array or None
    time : (n,) float64 array or None
        Seconds since 1970, NaN where unknown.
    titles : dict of int to str
    item_tags, user_tags : sequence of (id, names)
    """

    user: np.ndarray
    item: np.ndarray
    weight: np.ndarray | None = None
    time: np.ndarray | None = None
    titles: dict[int, str] = field(default_factory=dict)
    item_tags: Tags = ()
    user_tags: Tags = ()

    def __post_init__(self) -> None:
        for ids in (self.user, self.item):
            if ids.size == 0 or ids.min() < 0 or ids.max() >= 2**31:
                raise DataError("ids must be whole numbers in [0, 2^31), at least one")

    @cached_property
    def order(self) -> np.ndarray:
        """Positions of the interactions by user, then item."""
        # One integer key sorts several times as fast as two.
        order: np.ndarray = np.argsort((self.user << 32) | self.item, kind="stable")
        return order

    def keep(self, mask: np.ndarray) -> Raw:
        """Return the interactions where mask is true, with features of the users and items that remain."""
        user, item = self.user[mask], self.item[mask]
        users, items = set(np.unique(user).tolist()), set(np.unique(item).tolist())
        return Raw(
            user,
            item,
            None if self.weight is None else self.weight[mask],
            None if self.time is None else self.time[mask],
            {key: title for key, title in self.titles.items() if key in items},
            [pair for pair in self.item_tags if pair[0] in items],
            [pair for pair in self.user_tags if pair[0] in users],
        )


@dataclass(frozen=True)
class Known:
    """What is published about a set, so that a damaged or another file is noticed.

    Attributes
    ----------
    users, items, interactions : int
    digest : str
        `digest` of the interactions; empty where no trusted copy could be hashed.
    """

    users: int
    items: int
    interactions: int
    digest: str = ""

    def check(self, raw: Raw) -> None:
        """Raise DataError unless raw has these counts and this content."""
        for what, got, want in (
            ("interactions", len(raw.user), self.interactions),
            ("users", len(np.unique(raw.user)), self.users),
            ("items", len(np.unique(raw.item)), self.items),
        ):
            if got != want:
                raise DataError(f"it must have {want:,} {what}, got {got:,}")
        if self.digest and digest(raw) != self.digest:
            raise DataError("its counts are right but its interactions are not the published ones")


def digest(raw: Raw) -> str:
    """Return the SHA-256 of the (user, item, weight) triples in ascending order."""
    total = hashlib.sha256()
    for column, dtype in ((raw.user, "<i8"), (raw.item, "<i8"), (raw.weight, "<f8")):
        if column is not None:
            total.update(column[raw.order].astype(dtype).tobytes())
    return total.hexdigest()


def decade(title: str) -> list[str]:
    """Return the feature of the decade that a title like "Heat (1995)" tells; none without a year."""
    year = re.search(r"\((\d{3})\d\)$", title)
    return [f"decade={year[1]}0s"] if year else []
