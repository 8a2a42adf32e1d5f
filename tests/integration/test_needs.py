"""What the users of other libraries ask for most: each of the thirty needs, numbered as in the project's list.

A need that takes many tests has them elsewhere; here stands what a user would try first.
"""

from __future__ import annotations

import multiprocessing
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import requires
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from tests.contract.zoo import MODELS, interactions, rows_of

import tastemaker as tm
from tastemaker import _validation
from tastemaker.compat import implicit
from tastemaker.compat.lightfm import LightFM
from tastemaker.errors import ArgumentError, DataError, TastemakerError, UnknownIdError

every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


@pytest.fixture(name="X")
def matrix() -> sp.csr_array:
    return interactions()


def test_every_need_has_a_test():
    numbers = re.findall(r"^def test_need_(\d\d)_", Path(__file__).read_text("utf-8"), re.MULTILINE)
    assert set(map(int, numbers)) == set(range(1, 31))


def test_need_01_it_takes_no_compiler_and_few_packages_to_use_it(tmp_path):
    """tools/check_wheel.py installs the wheel in a bare environment; this is what it may ask for there."""
    hard = {re.match(r"[\w-]+", line)[0] for line in requires("tastemaker") if "extra ==" not in line}
    assert hard == {"numpy", "scipy", "narwhals", "safetensors", "tqdm", "click", "threadpoolctl"}
    program = (
        "import tastemaker as tm, scipy.sparse as sp; tm.ALS(factors=2).fit(sp.eye_array(4)).recommend(0)"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    subprocess.run(command, cwd=tmp_path, env={"PATH": "/nowhere"}, check=True, timeout=60)


def _answer_in_a_child(model, queue):
    queue.put(model.recommend(n=3, threads=2)[0])


def test_need_02_threads_are_one_setting_and_survive_a_fork(X):
    model = tm.ALS(factors=4, epochs=2, rng=0).fit(X, threads=2)
    want = model.recommend(n=3, threads=2)[0]
    with tm.config(threads=1):
        assert tm.num_threads() == 1
        np.testing.assert_array_equal(model.recommend(n=3)[0], want)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_answer_in_a_child, args=(model, queue))
    child.start()
    np.testing.assert_array_equal(queue.get(timeout=60), want)
    child.join(timeout=60)
    assert child.exitcode == 0


def test_need_03_a_transposed_matrix_is_recognised(X):
    model = tm.ALS(factors=3, epochs=1, rng=0).fit(X)
    with pytest.raises(DataError, match=r"must have shape any x 30.*looks transposed"):
        model.recommend(interactions=X.T.tocsr())


@every_model
def test_need_04_the_model_remembers_what_users_have_seen(make, X):
    for kind in (sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_matrix):
        ids, _ = make().fit(kind(X)).recommend(3, n=30)
        assert not set(ids[ids >= 0]) & set(X[[3]].indices)


@every_model
def test_need_05_a_filtered_item_never_appears(make, X):
    model = make().fit(X)
    deny = [1, 2, 3]
    ids, _ = model.recommend(n=30, deny=deny)
    for user, row in enumerate(ids):
        assert not set(row[row >= 0]) & (set(X[[user]].indices) | set(deny))


@every_model
def test_need_06_a_short_list_is_short(make, X):
    ids, scores = make().fit(X).recommend(n=50)
    assert ids.shape == (40, 50)
    for row, score in zip(ids, scores, strict=True):
        found = row >= 0
        assert len(set(row[found])) == found.sum() <= 30
        assert np.isnan(score[~found]).all()
        assert np.isfinite(score[found]).all()


@every_model
def test_need_07_ids_of_any_kind_go_in_and_come_out(make, X):
    rows = [(user, f"item {item}", weight) for user, item, weight in rows_of(X)]
    answer = make().fit(tm.Dataset.from_tuples(rows)).recommend(["u4"], n=3)
    assert set(answer["user"]) == {"u4"}
    assert all(str(item).startswith("item ") for item in answer["item"])


