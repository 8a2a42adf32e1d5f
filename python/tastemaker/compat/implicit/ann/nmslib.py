"""The wrapper that implicit builds on NMSLib."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tastemaker._validation import friendly
from tastemaker.compat.implicit.ann._index import Settings
from tastemaker.compat.implicit.ann._model import IndexedModel
from tastemaker.compat.implicit.cpu.matrix_factorization_base import MatrixFactorizationBase

__all__ = ["NMSLibModel"]


class NMSLibModel(IndexedModel):
    """See IndexedModel. Of NMSLib's parameters ``M``, ``efConstruction`` and ``ef`` have a meaning for usearch.

    Parameters
    ----------
    model : MatrixFactorizationBase
    approximate_similar_items, approximate_recommend : bool, default True
    method : str, default "hnsw"
        Kept and not used.
    index_params : mapping, default {"M": 16, "post": 0, "efConstruction": 400}
    query_params : mapping, default {"ef": 90}
    index : {"exact", "usearch"}, default "exact"
    """

    @friendly
    def __init__(
        self,
        model: MatrixFactorizationBase,
        approximate_similar_items: bool = True,
        approximate_recommend: bool = True,
        method: str = "hnsw",
        index_params: Mapping[str, Any] | None = None,
        query_params: Mapping[str, Any] | None = None,
        index: str = "exact",
    ) -> None:
        self.method = method
        self.index_params = dict(index_params or {"M": 16, "post": 0, "efConstruction": 400})
        self.query_params = dict(query_params or {"ef": 90})
        settings = Settings(
            connectivity=self.index_params.get("M", 0),
            expansion_add=self.index_params.get("efConstruction", 0),
            expansion_search=self.query_params.get("ef", 0),
        )
        super().__init__(model, approximate_similar_items, approximate_recommend, index, settings)
