"""The models, all of one contract."""

from tastemaker.models.als import ALS
from tastemaker.models.base import Recommender
from tastemaker.models.blend import Blend
from tastemaker.models.bpr import BPR
from tastemaker.models.ease import EASE
from tastemaker.models.knn import KNN
from tastemaker.models.lightfm import LightFM
from tastemaker.models.logistic_mf import LogisticMF
from tastemaker.models.popular import Popular
from tastemaker.models.svd import SVD

__all__ = ["ALS", "BPR", "EASE", "KNN", "SVD", "Blend", "LightFM", "LogisticMF", "Popular", "Recommender"]
