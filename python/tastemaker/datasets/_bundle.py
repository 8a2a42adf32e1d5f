"""What a loader returns: the data, names for people, and where it came from."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from tastemaker._table import Table
from tastemaker.data import Dataset, IdMap
from tastemaker.datasets._raw import Raw
from tastemaker.errors import DataError


@dataclass(frozen=True, repr=False, eq=False)
class DataBundle:
    """A data set with titles, licence and source.

    Attributes
    ----------
    name : str
        The set's name for people.
    dataset : Dataset
        Interactions, with user and item features where the set has them.
    interactions : Table
        The same as columns "user", "item" and, where the set has them, "weight" and "time" (seconds since
        1970, NaN where unknown); ``interactions.to_frame()`` gives a data frame.
    titles : dict of int to str
        Title per item id; empty where the set has none.
    licence : str
        What its owners allow.
    source : str
        A sentence that says how the data was had.
    """

    name: str
    dataset: Dataset
    interactions: Table
    titles: dict[int, str] = field(default_factory=dict)
    licence: str = ""
    source: str = ""

    def __repr__(self) -> str:
        return "\n".join([self._size(), self.source, f"Licence: {self.licence}"])

    def _repr_html_(self) -> str:
        first, *rest = (html.escape(line) for line in repr(self).splitlines())
        return f"<p><b>{first}</b><br>{'<br>'.join(rest)}</p>"

    def _size(self) -> str:
        data = self.dataset
        return f"{self.name}: {data.n_users:,} users x {data.n_items:,} items, {data.nnz:,} interactions"


def bundle(name: str, raw: Raw, *, licence: str, source: str) -> DataBundle:
    """Return what was read as a DataBundle; times that are not all known stay out of the Dataset."""
    columns = {"user": raw.user, "item": raw.item, "weight": raw.weight, "time": raw.time}
    table = Table({column: values for column, values in columns.items() if values is not None})
    return DataBundle(name, to_dataset(raw), table, raw.titles, licence, source)


def to_dataset(raw: Raw) -> Dataset:
    """Return the Dataset of what was read: one entry per pair, times only where all are known."""
    users = IdMap.from_values(raw.user, name="user")
    items = IdMap.from_values(raw.item, name="item")
    # Indices ascend with ids, so the order of one is that of the other.
    rows, cols = users.find(raw.user[raw.order]), items.find(raw.item[raw.order])
    if ((rows[1:] == rows[:-1]) & (cols[1:] == cols[:-1])).any():
        raise DataError("the interactions hold the same pair of user and item twice")
    weights = np.ones(len(rows)) if raw.weight is None else raw.weight[raw.order]
    indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(users)))))
    matrix = sp.csr_array((weights.astype(np.float32), cols, indptr), shape=(len(users), len(items)))
    data = Dataset.from_sparse(
        matrix,
        users=users,
        items=items,
        user_features=raw.user_tags or None,
        item_features=raw.item_tags or None,
    )
    if raw.time is None or np.isnan(raw.time).any():
        return data
    return data.with_interactions(data.matrix, raw.time[raw.order])
