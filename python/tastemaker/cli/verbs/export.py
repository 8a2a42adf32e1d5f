"""``tastemaker export``: what a model learned, for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from tastemaker.cli._errors import writing
from tastemaker.cli._ids import items_of, users_of
from tastemaker.cli._sinks import file_sink, format_of
from tastemaker.cli._vectors import write_npz, write_vectors
from tastemaker.cli._verb import Session, option, verb
from tastemaker.data import IdMap
from tastemaker.errors import UnsupportedError
from tastemaker.models import Recommender
from tastemaker.persistence import inspect, load

_batch = 4096  # items whose neighbours are in memory at once


@verb("export")
@click.argument("model", type=click.Path(path_type=Path))
@option(
    "--what",
    type=click.Choice(["items", "users", "similarities"]),
    default="items",
    show_default=True,
    help="Vectors of items or of users, or each item's nearest neighbours.",
)
@option("-n", "n", type=click.IntRange(min=1), default=50, show_default=True, help="Neighbours per item.")
def command(session: Session, model: Path, what: str, n: int) -> None:
    """Write vectors or similarities of the model in the file MODEL to the file of -o.

    The file may end in .parquet, .csv, .tsv, .jsonl or, for vectors, .npz. A user's score for an item is the product
    of their vectors. In Parquet a vector is one list column; in text files each of its numbers has a column.
    """
    if session.output is None:
        raise click.UsageError("export writes a file: name it with -o, such as -o vectors.parquet.")
    fitted = load(model)
    columns = inspect(model)["columns"]
    if what == "similarities":
        rows = _write_neighbours(session.output, fitted, columns["item"], n)
        session.note(f"Wrote {rows:,} pairs to {session.output}.")
        return
    ids = items_of(fitted) if what == "items" else users_of(fitted)
    vectors = _vectors(fitted, what)
    if session.output.suffix.lower() == ".npz":
        with writing(session.output):
            write_npz(session.output, ids.ids, vectors)
    else:
        write_vectors(session.output, columns[what[:-1]], ids.ids, vectors)
    session.note(f"Wrote {len(vectors):,} vectors of {vectors.shape[1]} numbers to {session.output}.")


def _vectors(model: Recommender, what: str) -> np.ndarray:
    vectors: np.ndarray | None = getattr(model, f"{what[:-1]}_factors_", None)
    if vectors is None:
        raise UnsupportedError(
            f"{type(model).__name__} has no vectors of {what}; --what similarities may be what you want."
        )
    return vectors


def _write_neighbours(path: Path, model: Recommender, column: str, n: int) -> int:
    format_of(path)
    model._require("similar_items")
    ids = items_of(model)
    text = ids.ids.dtype
    schema = {column: text, f"similar_{column}": text, "rank": np.int32, "score": np.float32}
    count = 0
    with file_sink(path, schema) as sink:
        for block in _neighbours(model, ids, n):
            sink.write(dict(zip(schema, block, strict=True)))
            count += len(block[0])
    return count


def _neighbours(model: Recommender, ids: IdMap, n: int) -> Iterator[tuple[np.ndarray, ...]]:
    for start in range(0, len(ids), _batch):
        asked = ids.ids[start : start + _batch]
        at, scores = model.similar_items(asked, n, output="arrays")
        found = at >= 0
        rows, places = np.nonzero(found)
        yield asked[rows], ids.take(at[found]), (places + 1).astype(np.int32), scores[found]
