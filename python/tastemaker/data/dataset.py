"""The interactions of users with items: one sparse matrix, the ids of its sides, times and features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tastemaker._validation import as_csr, friendly
from tastemaker.data._assemble import Origin, build, extend
from tastemaker.data._columns import default_columns
from tastemaker.data._describe import Description, describe
from tastemaker.data._feature_build import FeatureInput, build_features
from tastemaker.data._files import Reader, read_file
from tastemaker.data._frames import is_frame, read_interactions
from tastemaker.data._interactions import Interactions
from tastemaker.data._merge import Duplicates, WeightPolicy
from tastemaker.data._tuples import read_tuples
from tastemaker.data.features import FeatureOptions
from tastemaker.data.idmap import IdMap
from tastemaker.errors import ArgumentTypeError, DataError


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Interactions):
    """Interactions as a users x items matrix, with ids, times and features.

    Made by `from_frame`, `from_file`, `from_tuples` or `from_sparse`; never changed afterwards: `extend` returns
    a new one.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array of float32, shape (n_users, n_items)
        Weights. Canonical: columns ascend within a row, no pair twice, no stored zeros.
    times : ndarray of float64, shape (nnz,), or None
        Seconds since 1970-01-01 UTC of each pair's newest row, aligned with ``matrix.data``.
    users, items : IdMap
        Ids of the rows and of the columns. Indices ascend with the ids (ints by value, str by code point), so
        the order of the input does not matter; `extend` appends the ids it adds.
    user_features, item_features : FeatureTable or None
        What is known besides.
    columns : dict
        The user's name of the columns "user", "item", "weight" and "time".
    frame : {"pandas", "polars", "pyarrow"} or None
        Kind of frame that came in, in which results go out.

    Examples
    --------
    >>> import tastemaker as tm
    >>> data = tm.Dataset.from_tuples([("ann", "heat", 5), ("bob", "heat", 3), ("bob", "ronin", 4)])
    >>> data
    Dataset(2 users x 2 items, 3 interactions, weights 3 to 5)
    >>> data.matrix.toarray()
    array([[5., 0.],
           [3., 4.]], dtype=float32)
    >>> data.items.take([1])
    array(['ronin'], dtype=object)
    """

    @classmethod
    @friendly
    def from_frame(
        cls,
        frame: Any,
        *,
        user: str | None = None,
        item: str | None = None,
        weight: str | Literal[False] | None = None,
        time: str | Literal[False] | None = None,
        user_features: Any = None,
        item_features: Any = None,
        separators: Mapping[str, str] | None = None,
        indicators: bool = True,
        normalize: bool = False,
        on_duplicate: Duplicates = "sum",
        half_life: float | timedelta | None = None,
        cap: float | None = None,
    ) -> Dataset:
        """Return the Dataset of a frame with one interaction per row.

        Parameters
        ----------
        frame : pandas, polars or pyarrow frame, or duckdb relation
        user, item : str, optional
            Columns of ids: ints or text, none missing. ``None`` takes a column whose name leaves no doubt
            (``user_id``, ``movieId``, ...) and says so in `describe`.
        weight : str or False, optional
            Column of weights: finite numbers, negative for a dislike. ``None`` takes a column of amounts
            (``weight``, ``plays``, ``count``, ...) but never one of judgements (``rating``), which must be asked
            for: a rating of 1 is not a fifth of a liking. Without weights every row counts 1, as ``False`` forces.
        time : str or False, optional
            Column of times: datetimes, ISO 8601 text or unix times (their magnitude tells seconds from
            milli-, micro- and nanoseconds). Without a zone they are UTC. ``None`` takes ``timestamp``, ``date``, ...
        user_features, item_features : frame, or iterable of (id, [names]) or (id, {name: weight}), optional
            What is known of users or items. In a frame, the column of ids is named as in the interactions or
            obviously; text and categories give a feature "column=value" per value, lists one per element,
            numbers and booleans one feature with the value. Make a code a text to have it a category. Missing
            values give no feature. Ids without interactions are left out, with a `DataWarning`.
        separators : dict of str to str, optional
            Columns of features whose text holds several values, such as ``{"genres": "|"}``.
        indicators : bool, default True
            Start the features with one indicator per id. Without them, two items of equal features are one.
        normalize : bool, default False
            Divide each row of features by the sum of its absolute values. Off, because it makes an item's own
            indicator weaker the more is known of it.
        on_duplicate : {"sum", "last", "max", "error"}, default "sum"
            What rows of one (user, item) pair become: their sum (amounts add up), the newest ("last"; the
            last row where there are no times), the largest, or an error. The pair's time is the newest.
        half_life : float (days) or timedelta, optional
            Halve a row's weight with every half-life between it and the newest row. ``None``: no decay. A
            weight that has decayed below float32's range (some 149 half-lives) is no interaction any more.
        cap : float, optional
            Largest absolute weight of a pair, applied last. ``None``: no cap.

        Raises
        ------
        DataError
            A missing column, ids that are missing or of mixed kinds, weights or times that are not finite,
            no rows.
        ArgumentError, ArgumentTypeError
            An option with a wrong value, or of a wrong kind.

        Examples
        --------
        >>> import polars as pl
        >>> import tastemaker as tm
        >>> plays = pl.DataFrame({"user_id": [7, 7, 9], "song_id": ["a", "b", "a"], "plays": [3, 1, 2]})
        >>> tm.Dataset.from_frame(plays)
        Dataset(2 users x 2 items, 3 interactions, weights 1 to 3)
        """
        policy = WeightPolicy.checked(on_duplicate, half_life, cap)
        options = FeatureOptions.checked(separators, indicators, normalize)
        raw = read_interactions(frame, {"user": user, "item": item, "weight": weight, "time": time})
        return cls(**build("frame", raw, policy, FeatureInput(user_features, item_features, options)))

    @classmethod
    @friendly
    def from_file(
        cls,
        path: str | Path,
        *,
        reader: Reader | None = None,
        user: str | None = None,
        item: str | None = None,
        weight: str | Literal[False] | None = None,
        time: str | Literal[False] | None = None,
        user_features: Any = None,
        item_features: Any = None,
        separators: Mapping[str, str] | None = None,
        indicators: bool = True,
        normalize: bool = False,
        on_duplicate: Duplicates = "sum",
        half_life: float | timedelta | None = None,
        cap: float | None = None,
    ) -> Dataset:
        """Return the Dataset of a file with one interaction per row and the names of columns in the first.

        Parameters
        ----------
        path : str or Path
            A .csv, .tsv, .csv.gz, .tsv.gz or .parquet file.
        reader : {"polars", "pyarrow", "pandas"}, optional
            The library that reads it, in whose frames results come. ``None`` takes the first that is installed.
        user, item, weight, time, user_features, item_features, separators, indicators, normalize, \
        on_duplicate, half_life, cap
            As in `from_frame`.

        Raises
        ------
        MissingLibraryError
            No reader is installed: ``pip install "tastemaker[io]"``.
        DataError, ArgumentError, ArgumentTypeError
            As in `from_frame`, or the file cannot be read.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import tastemaker as tm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "plays.csv")
        ...     _ = path.write_text("user,item\\nann,heat\\nbob,heat\\n")
        ...     tm.Dataset.from_file(path)
        Dataset(2 users x 1 items, 2 interactions)
        """
        policy = WeightPolicy.checked(on_duplicate, half_life, cap)
        options = FeatureOptions.checked(separators, indicators, normalize)
        given = {"user": user, "item": item, "weight": weight, "time": time}
        raw = read_interactions(read_file(path, reader), given)
        return cls(**build("path", raw, policy, FeatureInput(user_features, item_features, options)))

    @classmethod
    @friendly
    def from_tuples(
        cls,
        rows: Iterable[tuple[Any, ...]],
        *,
        user_features: Any = None,
        item_features: Any = None,
        separators: Mapping[str, str] | None = None,
        indicators: bool = True,
        normalize: bool = False,
        on_duplicate: Duplicates = "sum",
        half_life: float | timedelta | None = None,
        cap: float | None = None,
    ) -> Dataset:
        """Return the Dataset of an iterable of tuples; needs no frame library.

        Parameters
        ----------
        rows : iterable of (user, item), (user, item, weight) or (user, item, weight, time)
            All of one length.
        user_features, item_features, separators, indicators, normalize, on_duplicate, half_life, cap
            As in `from_frame`.

        Raises
        ------
        DataError, ArgumentError, ArgumentTypeError
            As in `from_frame`.

        Examples
        --------
        >>> import tastemaker as tm
        >>> rows = [("ann", "heat", 2, "2024-05-01"), ("ann", "heat", 2, "2024-05-11")]
        >>> tm.Dataset.from_tuples(rows, half_life=10).matrix.toarray()
        array([[3.]], dtype=float32)
        """
        policy = WeightPolicy.checked(on_duplicate, half_life, cap)
        options = FeatureOptions.checked(separators, indicators, normalize)
        features = FeatureInput(user_features, item_features, options)
        return cls(**build("rows", read_tuples(rows), policy, features))

    @classmethod
    @friendly
    def from_sparse(
        cls,
        matrix: Any,
        *,
        users: Any = None,
        items: Any = None,
        user_features: Any = None,
        item_features: Any = None,
        separators: Mapping[str, str] | None = None,
        indicators: bool = True,
        normalize: bool = False,
    ) -> Dataset:
        """Return the Dataset of a users x items sparse matrix.

        Parameters
        ----------
        matrix : scipy sparse matrix or array, shape (n_users, n_items)
            Any format and index width. It is copied; entries of one pair are added, stored zeros left out.
        users, items : IdMap or sequence of ids, optional
            Ids of the rows and of the columns, each once. ``None``: the indices.
        user_features, item_features, separators, indicators, normalize
            As in `from_frame`.

        Raises
        ------
        DataError
            A broken matrix, values that are not finite, ids that repeat or do not match its shape.

        Examples
        --------
        >>> import scipy.sparse as sp
        >>> import tastemaker as tm
        >>> tm.Dataset.from_sparse(sp.eye_array(2), users=["ann", "bob"], items=[7, 9])
        Dataset(2 users x 2 items, 2 interactions)
        """
        options = FeatureOptions.checked(separators, indicators, normalize)
        features = FeatureInput(user_features, item_features, options)
        csr = as_csr("matrix", matrix).copy()  # the caller may go on changing its arrays
        user_map, item_map = _side("users", users, csr.shape[0]), _side("items", items, csr.shape[1])
        return cls(
            matrix=csr,
            times=None,
            users=user_map,
            items=item_map,
            origin=Origin(weighted=bool((csr.data != 1).any()), features=options),
            **build_features(features, user_map, item_map, default_columns),
        )

    @friendly
    def extend(
        self,
        rows: Any = (),
        *,
        user: str | None = None,
        item: str | None = None,
        weight: str | None = None,
        time: str | None = None,
        user_features: Any = None,
        item_features: Any = None,
    ) -> Dataset:
        """Return the Dataset grown by new interactions and features; every index already given stays.

        Duplicates, decay, cap and feature options are those of this Dataset. The result is that of building
        from all rows at once, except that new ids stand after the old ones, that a pair stays capped and
        decayed as it was, and that a pair whose weight was zero has been forgotten.

        Parameters
        ----------
        rows : frame or iterable of tuples, default ()
            New interactions, with times if and only if this Dataset has them.
        user, item, weight, time : str, optional
            Columns of a frame. ``None``: as in this Dataset (`columns`).
        user_features, item_features : optional
            As in `from_frame`. An id given again loses the features that it had.

        Raises
        ------
        DataError
            As in `from_frame`, and ids of another kind than before.

        Examples
        --------
        >>> import tastemaker as tm
        >>> data = tm.Dataset.from_tuples([("bob", "heat")])
        >>> data.extend([("ann", "heat"), ("bob", "alien")]).users.ids
        array(['bob', 'ann'], dtype=object)
        """
        if is_frame(rows):
            named = {"user": user, "item": item, "weight": weight, "time": time}
            raw = read_interactions(rows, self._wanted(named))
        else:
            raw = read_tuples(rows)
        return replace(self, **extend(self, raw, user_features, item_features))

    def _wanted(self, named: dict[str, str | None]) -> dict[str, str | Literal[False]]:
        """Return the columns to read from new rows: as named, else as before; False for what was never read."""
        absent = {"weight": not self.origin.weighted, "time": self.times is None}
        return {
            role: name or (False if absent.get(role) else self.columns[role]) for role, name in named.items()
        }

    def items_of(self, user: Any) -> np.ndarray:
        """Return the ids of a user's items, largest weight first, equal ones in the order of their indices.

        Raises
        ------
        UnknownIdError
            No such user.

        Examples
        --------
        >>> import tastemaker as tm
        >>> tm.Dataset.from_tuples([("ann", "heat", 2), ("ann", "alien", 5), ("bob", "heat", 1)]).items_of("ann")
        array(['alien', 'heat'], dtype=object)
        """
        row = self.matrix[self.users.lookup([user], "user")]
        return self.items.take(row.indices[np.argsort(-row.data, kind="stable")])

    def describe(self) -> Description:
        """Return counts, density, weights, time span, thin users and items, memory, and what was guessed.

        Returns
        -------
        Description
            Prints as text and HTML; `facts` is a dict, `to_frame()` one row.

        Examples
        --------
        >>> import tastemaker as tm
        >>> report = tm.Dataset.from_tuples([("ann", "heat"), ("bob", "heat"), ("bob", "heat")]).describe()
        >>> report.facts["density"], report.facts["duplicate_rows"]
        (1.0, 1)
        >>> report.notes
        ["1 rows repeat a pair: their weights were added; override with on_duplicate= (now 'sum')."]
        """
        return describe(self)

    def _repr_html_(self) -> str:
        html: str = self.describe()._repr_html_()
        return html


def _side(name: str, ids: Any, size: int) -> IdMap:
    if ids is None:
        return IdMap(np.arange(size))
    if isinstance(ids, (str, int)):
        raise ArgumentTypeError(f"`{name}` must be a sequence of {size} ids, got {ids!r}.")
    known = ids if isinstance(ids, IdMap) else IdMap(ids)
    if len(known) != size:
        raise DataError(f"`{name}` must have one id per {name[:-1]} of the matrix, {size}, got {len(known)}.")
    return known
