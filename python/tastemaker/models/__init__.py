"""The models, all of one contract."""

from tastemaker.models.base import Recommender
from tastemaker.models.knn import KNN

__all__ = ["KNN", "Recommender"]
