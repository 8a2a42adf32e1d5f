"""The models, all of one contract."""

from tastemaker.models.base import Recommender

__all__ = ["Recommender"]
