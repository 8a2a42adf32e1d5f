"""similar_items, similar_users and explain: where the abilities say so, and a clear refusal elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import tastemaker as tm
from tastemaker.errors import ArgumentError, UnknownIdError, UnsupportedError


@pytest.mark.parametrize(("verb", "size"), [("similar_items", 30), ("similar_users", 40)])
def test_neighbours_are_ordered_and_exclude_oneself(model, verb, size):
    similar = getattr(model, verb)
    if verb not in model.abilities:
        with pytest.raises(UnsupportedError, match=f"`{type(model).__name__}` cannot do {verb}"):
            similar(0)
        return
    everyone = np.arange(size)
    ids, scores = similar(everyone, n=6)
    assert ids.shape == scores.shape == (size, 6)
    assert not (ids == everyone[:, None]).any()
    filled = np.where(ids >= 0, scores, -np.inf)
    assert (np.diff(filled, axis=1) <= 0).all()
    one, _ = similar(3, n=6)
    np.testing.assert_array_equal(one, ids[3])
    with pytest.raises(UnknownIdError):
        similar(size)
    with pytest.raises(ArgumentError, match="`n`"):
        similar(0, n=0)


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
