"""Threads, seeds and the SIMD level."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import tastemaker as tm
from tastemaker import _core, _runtime
from tastemaker.errors import ArgumentError, ArgumentTypeError


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    monkeypatch.delenv("TASTEMAKER_NUM_THREADS", raising=False)


@pytest.fixture
def cgroup(tmp_path, monkeypatch):
    """An empty tree of control groups that the package takes for the system's; 64 CPUs in the mask."""
    monkeypatch.setattr(_runtime, "_cgroup", tmp_path)
    monkeypatch.setattr(_runtime, "_own_cgroup", tmp_path / "self")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    _runtime._cgroup_cpus.cache_clear()
    yield tmp_path
    _runtime._cgroup_cpus.cache_clear()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class TestThreads:
    def test_the_argument_wins_then_config_then_environment(self, monkeypatch):
        monkeypatch.setenv("TASTEMAKER_NUM_THREADS", "5")
        assert tm.num_threads() == 5
        with tm.config(threads=3):
            assert tm.num_threads() == 3
            assert tm.num_threads(2) == 2
        assert tm.num_threads() == 5

    def test_config_nests_and_comes_back_after_an_error(self):
        outside = tm.num_threads()
        with tm.config(threads=3):
            with suppress(RuntimeError), tm.config(threads=7):
                assert tm.num_threads() == 7
                raise RuntimeError
            with tm.config():
                assert tm.num_threads() == 3
        assert tm.num_threads() == outside

    def test_config_belongs_to_one_thread(self):
        outside = tm.num_threads()
        seen = []
        with tm.config(threads=outside + 1):
            other = threading.Thread(target=lambda: seen.append(tm.num_threads()))
            other.start()
            other.join()
        assert seen == [outside]

    @pytest.mark.parametrize("value", [0, -1, 1025, 2**70])
    def test_values_out_of_range_are_refused(self, value):
        with pytest.raises(ArgumentError, match=r"`threads` must be an int >= 1 and <= 1024, got"):
            tm.num_threads(value)
        with pytest.raises(ArgumentError, match="threads"), tm.config(threads=value):
            pass

    @pytest.mark.parametrize("value", [1.0, "2", True, [2]])
    def test_other_types_are_refused(self, value):
        with pytest.raises(ArgumentTypeError, match=r"`threads` must be an int"):
            tm.num_threads(value)

    def test_numpy_integers_are_ints(self):
        assert type(tm.num_threads(np.int64(3))) is int

    @pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "99999"])
    def test_nonsense_in_the_environment_is_refused(self, monkeypatch, text):
        monkeypatch.setenv("TASTEMAKER_NUM_THREADS", text)
        with pytest.raises(ArgumentError, match=r"`TASTEMAKER_NUM_THREADS` must be an int >= 1"):
            tm.num_threads()

    def test_blanks_in_the_environment_mean_nothing(self, monkeypatch, cgroup):
        monkeypatch.setenv("TASTEMAKER_NUM_THREADS", "  ")
        assert tm.num_threads() == 64
        monkeypatch.setenv("TASTEMAKER_NUM_THREADS", " 4 ")
        assert tm.num_threads() == 4


class TestAllowedCpus:
    def test_the_affinity_mask_counts(self, cgroup, monkeypatch):
        assert tm.num_threads() == 64
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5, 9})
        assert tm.num_threads() == 3

    def test_without_masks_all_cpus_count(self, cgroup, monkeypatch):
        monkeypatch.delattr(os, "sched_getaffinity")
        monkeypatch.setattr(os, "cpu_count", lambda: 6)
        assert tm.num_threads() == 6
        monkeypatch.setattr(os, "cpu_count", lambda: None)
        assert tm.num_threads() == 1

    @pytest.mark.parametrize(
        ("text", "cpus"),
        [
            ("400000 100000\n", 4),
            ("150000 100000", 2),
            ("5000 100000", 1),
            ("max 100000", 64),
            ("rubbish", 64),
            ("1 0", 64),
        ],
    )
    def test_cgroup_v2(self, cgroup, text, cpus):
        write(cgroup / "cpu.max", text)
        assert tm.num_threads() == cpus

    @pytest.mark.parametrize(("quota", "cpus"), [("300000", 3), ("-1", 64)])
    def test_cgroup_v1(self, cgroup, quota, cpus):
        write(cgroup / "cpu" / "cpu.cfs_quota_us", f"{quota}\n")
        write(cgroup / "cpu" / "cpu.cfs_period_us", "100000\n")
        assert tm.num_threads() == cpus

    def test_the_tightest_group_on_the_way_up_counts(self, cgroup):
        write(cgroup / "self", "0::/system.slice/job.service\n")
        write(cgroup / "system.slice" / "cpu.max", "200000 100000")
        write(cgroup / "system.slice" / "job.service" / "cpu.max", "800000 100000")
        write(cgroup / "elsewhere" / "cpu.max", "100000 100000")
        assert tm.num_threads() == 2

    def test_the_tightest_group_of_v1_counts(self, cgroup):
        write(cgroup / "self", "4:memory:/m\n3:cpuacct,cpu:/docker/abc\n0::/\n")
        write(cgroup / "cpu" / "docker" / "abc" / "cpu.cfs_quota_us", "500000")
        write(cgroup / "cpu" / "docker" / "abc" / "cpu.cfs_period_us", "100000")
        assert tm.num_threads() == 5

    def test_a_quota_never_adds_cpus(self, cgroup, monkeypatch):
        write(cgroup / "cpu.max", "800000 100000")
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
        assert tm.num_threads() == 2


