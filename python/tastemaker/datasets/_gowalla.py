"""Gowalla: check-ins at places, in the split on which graph recommenders are compared."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from tastemaker._validation import as_csr, check_bool, friendly
from tastemaker.data import Dataset
from tastemaker.datasets._bundle import to_dataset
from tastemaker.datasets._obtain import Recipe, obtain
from tastemaker.datasets._parse import read_lists
from tastemaker.datasets._raw import Known, Raw
from tastemaker.datasets._sources import Files
from tastemaker.errors import DataError
from tastemaker.splits import Split
from tastemaker.splits._parts import parted

# The published split travels through the loaders as a weight: 1 for train, 2 for test.
_train, _test = 1.0, 2.0


@dataclass(frozen=True, repr=False, eq=False)
class PublishedSplit(Split):
    """A split as its authors published it.

    Attributes
    ----------
    dataset : Dataset
        Train and test together.
    titles : dict of int to str
        Title per item id; empty where the set has none.
    licence : str
        What its owners allow.
    source : str
        A sentence that says how the data was had.
    """

    dataset: Dataset = field(kw_only=True)
    titles: dict[int, str] = field(kw_only=True, default_factory=dict)
    licence: str = field(kw_only=True)
    source: str = field(kw_only=True)


def _read_text(folder: Path) -> Raw:
    parts = []
    for name, mark in (("train.txt", _train), ("test.txt", _test)):
        lengths, values = read_lists(folder / name, counted=False)
        if not lengths.all():
            raise DataError(f"`{folder / name}` must start every line with a user, got an empty line.")
        starts = np.cumsum(lengths) - lengths
        items = np.delete(values, starts)
        parts.append((np.repeat(values[starts], lengths - 1), items, np.full(len(items), mark)))
    return _joined(parts)


def _read_npz(folder: Path) -> Raw:
    parts = []
    for name, mark in (("train.npz", _train), ("test.npz", _test)):
        try:
            with (folder / name).open("rb") as file:
                matrix = as_csr(name, sp.load_npz(file)).tocoo()
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DataError(f"`{folder / name}` is not a sparse matrix in a file: {error}.") from error
        parts.append((matrix.row.astype(np.int64), matrix.col.astype(np.int64), np.full(matrix.nnz, mark)))
    return _joined(parts)


def _joined(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Raw:
    users, items, marks = zip(*parts, strict=True)
    return Raw(np.concatenate(users), np.concatenate(items), np.concatenate(marks))


recipe = Recipe(
    name="gowalla",
    title="Gowalla",
    layouts={("train.txt", "test.txt"): _read_text, ("train.npz", "test.npz"): _read_npz},
    known=Known(
        29_858, 40_981, 1_027_370, "31c776ce7f877110aeda8539a6133471ca25364b417b3998c9b96da58444eef0"
    ),
    licence="None stated with the split; cite Cho, Myers and Leskovec (KDD 2011), He et al. (SIGIR 2020).",
    sources=(
        Files(
            "https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/master/data/gowalla",
            ("train.txt", "test.txt"),
        ),
    ),
)


@friendly
def gowalla(*, download: bool = True) -> PublishedSplit:
    """Load Gowalla, 29,858 users x 40,981 places, in its published split of 810,128 and 217,242 check-ins.

    Looked for in the folder ``gowalla`` of the directory that ``TASTEMAKER_DATA`` names, then in the user's
    cache, then in the authors' repository. No checksum of the files is published: the check-ins themselves
    are hashed and compared.

    Parameters
    ----------
    download : bool, default True
        Whether the network may be used. Needs ``pip install "tastemaker[datasets]"``.

    Returns
    -------
    PublishedSplit
        A `Split` with ``.dataset``, ``.licence`` and ``.source``. Weights are 1; there are no times, titles
        or features; no user and no place is cold. Published results are recall and NDCG at 20 over all places.

    Raises
    ------
    DataError
        No way led to the files (the message lists the ways), or they are not the published ones.

    References
    ----------
    E. Cho, S. Myers and J. Leskovec, "Friendship and Mobility", KDD 2011; X. He et al., "LightGCN",
    SIGIR 2020.

    Examples
    --------
    >>> split = gowalla()  # doctest: +SKIP
    >>> split.test.nnz  # doctest: +SKIP
    217242
    """
    raw, source = obtain(recipe, download=check_bool("download", download))
    marked = to_dataset(raw)
    in_test = marked.matrix.data == _test
    dataset = to_dataset(replace(raw, weight=None))
    split = parted(dataset, in_test, "gowalla (published)")
    return PublishedSplit(
        split.train, split.test, split.name, dataset=dataset, licence=recipe.licence, source=source
    )
