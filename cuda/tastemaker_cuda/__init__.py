"""ALS of tastemaker on an NVIDIA GPU: installed beside tastemaker, which finds it; `tastemaker doctor` says whether.

Importing it needs neither a GPU nor a driver.
"""

from importlib.metadata import version

from tastemaker_cuda import _cuda

__all__ = ["problem"]

__version__ = version("tastemaker-cuda")


def problem() -> str:
    """Return what is missing on this machine for computing on a GPU; empty where nothing is."""
    reason: str = _cuda.probe().problem
    return reason
