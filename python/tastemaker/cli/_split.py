"""Options that part events into training and test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from tastemaker import splits
from tastemaker.cli._verb import Session, bundled, option
from tastemaker.data import Dataset
from tastemaker.errors import DataError
from tastemaker.splits import Split

section = "Split options"


def _size(value: Any) -> int | float:
    """Return a share such as 0.2 or a whole number from text, or a number from a file of settings."""
    for kind in (float,) if isinstance(value, float) else (int, float):
        try:
            return kind(value)
        except (TypeError, ValueError):
            continue
    raise click.BadParameter(f"{value!r} is neither a share such as 0.2 nor a whole number.")


@dataclass(frozen=True)
class SplitChoice:
    """The split options of a verb."""

    split: str | None
    test_size: int | float | None
    at: str | None
    holdout: float | None

    def make(self, data: Dataset, session: Session) -> Split:
        """Return the split of data that was asked for, or one that suits it."""
        kind = self.split or ("last" if data.times is not None else "random")
        if self.split is None:
            reason = "the events have times" if data.times is not None else "the events have no times"
            session.note(f"split = {kind}, since {reason}; override with --split.")
        if kind in ("last", "time") and data.times is None:
            raise DataError(
                f"--split {kind} needs times, and no column holds them. Name it with --time, or take "
                "--split random or users."
            )
        self._refuse_strays(kind)
        rng = session.seed
        if kind == "last":
            return splits.leave_last(data, 1 if self.test_size is None else self._count(self.test_size))
        if kind == "time":
            return splits.by_time(data, self.test_size, at=self.at)
        if kind == "users":
            return splits.users(data, self.test_size, holdout=self.holdout or 0.2, rng=rng)
        return splits.random(data, 0.2 if self.test_size is None else self.test_size, rng=rng)

    def _refuse_strays(self, kind: str) -> None:
        for flag, value, owner in (("--at", self.at, "time"), ("--holdout", self.holdout, "users")):
            if value is not None and kind != owner:
                raise click.UsageError(f"{flag} goes with --split {owner}, not with --split {kind}.")

    @staticmethod
    def _count(size: int | float) -> int:
        if isinstance(size, float):
            raise click.UsageError(
                f"--test-size of --split last is a number of events per user, such as 1, got {size}."
            )
        return size


split_options = bundled(
    "parts",
    SplitChoice,
    option(
        "--split",
        type=click.Choice(["last", "random", "time", "users"]),
        section=section,
        help="Hold out every user's last events, random events, all after a moment, or whole users. "
        "Default: last where there are times, else random.",
    ),
    option(
        "--test-size",
        type=_size,
        metavar="SHARE|COUNT",
        section=section,
        help="Size of the test part: a share or a count of events (time, random) or users; of last, "
        "events per user. Default: 0.2; 1 for last.",
    ),
    option("--at", metavar="TIME", section=section, help="First moment of the test part (--split time)."),
    option(
        "--holdout",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        section=section,
        help="Share of a held-out user's events that is asked for (--split users). Default: 0.2.",
    ),
)
