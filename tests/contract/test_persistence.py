"""Files of models on a Dataset: frames come back as they were."""

from __future__ import annotations

import pandas as pd
from tests.contract.zoo import rows_of

import tastemaker as tm


def test_round_trip_on_a_dataset(unfitted, X, tmp_path):
    users, items, weights = zip(*rows_of(X), strict=True)
    frame = pd.DataFrame({"user_id": users, "movieId": items, "count": weights})
    model = unfitted.fit(tm.Dataset.from_frame(frame, user="user_id", item="movieId", weight="count"))
    model.save(tmp_path / "m")
    loaded = tm.load(tmp_path / "m")
    pd.testing.assert_frame_equal(loaded.recommend(["u3", "u9"], n=5), model.recommend(["u3", "u9"], n=5))
    facts = tm.inspect(tmp_path / "m")
    assert facts["model"] == model.to_config()
    assert facts["shape"] == [40, 30]
    assert facts["ids"] == {"users": "str", "items": "int"}
