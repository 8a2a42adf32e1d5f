"""Write the frozen files: models that implicit 0.7.3 saved, and what it recommended from them.

build/peers/implicit/bin/python tests/compat/freeze.py     # OPENBLAS_NUM_THREADS=1
"""

from pathlib import Path

import numpy as np
import scipy.sparse as sp

FOLDER = Path(__file__).parent / "implicit_files"


def main():
    import implicit  # here, since pytest imports every module to look for examples

    rng = np.random.default_rng(0)
    likes = rng.random((14, 9)) < 0.4
    likes[np.arange(14), np.arange(14) % 9] = True
    X = sp.csr_matrix(likes * rng.uniform(0.5, 3, likes.shape))
    als = implicit.als.AlternatingLeastSquares
    neighbours = implicit.nearest_neighbours
    models = {
        "als": als(factors=3, alpha=2.0, regularization=0.25, iterations=4, num_threads=1, random_state=6),
        "als-float64": als(
            factors=3, dtype=np.float64, use_cg=False, calculate_training_loss=True, random_state=6
        ),
        "item-item": neighbours.ItemItemRecommender(K=4),
        "cosine": neighbours.CosineRecommender(K=4),
        "tfidf": neighbours.TFIDFRecommender(K=4),
        "bm25": neighbours.BM25Recommender(K=4, K1=1.5, B=0.4),
        "bpr": implicit.bpr.BayesianPersonalizedRanking(
            factors=3, iterations=5, num_threads=1, random_state=6
        ),
        "lmf": implicit.lmf.LogisticMatrixFactorization(
            factors=3, iterations=5, num_threads=1, random_state=6
        ),
    }
    results = {"data": X.toarray()}
    for name, model in models.items():
        model.fit(X, show_progress=False)
        model.save(FOLDER / f"{name}.npz")
        # With what the users like, of which nobody runs out: for lists that are too short implicit makes items up.
        ids, scores = model.recommend(np.arange(14), X, N=3, filter_already_liked_items=False)
        results[f"{name} ids"], results[f"{name} scores"] = ids, scores
    als(factors=5).save(FOLDER / "als-unfitted.npz")
    neighbours.CosineRecommender(K=7).save(FOLDER / "cosine-unfitted.npz")
    np.savez_compressed(FOLDER / "results.npz", **results)


if __name__ == "__main__":
    main()
