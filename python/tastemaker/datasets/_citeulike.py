"""CiteULike-a: researchers' libraries of articles, with the articles' tags."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tastemaker._validation import check_bool, friendly
from tastemaker.datasets._bundle import DataBundle, bundle
from tastemaker.datasets._obtain import Recipe, obtain
from tastemaker.datasets._parse import decode, read_lists
from tastemaker.datasets._raw import Known, Raw
from tastemaker.datasets._sources import Files
from tastemaker.errors import DataError

_files = ("users.dat", "item-tag.dat", "tags.dat")


def _read(folder: Path) -> Raw:
    lengths, items = read_lists(folder / "users.dat", counted=True)
    users = np.repeat(np.arange(len(lengths)), lengths)
    return Raw(users, items, item_tags=_article_tags(folder))


def _article_tags(folder: Path) -> list[tuple[int, list[str]]]:
    path = folder / "tags.dat"
    names = decode(path, path.read_bytes(), "utf-8").removesuffix("\n").split("\n")
    lengths, tags = read_lists(folder / "item-tag.dat", counted=True)
    if tags.max() >= len(names):
        raise DataError(f"`{folder / 'item-tag.dat'}` has tag {tags.max()}, but there are {len(names)} tags.")
    named = [f"tag={names[tag]}" for tag in tags.tolist()]
    ends = np.cumsum(lengths).tolist()
    starts = [0, *ends[:-1]]
    return [(item, named[start:end]) for item, (start, end) in enumerate(zip(starts, ends, strict=True))]


recipe = Recipe(
    name="citeulike-a",
    title="CiteULike-a",
    layouts={_files: _read},
    # The authors' page counts 204,987 pairs; their file has 204,986.
    known=Known(5_551, 16_980, 204_986, "afef3a683615947d9e07e0cda7646e86094aa06977edd6a6bd7194157aeb6a56"),
    licence="None stated by its authors; cite Wang, Chen and Li (IJCAI 2013).",
    sources=(Files("https://raw.githubusercontent.com/js05212/citeulike-a/master", _files),),
)


@friendly
def citeulike_a(*, download: bool = True) -> DataBundle:
    """Load CiteULike-a: 5,551 researchers x 16,980 articles in their libraries, weights are 1.

    Looked for in the folder ``citeulike-a`` of the directory that ``TASTEMAKER_DATA`` names, then in the
    user's cache, then in the authors' repository. No checksum of the files is published: the pairs themselves
    are hashed and compared.

    Parameters
    ----------
    download : bool, default True
        Whether the network may be used. Needs ``pip install "tastemaker[datasets]"``.

    Returns
    -------
    DataBundle
        Ids count from 0, as in the files. Item features are 46,391 tags, the set's point: it is the usual
        test of recommending articles that nobody has yet. No titles (they come in a file apart), no times.

    Raises
    ------
    DataError
        No way led to the files (the message lists the ways), or they are not the published ones.

    References
    ----------
    H. Wang, B. Chen and W.-J. Li, "Collaborative Topic Regression with Social Regularization for Tag
    Recommendation", IJCAI 2013.

    Examples
    --------
    >>> data = citeulike_a()  # doctest: +SKIP
    >>> data.dataset.nnz  # doctest: +SKIP
    204986
    """
    raw, source = obtain(recipe, download=check_bool("download", download))
    return bundle(recipe.title, raw, licence=recipe.licence, source=source)