@every_model
def test_need_08_any_pair_can_be_scored(make, X):
    model = make().fit(X)
    ids, scores = model.recommend(5, n=4)
    found = ids >= 0
    np.testing.assert_array_equal(model.score(5, ids[found]), scores[found])


@pytest.mark.parametrize("solver", ["cg", "cholesky", "ials++"])
def test_need_09_factors_stay_finite(solver, X):
    model = tm.ALS(factors=50, epochs=40, solver=solver, reg=1e-6, rng=0).fit(X)  # more factors than items
    assert np.isfinite(model.user_factors_).all()
    assert np.isfinite(model.item_factors_).all()


@every_model
def test_need_10_nothing_that_is_passed_crashes(make, X):
    model = make().fit(X)
    with pytest.raises(UnknownIdError):
        model.recommend(-1)
    with pytest.raises(UnknownIdError):
        model.score(0, 30)
    larger = interactions(n_users=90, n_items=70, seed=3)
    assert model.fit(larger).recommend(n=3)[0].shape == (90, 3)
    smaller = interactions(n_users=4, n_items=6, seed=3)
    assert model.set_params(**_small(model)).fit(smaller).recommend(n=3)[0].shape == (4, 3)
    if "fold_in" in model.abilities:
        with pytest.raises(TastemakerError):
            model.recommend(interactions=larger)


def _small(model):
    return {"factors": 3} if "factors" in model.get_params() else {}


@every_model
def test_need_11_positions_beyond_two_billion_are_counted_in_64_bits(make, X, monkeypatch):
    want = make().fit(X).recommend(n=6)
    monkeypatch.setattr(_validation, "_max_index", 50)  # as if 51 entries were that many
    got = make().fit(X)
    assert got.seen_.indptr.dtype == got.seen_.indices.dtype == np.int64
    np.testing.assert_array_equal(got.recommend(n=6)[0], want[0])
    np.testing.assert_array_equal(got.recommend(n=6)[1], want[1])


@every_model
def test_need_12_a_seed_decides_the_result(make, X):
    first, second = make().fit(X, threads=1), make().fit(X, threads=3)
    np.testing.assert_array_equal(first.recommend(n=9)[0], second.recommend(n=9)[0])
    np.testing.assert_array_equal(first.recommend(n=9)[1], second.recommend(n=9)[1])


CHANGES = [
    ("ALS", {}, {"factors": 5}),
    ("ALS", {}, {"epochs": 3}),
    ("ALS", {}, {"reg": 0.5}),
    ("ALS", {}, {"alpha": 9.0}),
    ("ALS", {}, {"unobserved_weight": 0.9}),
    ("ALS", {}, {"nu": 0.3}),
    ("ALS", {"epochs": 1}, {"solver": "cholesky"}),
    ("ALS", {"epochs": 1}, {"cg_steps": 1}),
    ("ALS", {"epochs": 1}, {"init_std": 0.5}),
    ("ALS", {"epochs": 1}, {"rng": 4}),
    ("KNN", {}, {"neighbors": 2}),
    ("KNN", {}, {"shrinkage": 3.0}),
    ("KNN", {}, {"axis": "user"}),
    ("KNN", {"similarity": "bm25"}, {"k1": 0.2}),
    ("KNN", {"similarity": "bm25"}, {"b": 0.1}),
    ("KNN", {"similarity": "random_walk"}, {"alpha": 0.3}),
    ("KNN", {"similarity": "random_walk"}, {"beta": 0.9}),
    ("SVD", {"factors": 5}, {"factors": 2}),
    ("Popular", {}, {"by": "weight"}),
]


@pytest.mark.parametrize(("model", "start", "change"), CHANGES)
def test_need_13_every_parameter_does_something(model, start, change, X):
    def fitted(**params):
        made = getattr(tm, model)(**start | params)
        return made.set_params(rng=made.rng or 0) if hasattr(made, "rng") else made

    before = fitted().fit(X).recommend(n=20)
    after = fitted(**change).fit(X).recommend(n=20)
    assert not np.array_equal(before[1], after[1], equal_nan=True)


