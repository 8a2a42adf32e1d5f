"""What every source of interactions is read into, before ids become indices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from tastemaker.data._columns import default_columns
from tastemaker.data._idarrays import is_missing, plain_numbers
from tastemaker.errors import DataError

FrameKind: TypeAlias = Literal["pandas", "polars", "pyarrow"]


@dataclass(frozen=True, slots=True)
class RawRows:
    """Interactions by id, one entry per row.

    users, items: id arrays (int64, or object of str). weights: finite float64, None where every row counts 1.
    times: float64 seconds or None. columns: name per role, for output and for `extend`. notes: what was
    guessed about them.
    """

    users: np.ndarray
    items: np.ndarray
    weights: np.ndarray | None
    times: np.ndarray | None
    columns: dict[str, str] = field(default_factory=default_columns.copy)
    frame: FrameKind | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.users)


def as_weights(label: str, values: np.ndarray) -> np.ndarray:
    """Return weights as finite float64; numbers and booleans only."""
    if values.dtype == object:
        values = _from_objects(label, values)
    if values.dtype.kind not in "buif":
        raise DataError(f"{label} must hold numbers, got dtype {values.dtype}. Convert the column.")
    weights = values.astype(np.float64)
    finite = np.isfinite(weights)
    if not finite.all():
        at = int(np.argmin(finite))
        raise DataError(
            f"{label} must hold finite numbers, got {weights[at]} in row {at} "
            f"({weights.size - int(finite.sum())} rows in all). Drop or replace these rows."
        )
    return weights


def _from_objects(label: str, values: np.ndarray) -> np.ndarray:
    items = values.tolist()
    numbers = plain_numbers(items, bools=True)
    if numbers is not None:
        return numbers
    # Text is refused even where it reads as a number: it is usually the wrong column.
    texts = [value for value in items if isinstance(value, (str, bytes))]
    if texts:
        raise DataError(f"{label} must hold numbers, got {texts[0]!r}. Convert the column.")
    try:
        return np.array([np.nan if is_missing(value) else float(value) for value in items])
    except (TypeError, ValueError, OverflowError):
        kinds = " and ".join(sorted({type(value).__name__ for value in items}))
        raise DataError(f"{label} must hold numbers of float64, got {kinds}. Convert the column.") from None
