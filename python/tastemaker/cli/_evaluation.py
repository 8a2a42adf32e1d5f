"""Options of what is measured, and test events put in a model's own order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
import numpy as np
import scipy.sparse as sp

from tastemaker.cli._ids import items_of, users_of
from tastemaker.cli._verb import Session, bundled, option
from tastemaker.data import Dataset, IdMap
from tastemaker.errors import DataError
from tastemaker.evaluation import Comparison, Evaluation, Segments, segmentations
from tastemaker.models import Recommender
from tastemaker.splits import Split

section = "Evaluation options"


@dataclass(frozen=True)
class Measures:
    """The evaluation options of a verb."""

    metrics: str
    draws: int
    confidence: float
    segments: str | None

    def arguments(self, session: Session) -> dict[str, Any]:
        """Return them as keywords of evaluate and compare."""
        return {
            "metrics": [name.strip() for name in self.metrics.split(",") if name.strip()],
            "draws": self.draws,
            "confidence": self.confidence,
            "rng": session.seed,
            "threads": session.threads,
        }

    def segments_of(self, result: Evaluation | Comparison, session: Session) -> Segments | None:
        """Return the figures per segment if they were asked for."""
        if self.segments is None:
            return None
        return result.segments(self.segments, rng=session.seed, threads=session.threads)


measure_options = bundled(
    "measures",
    Measures,
    option(
        "--metrics",
        default="ndcg@10,recall@10,precision@10,hit@10",
        show_default=True,
        section=section,
        help="Names with cutoffs, separated by commas: precision, recall, ndcg, hit, map, mrr, auc, diversity, "
        "novelty, popularity_lift, coverage; auc without a cutoff is over all items.",
    ),
    option(
        "--draws",
        type=click.IntRange(min=100),
        default=1000,
        show_default=True,
        section=section,
        help="Bootstrap samples behind the intervals.",
    ),
    option(
        "--confidence",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.95,
        show_default=True,
        section=section,
        help="Level of the intervals.",
    ),
    option(
        "--segments",
        type=click.Choice(tuple(segmentations)),
        section=section,
        help="Figures for each part of the users (by activity; cold and warm users) or of the relevant items "
        "(by popularity; cold and warm items) too.",
    ),
)


@dataclass(frozen=True)
class Aligned:
    """Test events in a model's order, and how many had to be left out."""

    split: Split
    unknown_users: int
    unknown_items: int
    left_out: int
    seen: int

    def notes(self) -> list[str]:
        """Return what the user should know of it."""
        notes = []
        if self.left_out:
            notes.append(
                f"{self.left_out:,} test events left out: {self.unknown_users:,} users and "
                f"{self.unknown_items:,} items are unknown to the model."
            )
        if self.seen:
            notes.append(
                f"{self.seen:,} test events were in training; the model does not recommend what was seen, so "
                "they count as misses."
            )
        return notes


def align(test: Dataset, model: Recommender) -> Aligned:
    """Return test events as the split that a fitted model can be measured on."""
    users, items = users_of(model), items_of(model)
    coo = test.matrix.tocoo()
    row_of, column_of = _find(users, test.users), _find(items, test.items)
    rows, columns = row_of[coo.coords[0]], column_of[coo.coords[1]]
    known = (rows >= 0) & (columns >= 0)
    if not known.any():
        raise DataError(
            f"None of the {test.nnz:,} test events has a user and an item that the model knows. The model's ids: "
            f"users such as {users.ids[0]!r}, items such as {items.ids[0]!r}; the test's: "
            f"{test.users.ids[0]!r} and {test.items.ids[0]!r}."
        )
    shape = (len(users), len(items))
    matrix = sp.csr_array(sp.coo_array((coo.data[known], (rows[known], columns[known])), shape=shape))
    train = Dataset.from_sparse(model.seen_, users=users, items=items)
    asked = Dataset.from_sparse(matrix, users=users, items=items)
    return Aligned(
        Split(train, asked, "file"),
        unknown_users=int((row_of < 0).sum()),
        unknown_items=int((column_of < 0).sum()),
        left_out=int((~known).sum()),
        seen=int((abs(matrix) > 0).multiply(abs(model.seen_) > 0).nnz),
    )


def _find(known: IdMap, asked: IdMap) -> np.ndarray:
    return known.find(asked.ids)
