"""A warning points at the line of the user's own code, and one function makes sure of that."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from tests.unit.test_architecture import python_files

import tastemaker as tm
from tastemaker.compat.implicit.als import AlternatingLeastSquares
from tastemaker.compat.implicit.nearest_neighbours import CosineRecommender
from tastemaker.compat.implicit.utils import ParameterWarning
from tastemaker.errors import DataWarning

PAIRS = [("ann", "alien"), ("ann", "blade"), ("bob", "alien"), ("bob", "emma")]
X = sp.csr_matrix(np.eye(6, 5) + 1)


def popular():
    return tm.Popular().fit(tm.Dataset.from_tuples(PAIRS))


def hybrid():
    data = tm.Dataset.from_tuples(PAIRS, item_features=[(i, ["film"]) for _, i in PAIRS])
    return tm.LightFM(factors=2, epochs=1, rng=0).fit(data)


def factors():
    model = AlternatingLeastSquares(factors=2, iterations=1)
    model.fit(X, show_progress=False)
    return model


def without_features():
    tags = sp.csr_array(np.eye(5, 2))
    tm.LightFM(factors=2, epochs=1).fit(sp.csr_array(X), item_features=tags)


CASES = {
    "a cold user": (lambda: tm.ALS(factors=2, epochs=1).fit(np_cold()).recommend(n=1), DataWarning),
    "unknown items to deny": (lambda: popular().recommend("ann", deny=["heat"]), DataWarning),
    "unknown items of a batch": (lambda: list(popular().recommend_batches(deny=["heat"])), DataWarning),
    "new interactions": (lambda: popular().recommend(interactions=["alien", "heat"]), DataWarning),
    "fold-in": (
        lambda: tm.ALS(factors=2, epochs=1).fit(tm.Dataset.from_tuples(PAIRS)).fold_in(["heat", "emma"]),
        DataWarning,
    ),
    "unknown features": (lambda: hybrid().represent_items(["film", "play"]), DataWarning),
    "no feature": (without_features, DataWarning),
    "features of nobody": (
        lambda: tm.Dataset.from_tuples(PAIRS, item_features=[("alien", ["a"]), ("heat", ["b"])]),
        DataWarning,
    ),
    "conversion to CSR": (lambda: CosineRecommender().fit(X.tocoo()), ParameterWarning),
    "rank_items": (lambda: factors().rank_items(0, X[0], [1, 2]), DeprecationWarning),
    "recommend_all": (lambda: factors().recommend_all(X), DeprecationWarning),
}


def np_cold():
    return sp.csr_array(np.vstack([np.ones((3, 4)), np.zeros((1, 4))]))


@pytest.mark.parametrize("case", CASES)
def test_a_warning_points_at_the_caller(case):
    call, category = CASES[case]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert [warning.category for warning in caught] == [category]
    assert caught[0].filename == __file__


def test_only_one_place_warns():
    assert [path.name for path in python_files() if "warnings.warn(" in path.read_text()] == [
        "_validation.py"
    ]
