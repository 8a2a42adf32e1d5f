"""Alternating least squares behind an index of the item factors.

The default index is exact: the whole search for a list takes milliseconds at a million items, so that an approximate
one, which takes minutes to build and misses items, seldom pays. ``index="usearch"`` builds one all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tastemaker.compat.implicit import gpu
from tastemaker.compat.implicit.als import AlternatingLeastSquares
from tastemaker.compat.implicit.ann.annoy import AnnoyModel
from tastemaker.compat.implicit.ann.faiss import FaissModel
from tastemaker.compat.implicit.ann.nmslib import NMSLibModel

__all__ = [
    "AnnoyAlternatingLeastSquares",
    "FaissAlternatingLeastSquares",
    "NMSLibAlternatingLeastSquares",
]


def NMSLibAlternatingLeastSquares(
    *args: Any,
    approximate_similar_items: bool = True,
    approximate_recommend: bool = True,
    method: str = "hnsw",
    index_params: Mapping[str, Any] | None = None,
    query_params: Mapping[str, Any] | None = None,
    use_gpu: bool = gpu.HAS_CUDA,
    index: str = "exact",
    **kwargs: Any,
) -> NMSLibModel:
    """Return an `ann.nmslib.NMSLibModel` around an AlternatingLeastSquares, which the other arguments make.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> from tastemaker.compat.implicit.approximate_als import NMSLibAlternatingLeastSquares
    >>> likes = csr_matrix([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [0, 1, 1, 1]])
    >>> model = NMSLibAlternatingLeastSquares(factors=2, random_state=0)
    >>> model.fit(likes, show_progress=False)
    >>> ids, scores = model.recommend(0, likes[0], N=1)
    >>> ids
    array([2], dtype=int32)
    """
    model = AlternatingLeastSquares(*args, **{"use_gpu": use_gpu, **kwargs})
    return NMSLibModel(
        model, approximate_similar_items, approximate_recommend, method, index_params, query_params, index
    )


def AnnoyAlternatingLeastSquares(
    *args: Any,
    approximate_similar_items: bool = True,
    approximate_recommend: bool = True,
    n_trees: int = 50,
    search_k: int = -1,
    use_gpu: bool = gpu.HAS_CUDA,
    index: str = "exact",
    **kwargs: Any,
) -> AnnoyModel:
    """Return an `ann.annoy.AnnoyModel` around an AlternatingLeastSquares, which the other arguments make."""
    model = AlternatingLeastSquares(*args, **{"use_gpu": use_gpu, **kwargs})
    return AnnoyModel(model, approximate_similar_items, approximate_recommend, n_trees, search_k, index)


def FaissAlternatingLeastSquares(
    *args: Any,
    approximate_similar_items: bool = True,
    approximate_recommend: bool = True,
    nlist: int = 400,
    nprobe: int = 20,
    use_gpu: bool = gpu.HAS_CUDA,
    index: str = "exact",
    **kwargs: Any,
) -> FaissModel:
    """Return an `ann.faiss.FaissModel` around an AlternatingLeastSquares, which the other arguments make."""
    model = AlternatingLeastSquares(*args, **{"use_gpu": use_gpu, **kwargs})
    return FaissModel(model, approximate_similar_items, approximate_recommend, nlist, nprobe, use_gpu, index)
