"""What the tests of the façade share."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.compat import journey

from tastemaker.compat.implicit.als import AlternatingLeastSquares
from tastemaker.compat.implicit.approximate_als import (
    AnnoyAlternatingLeastSquares,
    NMSLibAlternatingLeastSquares,
)
from tastemaker.compat.implicit.bpr import BayesianPersonalizedRanking
from tastemaker.compat.implicit.lmf import LogisticMatrixFactorization
from tastemaker.compat.implicit.nearest_neighbours import BM25Recommender, CosineRecommender

MODELS = {
    "als": lambda: AlternatingLeastSquares(factors=6, iterations=3, random_state=0),
    "als-float64": lambda: AlternatingLeastSquares(factors=6, iterations=3, dtype=np.float64, random_state=0),
    "cosine": lambda: CosineRecommender(K=7),
    "bm25": lambda: BM25Recommender(K=7),
    "bpr": lambda: BayesianPersonalizedRanking(factors=6, iterations=3, num_threads=1, random_state=0),
    "lmf": lambda: LogisticMatrixFactorization(factors=6, iterations=3, random_state=0),
    "annoy": lambda: AnnoyAlternatingLeastSquares(factors=6, iterations=3, random_state=0),
    "usearch": lambda: NMSLibAlternatingLeastSquares(
        factors=6, iterations=3, random_state=0, index="usearch"
    ),
}


@pytest.fixture(scope="session")
def X() -> sp.csr_matrix:
    """60 users x 40 items; every one has an interaction."""
    return journey.data()


@pytest.fixture(scope="session")
def fitted(X):
    """Return a fitted model by name; made once, so tests must not change it."""
    made = {}

    def get(name):
        if name not in made:
            if name == "usearch":
                pytest.importorskip("usearch", reason="needs usearch: pip install tastemaker[ann]")
            made[name] = MODELS[name]()
            made[name].fit(X, show_progress=False)
        return made[name]

    return get


@pytest.fixture(params=MODELS)
def model(request, fitted):
    return fitted(request.param)


@pytest.fixture
def als(fitted):
    return fitted("als")
