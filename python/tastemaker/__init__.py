"""Recommendations from implicit feedback: a fast C++ core under a friendly Python API."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public names and the modules that define them, imported on first use: `import tastemaker` stays quick.
_exports = {
    "ALS": "models.als",
    "BPR": "models.bpr",
    "Blend": "models.blend",
    "Dataset": "data",
    "EASE": "models.ease",
    "KNN": "models.knn",
    "LightFM": "models.lightfm",
    "LogisticMF": "models.logistic_mf",
    "Popular": "models.popular",
    "Recommender": "models.base",
    "SVD": "models.svd",
    "Table": "_table",
    "compare": "evaluation",
    "config": "_runtime",
    "evaluate": "evaluation",
    "inspect": "persistence",
    "load": "persistence",
    "num_threads": "_runtime",
}
_modules = ("data", "datasets", "errors", "evaluation", "plots", "splits", "testing")

__all__ = ["__version__", *_exports, *_modules]

if TYPE_CHECKING:
    from tastemaker._runtime import config as config
    from tastemaker._runtime import num_threads as num_threads
    from tastemaker._table import Table as Table
    from tastemaker.data import Dataset as Dataset
    from tastemaker.evaluation import compare as compare
    from tastemaker.evaluation import evaluate as evaluate
    from tastemaker.models.als import ALS as ALS
    from tastemaker.models.base import Recommender as Recommender
    from tastemaker.models.blend import Blend as Blend
    from tastemaker.models.bpr import BPR as BPR
    from tastemaker.models.ease import EASE as EASE
    from tastemaker.models.knn import KNN as KNN
    from tastemaker.models.lightfm import LightFM as LightFM
    from tastemaker.models.logistic_mf import LogisticMF as LogisticMF
    from tastemaker.models.popular import Popular as Popular
    from tastemaker.models.svd import SVD as SVD
    from tastemaker.persistence import inspect as inspect
    from tastemaker.persistence import load as load


def __getattr__(name: str) -> Any:
    if name in _exports:
        return getattr(import_module(f"tastemaker.{_exports[name]}"), name)
    if name in _modules:
        return import_module(f"tastemaker.{name}")
    raise AttributeError(f"module 'tastemaker' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
