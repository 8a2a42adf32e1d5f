"""Every model that the contract tests run over, and the small data that they run on."""

from __future__ import annotations

import tastemaker as tm
from tastemaker.testing._samples import interactions, rows_of

__all__ = ["MODELS", "interactions", "rows_of"]

MODELS = {
    "popular": tm.Popular,
    "popular-weight": lambda: tm.Popular(by="weight"),
    "knn-cosine": lambda: tm.KNN(similarity="cosine", neighbors=8),
    "knn-pearson": lambda: tm.KNN(similarity="pearson", neighbors=8),
    "knn-tfidf": lambda: tm.KNN(similarity="tfidf", neighbors=8),
    "knn-bm25": lambda: tm.KNN(similarity="bm25", neighbors=8),
    "knn-jaccard": lambda: tm.KNN(similarity="jaccard", neighbors=8),
    "knn-random-walk": lambda: tm.KNN(similarity="random_walk", neighbors=8),
    "knn-dot": lambda: tm.KNN(similarity="dot", neighbors=8),
    "knn-users": lambda: tm.KNN(similarity="cosine", neighbors=8, axis="user"),
    "als-cg": lambda: tm.ALS(factors=9, epochs=4, solver="cg", rng=1),
    "als-cholesky": lambda: tm.ALS(factors=6, epochs=3, solver="cholesky", rng=1),
    "als-ials++": lambda: tm.ALS(factors=20, epochs=3, solver="ials++", block_size=16, rng=1),
    "lightfm-warp": lambda: tm.LightFM(factors=6, epochs=5, loss="warp", deterministic=True, rng=1),
    "lightfm-bpr": lambda: tm.LightFM(factors=6, epochs=5, loss="bpr", deterministic=True, rng=1),
    "lightfm-logistic": lambda: tm.LightFM(factors=6, epochs=5, loss="logistic", deterministic=True, rng=1),
    "lightfm-kos": lambda: tm.LightFM(
        factors=6, epochs=5, loss="warp_kos", optimizer="adadelta", deterministic=True, rng=1
    ),
    "bpr": lambda: tm.BPR(factors=6, epochs=5, deterministic=True, rng=1),
    "logistic-mf": lambda: tm.LogisticMF(factors=6, epochs=5, rng=1),
    "svd": lambda: tm.SVD(factors=5, power_iterations=16, rng=1),
    "ease": lambda: tm.EASE(reg=20.0),
    "blend": lambda: tm.Blend(
        {"als": tm.ALS(factors=6, epochs=3, rng=1), "knn": tm.KNN(neighbors=8)}, weights={"als": 2, "knn": 1}
    ),
    "blend-found": lambda: tm.Blend({"ease": tm.EASE(reg=20.0), "knn": tm.KNN(neighbors=8)}, k=5, rng=1),
}