class TestGenerator:
    @pytest.mark.parametrize("seed", [0, 7, np.int64(7), np.random.SeedSequence(7)])
    def test_a_seed_gives_the_same_numbers_each_time(self, seed):
        first, second = (_runtime.generator(seed).random(4) for _ in range(2))
        assert (first == second).all()

    def test_a_generator_is_used_as_it_is(self):
        rng = np.random.default_rng(1)
        assert _runtime.generator(rng) is rng

    def test_none_is_fresh_entropy(self):
        assert _runtime.generator(None).random() != _runtime.generator(None).random()

    @pytest.mark.parametrize("value", [True, np.True_, 1.5, "seed", np.random.RandomState(0), object()])
    def test_other_kinds_are_refused(self, value):
        with pytest.raises(ArgumentTypeError, match=r"`rng` must be an int >= 0, a numpy Generator"):
            _runtime.generator(value)

    def test_negative_seeds_are_refused(self):
        with pytest.raises(ArgumentError, match=r"`rng` must be an int >= 0.*got -1"):
            _runtime.generator(-1)


class TestMemory:
    @pytest.fixture(autouse=True)
    def machine(self, cgroup, monkeypatch):
        monkeypatch.setattr(_runtime, "_meminfo", cgroup / "meminfo")
        write(cgroup / "meminfo", "MemTotal: 900 kB\nMemAvailable:   700 kB\n")

    def test_the_machine_counts_without_groups(self, cgroup):
        assert _runtime.available_memory() == 700 * 1024

    @pytest.mark.parametrize("text", ["MemTotal: 9 kB\n", "MemAvailable:\n", None])
    def test_nothing_is_claimed_where_nothing_is_known(self, cgroup, text):
        (cgroup / "meminfo").unlink() if text is None else write(cgroup / "meminfo", text)
        assert _runtime.available_memory() is None

    def test_cgroup_v2(self, cgroup):
        write(cgroup / "self", "0::/job\n")
        write(cgroup / "job" / "memory.max", "500000\n")
        write(cgroup / "job" / "memory.current", "300000\n")
        write(cgroup / "job" / "memory.stat", "anon 9\ninactive_file 50000\nactive_file 7\n")
        assert _runtime.available_memory() == 250_000
        write(cgroup / "job" / "memory.max", "max\n")
        assert _runtime.available_memory() == 700 * 1024
        write(cgroup / "job" / "memory.max", "100000\n")
        assert _runtime.available_memory() == 0

    def test_cgroup_v1(self, cgroup):
        write(cgroup / "self", "4:memory:/m\n3:cpu:/c\n")
        folder = cgroup / "memory" / "m"
        write(folder / "memory.limit_in_bytes", "400000\n")
        write(folder / "memory.usage_in_bytes", "100000\n")
        write(folder / "memory.stat", "inactive_file 1\ntotal_inactive_file 20000\n")
        assert _runtime.available_memory() == 320_000


def in_a_new_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class TestSimdLevel:
    def test_the_fastest_is_used(self):
        done = in_a_new_process("from tastemaker._runtime import *; print(simd_level())", TASTEMAKER_SIMD="")
        assert done.stdout.strip() == _runtime.simd_levels()[-1]

    @pytest.mark.parametrize("level", _runtime.simd_levels())
    def test_the_environment_forces_a_level(self, level):
        done = in_a_new_process(
            "from tastemaker._runtime import *; print(simd_level())", TASTEMAKER_SIMD=level
        )
        assert done.stdout.strip() == level

    def test_a_level_that_is_not_there_fails_the_import_and_lists_those_that_are(self):
        done = in_a_new_process("import tastemaker; tastemaker.num_threads()", TASTEMAKER_SIMD="avx1024")
        assert done.returncode != 0
        assert (
            "ImportError: `TASTEMAKER_SIMD` must be a level that this CPU and build support (baseline"
            in done.stderr
        )
        assert "got 'avx1024'" in done.stderr

    def test_setting_a_level_that_is_not_there_keeps_the_present_one(self):
        before = _core.simd_level()
        with pytest.raises(ValueError, match="avx1024"):
            _core.set_simd_level("avx1024")
        assert _core.simd_level() == before

    def test_the_fixture_sets_each_level(self, simd_level):
        assert _runtime.simd_level() == simd_level
