"""The small data that several tests of models share."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.contract.zoo import interactions


@pytest.fixture(name="X")
def matrix() -> sp.csr_array:
    """Interactions of 40 users with 30 items."""
    return interactions()


@pytest.fixture(name="tags")
def item_tags(rng: np.random.Generator) -> sp.csr_array:
    """Five features of the 30 items; all have the third."""
    dense = (rng.random((30, 5)) < 0.4).astype(np.float32)
    dense[:, 2] = 1
    return sp.csr_array(dense)