@every_model
def test_need_14_new_users_are_served_in_a_batch_without_being_stored(make, X):
    model = make().fit(X)
    if "fold_in" in model.abilities:
        ids, _ = model.recommend(interactions=X[[0, 5, 7]], n=4)
        one, _ = model.recommend(interactions=X[[5]], n=4)
        np.testing.assert_array_equal(ids[1], one[0])
        assert model.n_users_ == 40


def test_need_15_training_goes_on_when_the_data_has_grown(X):
    start = tm.Dataset.from_tuples(rows_of(X))
    model = tm.ALS(factors=4, epochs=3, rng=0).fit(start)
    before = model.item_factors_[0].copy()
    grown = start.extend([("newcomer", 100), ("newcomer", 999), ("u1", 999)])
    model.set_params(epochs=1).partial_fit(grown)
    assert model.n_users_ == start.n_users + 1
    assert len(model.recommend("newcomer", n=5)) == 5
    assert np.dot(before, model.item_factors_[0]) > 0  # went on, did not start anew


def test_need_16_new_users_and_items_are_served_by_their_features():
    rows = [
        (f"{kind}{u}", f"{kind} film {i}") for kind in ("love", "war") for u in range(9) for i in range(6)
    ]
    data = tm.Dataset.from_tuples(
        [row for at, row in enumerate(rows) if at % 5],
        user_features=[(f"{kind}{u}", [f"likes {kind}"]) for kind in ("love", "war") for u in range(9)],
        item_features=[(f"{kind} film {i}", [kind]) for kind in ("love", "war") for i in range(6)],
    )
    model = tm.LightFM(factors=8, epochs=60, deterministic=True, rng=0).fit(data)
    newcomer = model.recommend(user_features=["likes war"], n=6)
    assert all(item.startswith("war") for item in newcomer["item"])
    audience = model.recommend_users(item_features=["love"], n=9)
    assert all(user.startswith("love") for user in audience["user"])


def test_need_17_lists_for_everybody_stream(X):
    model = tm.KNN(neighbors=8).fit(X)
    sizes = [len(users) for users, _, _ in model.recommend_batches(n=5, batch_size=15)]
    assert sizes == [15, 15, 10]


def test_need_18_the_memory_is_told_and_a_file_is_not_read_twice(X, tmp_path):
    assert tm.Dataset.from_sparse(X).describe().facts["memory_bytes"] > 8 * X.nnz
    tm.ALS(factors=4, epochs=1, rng=0).fit(X).save(tmp_path / "m")
    owner = tm.load(tmp_path / "m").item_factors_
    while not isinstance(owner, np.memmap):
        owner = owner.base
    assert owner.mode == "r"


def test_need_19_a_dislike_lowers_a_score_and_stays_hidden(X):
    disliked = X.copy()
    user, item = 4, int(X[[4]].indices[0])
    disliked[user, item] = -3.0
    liked_model = tm.ALS(factors=8, epochs=10, rng=0).fit(X)
    disliked_model = tm.ALS(factors=8, epochs=10, rng=0).fit(disliked)
    assert disliked_model.score(user, item) < liked_model.score(user, item)
    assert item not in disliked_model.recommend(user, n=30)[0]


def test_need_20_duplicates_weights_and_time_have_a_rule():
    rows = [("u", "a", 2.0, 0.0), ("u", "a", 3.0, 864_000.0), ("v", "b", 1.0, 864_000.0)]
    weights = {p: tm.Dataset.from_tuples(rows, on_duplicate=p).matrix[0, 0] for p in ("sum", "last", "max")}
    assert weights == {"sum": 5.0, "last": 3.0, "max": 3.0}
    with pytest.raises(DataError):
        tm.Dataset.from_tuples(rows, on_duplicate="error")
    decayed = tm.Dataset.from_tuples(rows, half_life=10, on_duplicate="sum")
    assert decayed.matrix[0, 0] == pytest.approx(4.0)
    heavier = tm.Popular(by="weight").fit(tm.Dataset.from_tuples(rows)).recommend("v", n=1)
    assert heavier["item"][0] == "a"


