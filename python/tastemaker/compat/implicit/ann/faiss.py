"""The wrapper that implicit builds on Faiss."""

from __future__ import annotations

from tastemaker._validation import friendly
from tastemaker.compat.implicit import gpu
from tastemaker.compat.implicit.ann._index import Settings
from tastemaker.compat.implicit.ann._model import IndexedModel
from tastemaker.compat.implicit.cpu.matrix_factorization_base import MatrixFactorizationBase

__all__ = ["FaissModel"]


class FaissModel(IndexedModel):
    """See IndexedModel. Inverted lists have no counterpart here: ``nlist`` and ``nprobe`` are kept and not used.

    Parameters
    ----------
    model : MatrixFactorizationBase
    approximate_similar_items, approximate_recommend : bool, default True
    nlist : int, default 400
    nprobe : int, default 20
    use_gpu : bool, default False
        True raises UnsupportedError.
    index : {"exact", "usearch"}, default "exact"
    """

    @friendly
    def __init__(
        self,
        model: MatrixFactorizationBase,
        approximate_similar_items: bool = True,
        approximate_recommend: bool = True,
        nlist: int = 400,
        nprobe: int = 20,
        use_gpu: bool = gpu.HAS_CUDA,
        index: str = "exact",
    ) -> None:
        if use_gpu:
            gpu.refuse("FaissModel(use_gpu=True)")
        self.nlist = nlist
        self.nprobe = nprobe
        self.use_gpu = use_gpu
        super().__init__(model, approximate_similar_items, approximate_recommend, index, Settings())
