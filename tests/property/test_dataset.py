"""Properties of Dataset against twins made of dicts: order, duplicates, growth, sources, ids."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tastemaker.data import Dataset, IdMap

# Weights are small multiples of 1/8: sums are exact in float32, so twins must agree to the bit. Ids beyond
# 2^16 make the radix sort take its second digit.
weights = st.integers(-40, 40).map(lambda eighths: eighths / 8)
times = st.integers(0, 9).map(float)
int_ids = st.one_of(st.integers(0, 5), st.integers(-(2**63), 2**63 - 1))
str_ids = st.text(max_size=3)
policies = st.sampled_from(["sum", "last", "max"])


def rows_of(users=int_ids, items=str_ids, min_size=1):
    return st.lists(st.tuples(users, items, weights, times), min_size=min_size, max_size=40)


def twin(rows, policy):
    """Merge rows as the documentation says, one by one: {(user, item): (weight, time)}."""
    merged = {}
    for user, item, weight, time in rows:
        old = merged.get((user, item))
        if old is None:
            merged[user, item] = (weight, time)
        elif policy == "last":
            merged[user, item] = (weight, time) if time >= old[1] else old
        else:
            joined = old[0] + weight if policy == "sum" else max(old[0], weight)
            merged[user, item] = (joined, max(old[1], time))
    return {pair: entry for pair, entry in merged.items() if entry[0] != 0}


def pairs(data):
    """Return a Dataset as the twin's dict."""
    coo = data.matrix.tocoo()
    users, items = data.users.take(coo.coords[0]).tolist(), data.items.take(coo.coords[1]).tolist()
    stamps = [0.0] * data.nnz if data.times is None else data.times.tolist()
    entries = zip(coo.data.tolist(), stamps, strict=True)
    return dict(zip(zip(users, items, strict=True), entries, strict=True))


def same(left, right):
    assert left.users == right.users
    assert left.items == right.items
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(left.matrix, name), getattr(right.matrix, name))
    np.testing.assert_array_equal(left.times, right.times)


@given(rows=rows_of(), policy=policies)
def test_duplicates_follow_the_policy(rows, policy):
    data = Dataset.from_tuples(rows, on_duplicate=policy)
    assert pairs(data) == twin(rows, policy)
    assert data.matrix.has_canonical_format
    assert data.matrix.data.all()
    assert data.users.ids.tolist() == sorted({row[0] for row in rows})
    assert data.items.ids.tolist() == sorted({row[1] for row in rows})


@given(rows=rows_of(), policy=st.sampled_from(["sum", "max"]), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, policy, order):
    shuffled = list(rows)
    order.shuffle(shuffled)
    same(Dataset.from_tuples(rows, on_duplicate=policy), Dataset.from_tuples(shuffled, on_duplicate=policy))


