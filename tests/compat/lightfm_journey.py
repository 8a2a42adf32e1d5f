"""What a user of LightFM does, of which the outcome is no matter of chance: run under LightFM and under the façade.

build/peers/lightfm/bin/python tests/compat/lightfm_journey.py lightfm tests/compat/lightfm_files/results.npz
"""

import importlib
import sys

import numpy as np

USERS, ITEMS = [f"u{k}" for k in range(30)], list(range(100, 120))
SIDES = ("user", "item")
ARRAYS = (
    "embeddings",
    "embedding_gradients",
    "embedding_momentum",
    "biases",
    "bias_gradients",
    "bias_momentum",
)


def matrices(package, results):
    """Build the data as in LightFM's own examples, split it, and record what was built."""
    rng = np.random.default_rng(0)
    data = importlib.import_module(f"{package}.data")
    split = importlib.import_module(f"{package}.cross_validation").random_train_test_split
    dataset = data.Dataset()
    dataset.fit(USERS, ITEMS, item_features=["a", "b"])
    dataset.fit_partial(user_features=["x", "y"], item_features=["c"])
    pairs = [(u, i, 1.0 + rng.integers(3)) for u in USERS for i in ITEMS if rng.random() < 0.3]
    interactions, weights = dataset.build_interactions(pairs)
    item_features = dataset.build_item_features([(i, {"a": 1.0, "bc"[i % 2]: 2.0}) for i in ITEMS])
    user_features = dataset.build_user_features(
        [(u, ["xy"[k % 2]]) for k, u in enumerate(USERS)], normalize=False
    )
    train, test = split(interactions, test_percentage=0.25, random_state=np.random.RandomState(3))
    of_train, _ = split(weights, test_percentage=0.25, random_state=np.random.RandomState(3))
    built = {
        "interactions": interactions,
        "weights": weights,
        "train": train,
        "test": test,
        "of train": of_train,
        "item features": item_features,
        "user features": user_features,
    }
    for name, matrix in built.items():
        results[name] = matrix.toarray()
    results["rows"], results["columns"] = interactions.row, interactions.col
    results["sizes"] = np.array([*dataset.interactions_shape(), *dataset.model_dimensions()])
    results["shapes"] = np.array([*dataset.user_features_shape(), *dataset.item_features_shape()])
    return train, test, of_train, {"user_features": user_features, "item_features": item_features}


def answers(package, model, test, train, features, results, prefix):
    """Record predictions, representations, ranks and metrics."""
    evaluation = importlib.import_module(f"{package}.evaluation")
    pairs = np.arange(20, dtype=np.int32)
    results[f"{prefix} pairs"] = model.predict(pairs, pairs[::-1].copy(), **features)
    results[f"{prefix} one user"] = model.predict(3, pairs, **features)
    for side in SIDES:
        represent = getattr(model, f"get_{side}_representations")
        results[f"{prefix} {side} biases"], results[f"{prefix} {side} vectors"] = represent(
            features.get(f"{side}_features")
        )
    results[f"{prefix} ranks"] = model.predict_rank(test, train, **features).toarray()
    for metric in ("precision_at_k", "recall_at_k", "auc_score", "reciprocal_rank"):
        for keep in (False, True):
            values = getattr(evaluation, metric)(model, test, train, **features, preserve_rows=keep)
            results[f"{prefix} {metric} {keep}"] = values


def run(package, arrays=None):
    """Return what comes out by name; `arrays` are those of models that LightFM trained, or None to train them."""
    results = {}
    model_class = importlib.import_module(package).LightFM
    train, test, weights, features = matrices(package, results)
    train, test = train.tocoo(), test.tocsr()
    for schedule in ("adagrad", "adadelta"):
        model = model_class(no_components=4, loss="warp", learning_schedule=schedule, random_state=5)
        model.fit_partial(train, epochs=0, **features)
        for side in SIDES:
            results[f"start {schedule} {side}"] = getattr(model, f"{side}_embeddings")
        if arrays is None:
            model.fit(train, sample_weight=weights, epochs=5, **features)
        for side in SIDES:
            for name in ARRAYS:
                key = f"{schedule} {side}_{name}"
                if arrays is not None:
                    setattr(model, f"{side}_{name}", arrays[key])
                results[key] = getattr(model, f"{side}_{name}")
        answers(package, model, test, train.tocsr(), features, results, schedule)
    model = model_class(no_components=4).fit_partial(train, epochs=0)
    for side in SIDES:  # scores that are equal to the last bit
        setattr(model, f"{side}_embeddings", np.zeros_like(getattr(model, f"{side}_embeddings")))
        biases = np.arange(len(getattr(model, f"{side}_biases"))) % 3 / 2
        setattr(model, f"{side}_biases", biases.astype(np.float32))
    answers(package, model, test, train.tocsr(), {}, results, "tied")
    return results


if __name__ == "__main__":
    np.savez_compressed(sys.argv[2], **run(sys.argv[1]))
