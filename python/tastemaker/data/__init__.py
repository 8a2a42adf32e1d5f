"""Interactions and the ids, times and features that come with them."""

from __future__ import annotations

from tastemaker.data.dataset import Dataset
from tastemaker.data.features import FeatureTable
from tastemaker.data.idmap import IdMap

__all__ = ["Dataset", "FeatureTable", "IdMap"]
