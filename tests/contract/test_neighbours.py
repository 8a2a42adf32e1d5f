"""explain: where the abilities say so, and a clear refusal elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import tastemaker as tm
from tastemaker.errors import ArgumentError, UnsupportedError


def test_explanations_sum_to_the_score(model, X):
    if "explain" not in model.abilities:
        with pytest.raises(UnsupportedError, match="cannot do explain"):
            model.explain(0, 1)
        return
    for user in (0, 11, 39):
        item = int(model.recommend(user, n=1)[0][0])
        ids, contributions = model.explain(user, item)
        assert (np.diff(contributions) <= 0).all()
        if isinstance(model, tm.LightFM):  # by features, not by history
            np.testing.assert_allclose(contributions.sum(), model.score(user, item), rtol=1e-4, atol=1e-6)
            continue
        assert sorted(ids) == sorted(X[[user]].indices)
        folded, scores = model.recommend(interactions=X[[user]], n=30)
        want = scores[0][folded[0] == item]
        np.testing.assert_allclose(contributions.sum(), want, rtol=2e-4, atol=2e-5)
    with pytest.raises(ArgumentError, match="one id each"):
        model.explain([0, 1], 2)
