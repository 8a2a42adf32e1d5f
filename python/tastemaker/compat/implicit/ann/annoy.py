"""The wrapper that implicit builds on Annoy."""

from __future__ import annotations

from tastemaker._validation import friendly
from tastemaker.compat.implicit.ann._index import Settings
from tastemaker.compat.implicit.ann._model import IndexedModel
from tastemaker.compat.implicit.cpu.matrix_factorization_base import MatrixFactorizationBase

__all__ = ["AnnoyModel"]


class AnnoyModel(IndexedModel):
    """See IndexedModel. Trees have no counterpart here: ``n_trees`` and ``search_k`` are kept and not used.

    Parameters
    ----------
    model : MatrixFactorizationBase
    approximate_similar_items, approximate_recommend : bool, default True
    n_trees : int, default 50
    search_k : int, default -1
    index : {"exact", "usearch"}, default "exact"
    """

    @friendly
    def __init__(
        self,
        model: MatrixFactorizationBase,
        approximate_similar_items: bool = True,
        approximate_recommend: bool = True,
        n_trees: int = 50,
        search_k: int = -1,
        index: str = "exact",
    ) -> None:
        self.n_trees = n_trees
        self.search_k = search_k
        super().__init__(model, approximate_similar_items, approximate_recommend, index, Settings())
