"""What implicit says of the GPU where its device classes are missing: here only ALS trains on one, through `ALS`.

``HAS_CUDA`` is False on every machine, for there is no `Matrix` or `KnnQuery` to be had; ``use_gpu=True`` asks for ALS
on a GPU, and is an error where there is none.
"""

from __future__ import annotations

from typing import Any, NoReturn

from tastemaker.errors import UnsupportedError

__all__ = ["HAS_CUDA", "HAS_RMM"]

HAS_CUDA = False
HAS_RMM = False

_on_device = {
    "COOMatrix",
    "CSRMatrix",
    "IntVector",
    "KnnQuery",
    "LeastSquaresSolver",
    "Matrix",
    "RandomState",
    "bpr_update",
    "calculate_norms",
    "get_device_count",
}


def refuse(what: str, why: str = "only ALS runs on one in this release") -> NoReturn:
    """Raise the error of whatever needs a GPU and gets none."""
    raise UnsupportedError(f"`{what}` needs a GPU: {why}. Pass use_gpu=False.")


def __getattr__(name: str) -> Any:
    if name in _on_device:
        # implicit without CUDA lacks these names as well, and callers ask hasattr.
        raise AttributeError(f"`implicit.gpu.{name}` needs a GPU, which only ALS uses in this release.")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
