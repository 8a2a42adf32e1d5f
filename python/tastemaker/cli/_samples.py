"""Lists of a few test users by every model, for eyes rather than for figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tastemaker._table import Table
from tastemaker.models import Recommender
from tastemaker.splits import Split

_users, _length = 5, 10


def sample_lists(models: Mapping[str, Recommender], split: Split, titles: Mapping[Any, str | None]) -> Table:
    """Return rows user, model, rank, item, title, score, hit of users spread evenly over the test users."""
    asked = np.flatnonzero(np.diff(split.test.matrix.indptr))
    rows = asked[np.unique(np.linspace(0, len(asked) - 1, _users).astype(int))]
    known = split.known.take_users(rows)
    truth = split.test.matrix[rows].toarray() > 0
    columns: dict[str, list[Any]] = {
        name: [] for name in ("user", "model", "rank", "item", "title", "score", "hit")
    }
    for label, model in models.items():
        if split.history is None:
            ids, scores = model.recommend(known.users.ids, _length, output="arrays")
        else:
            ids, scores = model.recommend(n=_length, interactions=known, output="arrays")
        for row, place in zip(*np.nonzero(ids >= 0), strict=True):
            item = split.train.items.take(ids[row, place])[0]
            cells = (
                known.users.ids[row],
                label,
                int(place) + 1,
                item,
                titles.get(item),
                scores[row, place],
                bool(truth[row, ids[row, place]]),
            )
            for column, cell in zip(columns.values(), cells, strict=True):
                column.append(cell)
    columns["title"] = list(map(_text, columns["title"]))
    return Table(columns)


def _text(title: str | None) -> str:
    return "" if title is None else title
