"""What holds for ranking metrics of any list."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tastemaker import _core
from tastemaker._validation import csr_parts

names = _core.ranking_metric_names()
n_items = 15


@st.composite
def cases(draw):
    """Lists of distinct items padded with -1, and non-empty sets of relevant items."""
    users = draw(st.integers(1, 6))
    items = st.integers(0, n_items - 1)
    ids = np.full((users, n_items), -1, dtype=np.int32)
    truth = np.zeros((users, n_items), dtype=np.float32)
    for user in range(users):
        row = draw(st.lists(items, unique=True))
        ids[user, : len(row)] = row
        truth[user, draw(st.lists(items, unique=True, min_size=1))] = 1
    return ids, truth


def metrics(ids, truth, cutoffs=range(1, n_items + 3)):
    cutoffs = np.array(cutoffs, dtype=np.int32)
    candidates = np.full(len(ids), n_items, dtype=np.int32)
    out = _core.rank_users(np.ascontiguousarray(ids), csr_parts(sp.csr_array(truth)), candidates, cutoffs, 1)
    return dict(zip(names, out, strict=True))


@given(cases())
def test_between_zero_and_one(case):
    for values in metrics(*case).values():
        assert ((values >= 0) & (values <= 1 + 1e-12)).all()


@given(cases())
def test_recall_hit_map_and_mrr_grow_with_k_and_precision_times_k(case):
    got = metrics(*case)
    k = np.arange(1, n_items + 3)[:, None]
    for values in (got["recall"], got["hit"], got["map"], got["mrr"], got["precision"] * k):
        assert (np.diff(values, axis=0) >= -1e-12).all()


@given(cases(), st.randoms(use_true_random=False))
def test_names_of_items_and_order_of_users_do_not_matter(case, random):
    ids, truth = case
    items, users = list(range(n_items)), list(range(len(ids)))
    random.shuffle(items)
    random.shuffle(users)
    renamed = np.array([*items, -1], dtype=np.int32)[ids]
    moved = np.zeros_like(truth)
    moved[:, items] = truth
    want, got = metrics(ids, truth), metrics(renamed[users], moved[users])
    for name in names:
        np.testing.assert_array_equal(got[name], want[name][:, users])


@given(cases())
def test_each_cutoff_is_what_it_is_alone(case):
    together = metrics(*case)
    for k in (1, 4, n_items + 2):
        alone = metrics(*case, cutoffs=[k])
        for name in names:
            np.testing.assert_array_equal(alone[name][0], together[name][k - 1])


@given(cases())
def test_swapping_a_hit_upwards_never_lowers_a_metric(case):
    ids, truth = case
    better = ids.copy()
    for row, relevant in zip(better, truth, strict=True):
        for at in range(1, n_items):
            if row[at] >= 0 and relevant[row[at]] and not relevant[row[at - 1]]:
                row[[at - 1, at]] = row[[at, at - 1]]
                break
    before, after = metrics(ids, truth), metrics(better, truth)
    for name in names:
        assert (after[name] >= before[name] - 1e-12).all(), name
