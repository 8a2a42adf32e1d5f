"""What a hybrid model knows of the features of one side: their matrix, their names, and rows of them from a caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_csr, check_finite, check_float, shown, warn
from tastemaker.data import Dataset
from tastemaker.data.features import FeatureTable
from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, DataWarning

SideName: TypeAlias = Literal["user", "item"]

#: The name of the group of indicators in ``feature_weights``.
INDICATORS = "indicators"


SIDES: tuple[SideName, SideName] = ("user", "item")


@dataclass(frozen=True)
class Given:
    """What a caller of ``fit`` passes beside the interactions."""

    user: Any = None
    item: Any = None
    sample_weight: Any = None


@dataclass(frozen=True)
class Features:
    """Features of one side: first one indicator per row (or none), then the columns that mean something.

    Attributes
    ----------
    side : "user" or "item"
    matrix : csr_array of float32, (rows, indicators + others)
    indicators : int
        Number of leading columns that stand for one row each.
    names : tuple of str, or None
        Names of the other columns; None when they came without.
    normalize : bool
        Whether rows are divided by the sum of their absolute values.
    """

    side: SideName
    matrix: sp.csr_array
    indicators: int
    names: tuple[str, ...] | None = ()
    normalize: bool = False

    @property
    def identity(self) -> bool:
        """Whether row i has feature i alone, with weight 1."""
        rows, columns = self.matrix.shape
        if not rows == columns == self.matrix.nnz:
            return False
        each = np.arange(rows + 1)
        diagonal = (self.matrix.indices == each[:-1]).all() and (self.matrix.indptr == each).all()
        return bool(diagonal and (self.matrix.data == 1).all())

    @property
    def label(self) -> str:
        return f"`{self.side}_features`"

    def column(self, name: str) -> int:
        """Return the column of a name."""
        return self.indicators + self.named().index(name)

    def named(self) -> tuple[str, ...]:
        """Return the names, or refuse."""
        if self.names is None:
            raise ArgumentError(
                f"{self.label} came as a matrix, whose columns have no names. Fit on a Dataset with features."
            )
        return self.names

    def taken(self, before: Features) -> np.ndarray:
        """Return the columns that hold the features of an earlier training, in its order."""
        if (before.indicators > 0) != (self.indicators > 0) or (before.names is None) != (self.names is None):
            raise DataError(
                f"{self.label} must be of the same kind as in the last fit: with or without indicators, with or "
                "without names. Call fit to start anew."
            )
        if before.names is None or self.names is None:
            had, has = (f.matrix.shape[1] - f.indicators for f in (before, self))
            if has < had:
                raise DataError(
                    f"{self.label} must have the {had} features of the last fit in their places, got {has}. New "
                    "features come after them; call fit to start anew."
                )
            others = np.arange(had)
        else:
            place = {name: at for at, name in enumerate(self.names)}
            gone = [name for name in before.names if name not in place]
            if gone:
                raise DataError(
                    f"{self.label} must have all features of the last fit, but {gone[0]!r} is gone "
                    f"({len(gone)} in all). Call fit to start anew."
                )
            others = np.array([place[name] for name in before.names], dtype=np.intp)
        return np.concatenate([np.arange(before.indicators), self.indicators + others])

    def rows(self, given: Any, weights: Mapping[str, float] | None) -> sp.csr_array:
        """Return rows of features that a caller gave for what the model does not know.

        ``given`` is a list of names or a dict name -> weight (one row), or a sparse matrix with a column for each
        feature, with or without those of the indicators.
        """
        width = self.matrix.shape[1]
        if sp.issparse(given):
            rows = as_csr(self.label.strip("`"), given)
            if rows.shape[1] == width - self.indicators:
                rows = sp.csr_array(sp.hstack([sp.csr_array((rows.shape[0], self.indicators)), rows]))
            if rows.shape[1] != width:
                raise DataError(
                    f"{self.label} must have {width - self.indicators} columns (or {width} with the indicators), "
                    f"got {rows.shape[1]}."
                )
            return self._finished(rows, weights)
        if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
            raise ArgumentTypeError(
                f"{self.label} must be a list of names, a dict name -> weight or a sparse matrix, got {shown(given)}."
            )
        pairs = dict(given) if isinstance(given, Mapping) else dict.fromkeys(given, 1.0)
        place = {name: self.indicators + at for at, name in enumerate(self.named())}
        unknown = [name for name in pairs if name not in place]
        if unknown:
            warn(
                f"{self.label}: {len(unknown)} of {len(pairs)} features were not seen in training and are ignored "
                f"(first: {', '.join(map(shown, unknown[:3]))}).",
                DataWarning,
            )
        known = [(place[name], float(weight)) for name, weight in pairs.items() if name in place]
        columns, values = (
            (np.array(part) for part in zip(*known, strict=True)) if known else (np.array([], int),) * 2
        )
        check_finite(self.label.strip("`"), values)
        row = sp.coo_array((values, (np.zeros(len(columns), int), columns)), shape=(1, width))
        return self._finished(as_csr(self.label.strip("`"), row), weights)

    def _finished(self, rows: sp.csr_array, weights: Mapping[str, float] | None) -> sp.csr_array:
        return _weighted(_normalized(rows) if self.normalize else rows, self, weights)


def read_features(
    side: SideName, given: Any, n: int, indicators: bool | None, weights: Mapping[str, float] | None
) -> Features:
    """Return the features of the n rows of a side.

    They come from a FeatureTable, a sparse matrix, or nothing, which means indicators alone. ``indicators`` says
    whether each row has an indicator of its own; None leaves it as it comes.
    """
    label = f"{side}_features"
    if given is None:
        features = _indicators(side, n)
    elif isinstance(given, FeatureTable):
        table = given if indicators is None else replace(given, indicators=indicators)
        features = Features(side, table.matrix, table.n_indicators, table.names, table.normalize)
    else:
        features = _from_matrix(side, given, n, bool(indicators))
    empty = int((np.diff(features.matrix.indptr) == 0).sum())
    if empty:
        warn(
            f"`{label}`: {empty} of {n} {side}s have no feature, so that nothing can be learned of them. "
            f"Use `{side}_indicators=True`, which gives each a feature of its own.",
            DataWarning,
        )
    return replace(features, matrix=_weighted(features.matrix, features, weights))


def _indicators(side: SideName, n: int) -> Features:
    return Features(side, sp.csr_array(sp.eye_array(n, dtype=np.float32, format="csr")), n)


def _from_matrix(side: SideName, given: Any, n: int, indicators: bool) -> Features:
    label = f"{side}_features"
    if not sp.issparse(given):
        raise ArgumentTypeError(
            f"`{label}` must be a scipy sparse matrix ({side}s x features), got {type(given).__name__}."
        )
    matrix = as_csr(label, given)
    if matrix.shape[0] != n:
        raise DataError(
            f"`{label}` must have one row for each of the {n} {side}s of `data`, got {matrix.shape[0]} rows."
        )
    if not indicators:
        return Features(side, matrix, 0, None)
    own = _indicators(side, n).matrix
    return Features(side, sp.csr_array(sp.hstack([own, matrix], format="csr")), n, None)


def with_features(data: Any, given: Given) -> Given:
    """Return what was given, with the features that a Dataset brings."""
    if not isinstance(data, Dataset):
        return given
    for side in SIDES:
        if getattr(given, side) is not None:
            raise ArgumentError(
                f"`{side}_features` must not be given beside a Dataset, which brings its own. Make the Dataset with "
                "them, or pass its .matrix."
            )
    return replace(given, user=data.user_features, item=data.item_features)


def check_weights(weights: Any) -> None:
    if weights is None:
        return
    if not isinstance(weights, Mapping):
        raise ArgumentTypeError(f"`feature_weights` must be a dict of group -> weight, got {shown(weights)}.")
    for group, weight in weights.items():
        check_float(f"feature_weights[{group!r}]", weight)


def check_groups(features: Iterable[Features], weights: Mapping[str, float] | None) -> None:
    """Raise unless every group in ``feature_weights`` is one of some side."""
    known = {group for side in features for group in groups_of(side)}
    for group in weights or {}:
        if group not in known:
            raise ArgumentError(
                f"`feature_weights` must name groups of features ({', '.join(map(repr, sorted(known)))}), "
                f"got {group!r}."
            )


def groups_of(features: Features) -> list[str]:
    """Return the group of each column: what stands before "=" in its name, or "indicators"."""
    return [INDICATORS] * features.indicators + [name.split("=")[0] for name in features.names or ()]


def _weighted(matrix: sp.csr_array, features: Features, weights: Mapping[str, float] | None) -> sp.csr_array:
    """Return the matrix with each column multiplied by the weight of its group."""
    if not weights:
        return matrix
    columns = np.ones(matrix.shape[1], np.float32)
    groups = groups_of(features)
    columns[: len(groups)] = [weights.get(group, 1.0) for group in groups]
    scaled = matrix.copy()
    scaled.data = scaled.data * columns[scaled.indices]
    scaled.eliminate_zeros()
    return scaled


def _normalized(rows: sp.csr_array) -> sp.csr_array:
    sums = np.asarray(abs(rows).sum(axis=1), dtype=np.float64)
    scaled = rows.copy()
    scaled.data = (rows.data / np.repeat(sums, np.diff(rows.indptr))).astype(np.float32)
    return scaled
