"""Files of vectors: one list column in Parquet, a column per number in text, two arrays in .npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tastemaker._modelfile import replacing
from tastemaker.cli._errors import writing
from tastemaker.cli._sinks import file_sink, format_of
from tastemaker.errors import MissingLibraryError

_rows = 65_536  # vectors turned into text at once


def write_npz(path: Path, ids: np.ndarray, vectors: np.ndarray) -> None:
    """Write arrays ``ids`` and ``vectors``; text ids have fixed width, since objects would need pickle."""
    plain = ids.astype(str) if ids.dtype == object else ids
    with writing(path), replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, ids=plain, vectors=vectors)


def write_vectors(path: Path, column: str, ids: np.ndarray, vectors: np.ndarray) -> None:
    """Write ids and vectors row by row."""
    if format_of(path) == ".parquet":
        _write_parquet(path, column, ids, vectors)
        return
    width = len(str(max(vectors.shape[1] - 1, 0)))
    names = [f"v{at:0{width}}" for at in range(vectors.shape[1])]
    with file_sink(path, {column: ids.dtype} | dict.fromkeys(names, np.float32)) as sink:
        for start in range(0, len(ids), _rows):
            block = np.asarray(vectors[start : start + _rows])
            sink.write({column: ids[start : start + _rows]} | dict(zip(names, block.T, strict=True)))


def _write_parquet(path: Path, column: str, ids: np.ndarray, vectors: np.ndarray) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingLibraryError(
            'Parquet files need pyarrow: pip install "tastemaker[io]", or write a .csv or .npz file.'
        ) from error
    flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
    table = pa.table(
        {column: pa.array(ids), "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])}
    )
    with writing(path), replacing(path) as temporary:
        pq.write_table(table, temporary)
