"""One program for implicit and for the façade: train, recommend, compare, measure; what comes out, by name.

    python journey.py implicit data.npz results.npz          # in an environment with implicit 0.7.3

The tests run it with the façade in their own process and with implicit, where it is installed, in its own.
"""

import importlib
import sys

import numpy as np
import scipy.sparse as sp


def data(seed=0, n_users=60, n_items=40):
    """Return users x items weights, all different, so that nothing depends on how ties are broken."""
    rng = np.random.default_rng(seed)
    likes = rng.random((n_users, n_items)) < 0.1 + 0.5 / np.arange(1, n_items + 1)
    likes[np.arange(n_users), rng.permutation(np.arange(n_users) % n_items)] = True
    return sp.csr_matrix(likes * rng.uniform(0.5, 4, likes.shape), dtype=np.float32)


def factorise(implicit, X):
    """Return what alternating least squares gives: factors, losses, lists, neighbours, updates."""
    out, losses = {}, []
    model = implicit.als.AlternatingLeastSquares(
        factors=8, alpha=2.0, regularization=0.5, iterations=6, calculate_training_loss=True, random_state=3
    )
    model.fit(X, show_progress=False, callback=lambda i, seconds, loss: losses.append((i, loss)))
    out["losses"] = np.array(losses)
    keep(out, "als", model, X)
    out["recalculated"] = model.recalculate_user([4, 5], X[[6, 7]])
    out["recalculated_one"] = model.recalculate_item(0, X.T.tocsr()[3])
    total, parts, weights = model.explain(2, X, 5, N=50)
    out["explained"] = np.array([total, *dict(sorted(parts)).values()])
    out["explained_again"] = np.array(model.explain(2, X, 6, user_weights=weights)[0])
    out["YtY"], out["XtX"] = model.YtY, model.XtX
    model.partial_fit_users([1, X.shape[0] + 1], X[[2, 3]])
    model.partial_fit_items([0, X.shape[1]], X.T.tocsr()[[4, 5]])
    out["grown_users"], out["grown_items"] = model.user_factors, model.item_factors

    exact = implicit.als.AlternatingLeastSquares(factors=8, use_cg=False, iterations=3, random_state=1)
    dislikes = X.copy()
    dislikes.data[::7] *= -1
    exact.fit(dislikes, show_progress=False)
    exact.fit(dislikes, show_progress=False)
    out["exact_users"], out["exact_items"] = exact.user_factors, exact.item_factors
    return out


def keep(out, name, model, X):
    """Store the lists of a model in every form."""
    batch = np.arange(0, 20)
    out[f"{name}_list"], out[f"{name}_scores"] = model.recommend(batch, X[batch], N=5)
    out[f"{name}_liked"], _ = model.recommend(batch, X[batch], N=5, filter_already_liked_items=False)
    out[f"{name}_one"], out[f"{name}_one_scores"] = model.recommend(3, X[3], N=4)
    # implicit's neighbours give up to N + len(filter_items) here, and its items= makes int64 ids.
    out[f"{name}_without"] = model.recommend(3, X[3], N=3, filter_items=[0, 1, 2, 3, 4])[0][:3]
    out[f"{name}_alike"], out[f"{name}_alike_scores"] = model.similar_items([0, 7], N=5)
    if name == "als":
        out["als_only"] = model.recommend(3, X[3], N=3, items=[9, 1, 12, 30, 8, 22])[0].astype(np.int32)
        out["als_anew"], _ = model.recommend([0, 1], X[[8, 9]], N=5, recalculate_user=True)
        out["als_people"], out["als_people_scores"] = model.similar_users([1, 2], N=5)
        out["user_factors"], out["item_factors"] = model.user_factors, model.item_factors
        out["user_norms"], out["item_norms"] = model.user_norms, model.item_norms


def neighbours(implicit, X):
    """Return what the nearest-neighbour models and their weightings give."""
    out = {}
    module = implicit.nearest_neighbours
    X = X.astype(np.float64)
    models = {
        "product": module.ItemItemRecommender(K=6),
        "cosine": module.CosineRecommender(K=6),
        "tfidf": module.TFIDFRecommender(K=6),
        "bm25": module.BM25Recommender(K=6, K1=1.5, B=0.4),
    }
    for name, model in models.items():
        model.fit(X, show_progress=False)
        out[f"{name}_similarity"] = model.similarity.toarray()
        keep(out, name, model, X)
    for name in ("normalize", "tfidf_weight", "bm25_weight"):
        out[name] = getattr(module, name)(X.T).toarray()
    out["pairs"] = module.all_pairs_knn(X, K=4, show_progress=False).toarray()
    return out


def measure(implicit, X):
    """Return splits and metrics."""
    out = {}
    evaluation = importlib.import_module(f"{implicit.__name__}.evaluation")
    train, test = evaluation.train_test_split(X, train_percentage=0.7, random_state=5)
    out["train"], out["test"] = train.toarray(), test.toarray()
    train, test = sp.csr_matrix(out["train"]), sp.csr_matrix(out["test"])
    als = implicit.als.AlternatingLeastSquares(factors=8, iterations=5, random_state=0)
    bm25 = implicit.nearest_neighbours.BM25Recommender(K=15)
    for name, model in {"als": als, "bm25": bm25}.items():
        model.fit(train, show_progress=False)
        for K in (1, 5, 10):
            metrics = evaluation.ranking_metrics_at_k(model, train, test, K=K, show_progress=False)
            out[f"{name}_metrics_{K}"] = np.array([metrics[m] for m in ("precision", "map", "ndcg", "auc")])
    out["precision"] = evaluation.precision_at_k(als, train, test, K=5, show_progress=False)
    out["auc"] = evaluation.AUC_at_k(als, train, test, K=5, show_progress=False)
    return out


def run(implicit, X):
    """Return every result by name."""
    return {**factorise(implicit, X), **neighbours(implicit, X), **measure(implicit, X)}


if __name__ == "__main__":
    np.savez(sys.argv[3], **run(importlib.import_module(sys.argv[1]), sp.load_npz(sys.argv[2])))
