"""Public data sets."""

from tastemaker.compat.lightfm.datasets.movielens import fetch_movielens
from tastemaker.compat.lightfm.datasets.stackexchange import fetch_stackexchange

__all__ = ["fetch_movielens", "fetch_stackexchange"]