@given(rows=rows_of(), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_of_distinct_times_does_not_matter_to_last(rows, order):
    dated = [(*row[:3], float(time)) for time, row in enumerate(rows)]
    shuffled = list(dated)
    order.shuffle(shuffled)
    same(Dataset.from_tuples(dated, on_duplicate="last"), Dataset.from_tuples(shuffled, on_duplicate="last"))


@given(rows=rows_of(min_size=2), policy=policies, cut=st.floats(0, 1))
def test_extend_equals_building_at_once(rows, policy, cut):
    # Zero weights aside: extend() forgets a pair that they have removed, as it says.
    rows = [row for row in rows if row[2] > 0] or [(0, "", 1.0, 0.0)]
    at = 1 + int(cut * (len(rows) - 1))
    first = Dataset.from_tuples(rows[:at], on_duplicate=policy)
    grown = first.extend(rows[at:])
    assert pairs(grown) == twin(rows, policy)
    assert grown.users.ids[: first.n_users].tolist() == first.users.ids.tolist()
    assert grown.items.ids[: first.n_items].tolist() == first.items.ids.tolist()
    for old, new in ((first.users, grown.users), (first.items, grown.items)):
        assert new.ids[len(old) :].tolist() == sorted(set(new.ids) - set(old.ids))


@given(rows=rows_of(), cut=st.integers(1, 40), half_life=st.floats(0.5, 50))
def test_decay_of_grown_data_is_that_of_all_rows(rows, cut, half_life):
    rows = [(user, item, abs(weight) + 1, time * 86400) for user, item, weight, time in rows]
    newest = max(row[3] for row in rows)
    expected = {}
    for user, item, weight, time in rows:
        decayed = weight * 0.5 ** ((newest - time) / 86400 / half_life)
        expected[user, item] = expected.get((user, item), 0) + decayed
    once = Dataset.from_tuples(rows, half_life=half_life)
    grown = Dataset.from_tuples(rows[:cut], half_life=half_life).extend(rows[cut:])
    for data in (once, grown):
        got = {pair: entry[0] for pair, entry in pairs(data).items()}
        # One rounding to float32 per build, each half an ulp of a positive sum: 2 x 2^-24, doubled for exp2.
        assert got == pytest.approx(expected, rel=4 * 2**-24)


@given(rows=rows_of(users=str_ids, items=int_ids), policy=policies)
def test_frames_give_what_tuples_give(rows, policy):
    expected = Dataset.from_tuples(rows, on_duplicate=policy)
    table = pd.DataFrame(rows, columns=["user", "item", "weight", "time"])
    same(Dataset.from_frame(table, on_duplicate=policy), expected)
    same(Dataset.from_frame(pl.from_pandas(table), on_duplicate=policy), expected)


@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), weights), max_size=30),
    wrap=st.sampled_from(
        [sp.coo_array, sp.csr_array, sp.csc_array, sp.coo_matrix, sp.bsr_array, sp.dia_array]
    ),
    index=st.sampled_from([np.int32, np.int64]),
)
def test_matrices_give_the_sum_of_their_entries(rows, wrap, index):
    users, items, values = (np.array([row[i] for row in rows]) for i in range(3))
    coo = sp.coo_array((values, (users.astype(index), items.astype(index))), shape=(5, 7))
    dense = np.zeros((5, 7))
    np.add.at(dense, (users.astype(int), items.astype(int)), values)
    data = Dataset.from_sparse(wrap(coo))
    np.testing.assert_array_equal(data.matrix.toarray(), dense)
    assert data.matrix.has_canonical_format
    assert data.nnz == np.count_nonzero(dense)


@given(ids=st.one_of(st.lists(int_ids, unique=True), st.lists(str_ids, unique=True)), data=st.data())
def test_idmap_is_a_dict(ids, data):
    mapping = IdMap(ids)
    asked = data.draw(st.lists(st.sampled_from(ids) if ids else st.nothing()))
    strangers = data.draw(st.lists(int_ids if ids and isinstance(ids[0], int) else str_ids))
    index = {id_: at for at, id_ in enumerate(ids)}
    assert mapping.find(asked + strangers).tolist() == [index.get(id_, -1) for id_ in asked + strangers]
    assert mapping.lookup(asked).tolist() == [index[id_] for id_ in asked]
    assert mapping.take(mapping.lookup(asked)).tolist() == asked
    assert mapping.extended(strangers).ids.tolist() == ids + sorted(set(strangers) - set(ids))


@given(rows=rows_of(), seed=st.integers(0, 2**32))
def test_parts_of_users_hold_their_rows(rows, seed):
    data = Dataset.from_tuples(rows)
    chosen = np.random.default_rng(seed).permutation(data.n_users)[: data.n_users // 2 + 1]
    part = data.take_users(chosen)
    wanted = set(data.users.take(chosen).tolist())
    assert pairs(part) == {pair: entry for pair, entry in pairs(data).items() if pair[0] in wanted}
    assert part.users.ids.tolist() == data.users.take(chosen).tolist()


def test_more_items_than_sixteen_bits(rng):
    users, items = rng.integers(0, 70_000, 5000), rng.integers(0, 200_000, 5000)
    table = pd.DataFrame({"user": np.append(users, 69_999), "item": np.append(items, 199_999)})
    all_ids = pd.DataFrame({"user": np.arange(200_000) % 70_000, "item": np.arange(200_000)})
    data = Dataset.from_frame(pd.concat([table, all_ids]))
    expected = sp.coo_array(
        (
            np.ones(205_001),
            (np.append(table["user"], all_ids["user"]), np.append(table["item"], all_ids["item"])),
        )
    )
    assert abs(data.matrix - expected.tocsr()).max() == 0
