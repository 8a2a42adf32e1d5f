"""What implicit says of the GPU, where there is none: this release computes on the CPU."""

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


def refuse(what: str) -> NoReturn:
    """Raise the error of whatever needs a GPU."""
    raise UnsupportedError(f"`{what}` needs a GPU, which this release does not use. Pass use_gpu=False.")


def __getattr__(name: str) -> Any:
    if name in _on_device:
        # implicit without CUDA lacks these names as well, and callers ask hasattr.
        raise AttributeError(f"`implicit.gpu.{name}` needs a GPU, which this release does not use.")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
