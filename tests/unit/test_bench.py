"""The parts of the benches beside the peers that need no peer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from bench.peers import checks, quality, report, run, summary, work
from bench.peers.data import ROOT, read_matrix, write_matrix
from bench.peers.generate import SHAPES, Shape, generate
from bench.peers.job import Job, best_items
from bench.peers.peers import OURS, PEERS
from bench.peers.tasks import TASKS, Task
from bench.peers.weights import weighted

small = Shape(60, 40, 700)


def dense(X: sp.csr_matrix) -> np.ndarray:
    return X.toarray().astype(np.float64)


# generator


def test_generated_matrix_has_the_shape_asked_for() -> None:
    X = generate(SHAPES["tiny"])
    assert X.shape == (600, 400)
    assert X.nnz == 20_000
    assert X.has_canonical_format
    assert (X.dtype, X.indices.dtype) == (np.float32, np.int32)
    assert (X.data == 1).all()


def test_generated_matrix_depends_on_the_seed_alone() -> None:
    first, again, other = generate(small), generate(small), generate(Shape(60, 40, 700, seed=2))
    assert (first != again).nnz == 0
    assert (first != other).nnz > 0


def test_generated_popularity_is_skewed_and_not_ordered_by_index() -> None:
    popularity = np.bincount(generate(SHAPES["tiny"]).indices, minlength=400)
    ordered = np.sort(popularity)[::-1]
    assert ordered[:40].sum() > 2.5 * ordered[200:240].sum()
    assert not np.array_equal(popularity, ordered)


def test_generator_refuses_a_matrix_that_is_nearly_full() -> None:
    with pytest.raises(ValueError, match="at most half"):
        generate(Shape(10, 10, 51))


def test_matrix_files_round_trip(tmp_path: Path) -> None:
    X = generate(small)
    write_matrix(tmp_path / "x.npz", X)
    assert (read_matrix(tmp_path / "x.npz") != X).nnz == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


# tables of tasks and peers


def test_names_are_unique() -> None:
    for names in ([task.name for task in TASKS], [peer.name for peer in PEERS]):
        assert len(names) == len(set(names))


def test_each_pattern_of_a_peer_matches_a_task() -> None:
    for peer in PEERS:
        for pattern in (*peer.tasks, *peer.remarks):
            alone = type(peer)(peer.name, peer.adapter, (pattern,))
            assert any(alone.does(task.name) for task in TASKS), (peer.name, pattern)


def test_each_task_is_done_by_somebody() -> None:
    assert all(any(peer.does(task.name) for peer in PEERS) for task in TASKS)


# job


def test_epoch_time_leaves_out_set_up_and_first_epoch() -> None:
    job = Job(generate(small), threads=1, checked=False, arrays={}, laps=[10.0, 11.0, 14.0])
    assert job.epoch_seconds() == 2.0
    assert Job(generate(small), 1, False, {}, laps=[10.0]).epoch_seconds() is None
    job.later_epochs(6.0, 4)
    assert job.epoch_seconds() == 2.0
    job.later_epochs(0.0, 1)
    assert job.epoch_seconds() is None


def test_timed_block_is_timed_and_its_memory_seen() -> None:
    job = Job(generate(small), threads=1, checked=False, arrays={})
    with job.timed():
        block = np.ones(8_000_000, np.uint8)
    assert job.seconds > 0
    assert job.peak_bytes is None or job.peak_bytes > 0.9 * block.nbytes


# checks


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
def test_similarity_check_accepts_the_formula_and_finds_a_missing_neighbour(similarity: str) -> None:
    X = generate(small)
    W = weighted(X, similarity, np.float64)
    S = dense(W @ W.T)
    np.fill_diagonal(S, 0)
    keep = np.argsort(-S, axis=1)[:, :5]
    top = np.zeros_like(S)
    np.put_along_axis(top, keep, np.take_along_axis(S, keep, 1), 1)
    assert checks.check_similarity(X, similarity, 5, sp.csr_matrix(top)).right
    top[3, keep[3, 0]] = 0
    assert not checks.check_similarity(X, similarity, 5, sp.csr_matrix(top)).right


def test_weights_of_cosine_by_hand() -> None:
    X = sp.csr_matrix(np.array([[3.0, 0, 1], [4, 2, 0]], np.float32))
    np.testing.assert_allclose(dense(weighted(X, "cosine")), [[0.6, 0.8], [0, 1], [1, 0]], rtol=1e-6)


def test_list_check() -> None:
    scores = np.array([[3.0, 2, 1, 0], [0, 1, 2, 3]])
    seen = sp.csr_matrix(np.array([[1, 0, 0, 0], [0, 0, 0, 0]]))
    assert checks.check_lists(scores, np.array([[1, 2], [3, 2]]), seen).right
    assert "seen" in checks.check_lists(scores, np.array([[0, 1], [3, 2]]), seen).text
    assert "twice" in checks.check_lists(scores, np.array([[1, 1], [3, 2]]), seen).text
    assert "off by" in checks.check_lists(scores, np.array([[1, 3], [3, 2]]), seen).text
    assert not checks.check_lists(np.full((1, 4), np.nan), np.array([[1, 2]]), None).right


# quality


def test_objective_equals_the_dense_formula(rng: np.random.Generator) -> None:
    X = generate(small)
    user, item = (rng.normal(size=(n, 3)).astype(np.float32) for n in X.shape)
    s = user.astype(np.float64) @ item.T.astype(np.float64)
    seen = dense(X) > 0
    expected = (2 * (1 - s[seen]) ** 2).sum() + (s[~seen] ** 2).sum()
    expected += 0.5 * ((user.astype(np.float64) ** 2).sum() + (item.astype(np.float64) ** 2).sum())
    assert quality.als_objective(X, user, item, 2.0, 0.5) == pytest.approx(expected / X.nnz, rel=1e-6)


def test_ndcg_counts_users_with_test_items_only() -> None:
    test = sp.csr_matrix(np.array([[0, 1, 0], [0, 0, 0], [1, 0, 0]], np.float32))
    lists = np.array([[1, 2], [0, 1], [2, 0]], np.int32)
    np.testing.assert_allclose(quality.ndcg(lists, test, 2), [1, 1 / np.log2(3)])


def test_best_items_leaves_out_what_was_seen(rng: np.random.Generator) -> None:
    X = generate(small)
    user, item = rng.normal(size=(60, 4)), rng.normal(size=(40, 4))
    lists = best_items(user, item, X, 5, block=7)
    assert checks.check_lists(user @ item.T, lists, X).right


# report


def record(peer: str, seconds: list[float], **others: Any) -> dict[str, Any]:
    fields = {
        "task": "als/cg-64",
        "title": "iALS epoch",
        "peak_bytes": 2_000_000,
        "ndcg": None,
        "ndcg_difference": None,
        "objective": None,
        "energy": None,
        "check": "",
        "right": True,
        "remark": "",
        "failure": "",
    }
    return fields | {"peer": peer, "seconds": seconds} | others


def results(*records: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": {"name": "toy", "note": "toy data", "shape": (60, 40), "nnz": 700},
        "machine": {
            "cpu": "Some CPU",
            "cores": 2,
            "load": 0.1,
            "sgemm_gflops": 1,
            "copy_gbs": 2,
            "commit": "abc",
            "date": "today",
        },
        "threads": 2,
        "rounds": 3,
        "command": "make bench",
        "minutes": 1.5,
        "libraries": {OURS: {"versions": {"tastemaker": "0"}, "simd": "avx2"}},
        "absent": {"gone": "pip failed"},
        "records": list(records),
    }


def test_ratio_is_of_medians() -> None:
    assert report.ratio(record(OURS, [1, 2, 9]), record("peer", [6, 8, 7])) == 3.5


@pytest.mark.parametrize("trouble", [{"failure": "died"}, {"right": False}, {"seconds": []}])
def test_no_ratio_of_a_failed_or_wrong_result(trouble: dict[str, Any]) -> None:
    good, bad = record(OURS, [1.0]), record("peer", [2.0]) | trouble
    assert report.ratio(good, bad) is None
    assert report.ratio(bad, good) is None
    assert report.ratio(None, good) is None


def test_ratio_table_names_ours_in_seconds_and_peers_in_multiples() -> None:
    table = report.ratio_table(results(record(OURS, [0.5]), record("a", [1.0]), record("b", [6.0])))
    assert table.splitlines() == [
        "| task       | tastemaker, s | a     | b     |",
        "|------------|---------------|-------|-------|",
        "| iALS epoch | 0.5           | 2.00x | 12.0x |",
    ]


def test_report_tells_setting_quality_and_trouble() -> None:
    ours = record(OURS, [0.5, 0.4, 0.6], ndcg={"value": 0.31, "half_width": 0.01}, objective=1.25)
    wrong = record("a", [1.0], right=False, check="similarities off by 1e-01")
    failed = record("b", [], failure="died")
    text = report.render(results(ours, wrong, failed))
    for expected in (
        "Some CPU, 2 cores, 2 threads, SIMD level avx2",
        "not measured: gone (pip failed)",
        "0.5 (0.4-0.6)",
        "0.3100 ±0.0100",
        "1.25",
        "similarities off by 1e-01",
        "failed: died",
    ):
        assert expected in text
    assert "| 0.9 auc " in report.render(results(record(OURS, [0.5], auc=0.9)))
    assert "FAILED (died)" in report.line([failed])
    assert "WRONG" in report.line([wrong])


def test_share_of_the_ceilings() -> None:
    ceilings = {"sgemm_gflops": 100.0, "triad_gbs": 20.0}
    flops = record(OURS, [0.5, 0.1, 9.0], work={"flops": 20e9})
    assert report.share(flops, ceilings) == "40 GFLOP/s, 40% of sgemm"
    updates = record(OURS, [0.5], work={"updates": 0.5e9})
    assert report.share(updates, ceilings) == "1.00 G updates/s, 12 GB/s, 60% of triad"
    for uncounted in (record(OURS, [0.5]), flops | {"failure": "died"}, flops | {"peer": "a"}):
        assert report.share(uncounted, ceilings) == "-"


def test_readme_gets_the_block_between_its_markers() -> None:
    readme = f"# Title\n{summary._begin}\nold\n{summary._end}\nrest\n"
    once = summary.put_into_readme(readme, "new")
    assert once.startswith("# Title\n")
    assert once.endswith("\nrest\n")
    assert "new" in once
    assert "old" not in once
    assert summary.put_into_readme(once, "new") == once
    with pytest.raises(ValueError, match="once each"):
        summary.put_into_readme("# Title\n", "new")


def test_the_readme_has_the_markers() -> None:
    assert "anything" in summary.put_into_readme((ROOT / "README.md").read_text(), "anything")


# several results together


def test_chosen_tasks_exist() -> None:
    assert set(summary.CHOSEN) <= {task.name for task in TASKS}


def test_readme_block_takes_each_task_from_the_first_run_that_has_it() -> None:
    first = results(record(OURS, [0.5]), record("a", [1.0]), record("b", [1.0], failure="died"))
    second = results(
        record(OURS, [9.0]),
        record("a", [9.0]),
        record(OURS, [2.0], task="sgd/warp-64", title="WARP"),
        record("c", [30.0], task="sgd/warp-64", title="WARP"),
        record(OURS, [2.0], task="bpr/64", title="nobody beside it"),
        record(OURS, [2.0], task="not/chosen"),
        record("c", [2.0], task="not/chosen"),
    )
    second["data"] |= {"name": "large"}
    lines = summary.readme_block([first, second]).splitlines()
    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]][2:] == [
        ["iALS epoch", "toy", "0.5", "a 2.00x"],
        ["WARP", "large", "2", "c 15.0x"],
    ]


def test_page_holds_every_run_and_the_growth_between_two(tmp_path: Path) -> None:
    small, large = (results(record(OURS, [seconds])) for seconds in (1.0, 10.0))
    small["data"] |= {"name": "generated-s"}
    large["data"] |= {"name": "generated-m", "nnz": 7000}
    (tmp_path / "below").mkdir()
    (tmp_path / "a.json").write_text(json.dumps(small))
    (tmp_path / "below" / "b.json").write_text(json.dumps(large))
    (tmp_path / "quality-x.json").write_text(json.dumps({"rows": []}))
    page = summary.page(summary.read_all(tmp_path))
    assert page.count("\n# ") == 0
    for heading in (
        "# How fast",
        "## generated-s, 2 threads, avx2",
        "### Everything",
        "## From generated-s to",
    ):
        assert heading in page
    assert "1.00" in page.split("## From")[1]
    assert "## From" not in summary.page([small])


# counted work


def task_of(kind: str, **params: Any) -> Task:
    return Task("name", "title", kind, params)


def test_counted_work_by_hand() -> None:
    X = sp.csr_matrix(np.array([[1.0, 1, 1, 0], [1, 0, 1, 0]], np.float32))
    assert work.of(task_of("knn_fit"), X) == {"updates": 3 + 1}
    assert work.of(task_of("topn", factors=8), X) == {"flops": 2 * 2 * 4 * 8}
    shared = 6 * 3 * 8**2
    assert work.of(task_of("als", solver="cg", factors=8), X) == {"flops": shared + 2 * 5 * 5 * 2 * 8}
    assert work.of(task_of("als", solver="cholesky", factors=8), X) == {}  # its steps depend on the data
    assert work.of(task_of("svd", factors=8), X) == {}


# the whole harness, ours alone


def test_a_quick_run_checks_times_and_writes(tmp_path: Path) -> None:
    assert run.main(["--quick", "--tasks", "topn/10-of-64,als/cg-64", "--out", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("generated-tiny-*.json")
    measured = json.loads(file.read_text())
    assert [r["peer"] for r in measured["records"]] == [OURS, OURS]
    assert all(len(r["seconds"]) == 1 and r["right"] for r in measured["records"])
    assert file.with_suffix(".md").read_text() == report.render(measured)
    assert "of sgemm" in file.with_suffix(".md").read_text()


def test_scaling_puts_one_thread_beside_all(tmp_path: Path) -> None:
    tasks = "deterministic/bpr-64,sgd/logistic-64"
    assert run.main(["--quick", "--scaling", "--threads", "2", "--tasks", tasks, "--out", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("generated-tiny-*-2t-scaling.json")
    measured = json.loads(file.read_text())
    assert [r["peer"] for r in measured["records"]] == [OURS, "1 thread"] * 2
    assert "1 thread" in report.ratio_table(measured).splitlines()[0]


def test_two_runs_stand_side_by_side_with_the_growth_between_them() -> None:
    small = results(record(OURS, [1.0]), record("a", [2.0]), record("b", [1.0], failure="died"))
    large = results(record(OURS, [10.0]), record("a", [40.0]), record("b", [1.0]))
    large["data"] = small["data"] | {"name": "large", "nnz": 7000}
    lines = report.beside(small, large).splitlines()
    assert "toy, 2 threads, avx2, s" in lines[0]
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "iALS epoch",
        OURS,
        "1",
        "10",
        "10.00",
        "1.00",
    ]
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == [
        "iALS epoch",
        "a",
        "2",
        "40",
        "20.00",
        "1.30",
    ]
    assert len(lines) == 4
    same = report.beside(small, small).splitlines()
    assert same[2].rstrip(" |").endswith("-")