def test_need_21_metrics_stay_within_their_bounds(X):
    split = tm.splits.random(X, 0.3, rng=0)
    result = tm.evaluate(
        tm.Popular().fit(split.train), split, metrics=("precision@50", "recall@50", "ndcg@50", "hit@50")
    )
    for values in result.per_user.values():
        assert ((values >= 0) & (values <= 1)).all()


def test_need_22_splits_keep_weights_and_lose_nothing(X):
    split = tm.splits.random(X, 0.25, rng=0)
    assert abs(split.train.matrix + split.test.matrix - X).sum() == 0


@every_model
def test_need_23_a_gpu_is_never_taken_unasked(make):
    """Results must not depend on what the machine happens to have."""
    assert make().get_params().get("device", "cpu") == "cpu"
    assert not implicit.gpu.HAS_CUDA
    assert type(implicit.als.AlternatingLeastSquares()) is implicit.cpu.als.AlternatingLeastSquares


@every_model
def test_need_24_what_is_saved_is_what_is_loaded(make, X, tmp_path):
    model = make().fit(tm.Dataset.from_tuples(rows_of(X)))
    model.save(tmp_path / "m")
    loaded = tm.load(tmp_path / "m")
    assert loaded.to_config() == model.to_config()
    want, got = (m.recommend(["u0", "u7"], n=4, output="arrays") for m in (model, loaded))
    np.testing.assert_array_equal(got[0], want[0])


def test_need_24_a_generator_as_seed_does_not_spoil_the_file(X, tmp_path):
    model = tm.ALS(factors=3, epochs=1, rng=np.random.default_rng(0)).fit(X)
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(tm.load(tmp_path / "m").user_factors_, model.user_factors_)


def test_need_25_ids_and_features_never_share_a_name():
    frame = pd.DataFrame({"item": [5, 6], "kind": ["5", "6"]})
    data = tm.Dataset.from_tuples([(1, 5), (2, 6)], item_features=frame)
    assert data.item_features.matrix.shape == (2, 4)


@every_model
def test_need_26_an_explanation_names_the_users_own_items(make, X):
    model = make().fit(X)
    if "explain" in model.abilities and not isinstance(model, tm.LightFM):  # that one explains by features
        ids, _ = model.explain(6, int(model.recommend(6, n=1)[0][0]))
        assert set(ids) == set(X[[6]].indices)


@every_model
def test_need_27_many_threads_may_ask_one_model(make, X):
    model = make().fit(X)
    want = model.recommend(n=5)[0]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: model.recommend(user, n=5, threads=1)[0], list(range(40)) * 5))
    np.testing.assert_array_equal(np.array(answers), np.tile(want, (5, 1)))


@every_model
def test_need_28_parameters_can_be_searched(make, X):
    params, config = make().get_params(), make().to_config()
    for name in params:
        assert make().set_params(**{name: params[name]}).to_config() == config


def test_need_29_training_reports_and_can_be_stopped(X):
    losses = []

    def watch(state):
        losses.append(state.loss)
        if len(losses) == 3:
            state.stop()

    model = tm.ALS(factors=4, epochs=50, compute_loss=True, solver="cholesky", rng=0).fit(X, callback=watch)
    assert losses == sorted(losses, reverse=True)
    assert len(model.history_) == 3


def test_need_13_contradictions_are_errors(X):
    model = tm.ALS(factors=3, epochs=1, rng=0).fit(X)
    with pytest.raises(ArgumentError, match="must not both be given"):
        model.recommend([0], interactions=[1, 2])


def test_need_30_programs_written_for_other_libraries_go_on(X):
    old = implicit.als.AlternatingLeastSquares(factors=4, random_state=0)
    old.fit(X.tocsr(), show_progress=False)
    ids, scores = old.recommend(3, X[[3]], N=5)
    assert ids.shape == scores.shape == (5,)
    older = LightFM(no_components=4, loss="warp", random_state=0).fit(X.tocoo(), epochs=2)
    assert older.predict(3, np.arange(30)).shape == (30,)
