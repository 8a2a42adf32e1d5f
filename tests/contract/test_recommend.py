"""Users of whom nothing is known: what the contract leaves to the model."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import tastemaker as tm
from tastemaker.errors import DataWarning


def test_a_user_without_interactions_is_not_served_noise(unfitted, X):
    dense = X.toarray()
    dense[5] = 0
    model = unfitted.fit(sp.csr_array(dense))
    if isinstance(model, tm.Popular):
        assert (model.recommend([5], n=3)[0] >= 0).all()
        return
    with pytest.warns(DataWarning, match=r"1 of 2 users have no interactions"):
        ids, scores = model.recommend([5, 6], n=3)
    assert (ids[0] == -1).all()
    assert np.isnan(scores[0]).all()
    assert (ids[1] >= 0).any()


def test_a_new_user_with_an_empty_history_gets_nothing(model):
    if "fold_in" in model.abilities and not isinstance(model, tm.Popular):
        ids, _ = model.recommend(interactions=[], n=4)
        assert (ids == -1).all()
