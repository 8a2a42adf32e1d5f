from __future__ import annotations

import pytest
import scipy.sparse as sp
from tests.contract.zoo import MODELS, interactions

import tastemaker as tm


@pytest.fixture(name="X")
def matrix() -> sp.csr_array:
    return interactions()


@pytest.fixture(params=MODELS)
def unfitted(request: pytest.FixtureRequest) -> tm.Recommender:
    return MODELS[request.param]()


@pytest.fixture
def model(unfitted: tm.Recommender, X: sp.csr_array) -> tm.Recommender:
    return unfitted.fit(X)
