"""Change a kernel in one place at a time and see whether its C++ test notices.

python -m tests.mutation.kernels [--each 5] [--seed 0]

Mutants: a comparison moved by one or turned round, an arithmetic operator, `&&`/`||`, min/max, an int or a float
constant. Each is compiled with AddressSanitizer into the smallest test binary, at the baseline SIMD level, where a
body is the same text as at the others. Survivors are printed with their place. Mutants that can change no result, see
EQUIVALENT, are left out of the sample.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

TIMEOUT = 400  # seconds: an endless loop has been noticed
SANITIZER = "-fsanitize=address"  # a step beyond an end has been noticed, as by `make test-presets`

# The file to change, and the tests of which one must notice.
KERNELS = {
    "select/topk.hpp": ("topk", "topn"),
    "select/dense_topn.hpp": ("topn",),
    "simd/topn-inl.hpp": ("topn", "table"),
    "knn/best_lists.hpp": ("knn",),
    "simd/knn-inl.hpp": ("knn",),
    "simd/counts-inl.hpp": ("knn_counts",),
    "simd/bit_weights-inl.hpp": ("knn_counts",),
    "als/cg.hpp": ("als", "als_exact"),
    "als/dual.hpp": ("als_exact",),
    "als/exact.hpp": ("als_exact",),
    "als/half_epoch.hpp": ("als", "als_exact"),
    "simd/cholesky-inl.hpp": ("als", "als_exact"),
    "simd/sgd-inl.hpp": ("sgd",),
    "sgd/loss.hpp": ("sgd", "sgd_losses"),
    "sgd/replicas.hpp": ("sgd_threads",),
}

# Mutants that no result can tell: a part of the changed line, and why.
EQUIVALENT = {
    "select/topk.hpp": {"size_ >= k_) {": "cutting k keys to k changes nothing"},
    "select/dense_topn.hpp": {
        "std::max(request.n, index.size())": "more are kept than are written",
        "(queries - 10)": "which of two ways is quicker",
        "index_t block = 2": "the constructor sets it",
        "queries.rows < std::numeric_limits": "2^31 queries do not fit a test",
    },
    "simd/topn-inl.hpp": {"R <= 5 ?": "how many rows share a pass"},
    "knn/best_lists.hpp": {
        "keys.capacity() == 1": "when room is made",
        "keys.capacity() != 0": "when room is made",
        ">= count_ - std::max": "when a list is cut",
        ">= count_ + std::min": "when a list is cut",
        "> count_ + std::max": "when a list is cut",
        "> count_)": "a full list raises its floor one offer later",
        "key < floor(column)": "keys are distinct",
    },
    "simd/knn-inl.hpp": {
        "k + vf::width < n": "the loop for the rest takes over",
        "r <= b.n_rows": "rows are padded, and the padding's weights add nothing",
        "column - s.first <= vf::width": "the mask of a whole register is all ones",
        "s.own_size[lane] != s.own_capacity": "lists are cut more often",
        "s.end + s.begin < knn_chunk": "behind a list stand columns whose sums have been taken",
    },
    "simd/counts-inl.hpp": {"most = 255 + step": "when counts are written"},
    "als/half_epoch.hpp": {
        "double per_entry": "how the rows are cut into runs",
        "double per_row": "how the rows are cut into runs",
        "return (per_entry": "how the rows are cut into runs",
        "worker < std::max(threads, 1)": "scratch that no worker uses",
    },
    "als/cg.hpp": {"tolerance > 1": "x is zero: its dots are only slower"},
    "als/dual.hpp": {
        "return size + 3 / 4": "which of two ways is quicker",
        "t <= padded": "the row behind the last is scratch",
        "system.inverse.data()) > 0": "the first pivot is at least 1",
    },
    "sgd/loss.hpp": {
        "t <= ahead": "one fetch more",
        "for (int t = 1; t < n": "the search starts with the first as found",
    },
    "sgd/replicas.hpp": {
        "std::max(threads, 2)": "one thread exchanges nothing",
        "users.features && model": "without replicas threads share all rows: slower",
    },
}

_TURNED = [
    (r" < ", " <= "),
    (r" <= ", " < "),
    (r" > ", " >= "),
    (r" >= ", " > "),
    (r" == ", " != "),
    (r" != ", " == "),
    (r" && ", " || "),
    (r" \|\| ", " && "),
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" \* (?!\w+[,)]\s*\{)", " + "),
    (r" \+= ", " -= "),
    (r"\bstd::min\b", "std::max"),
    (r"\bstd::max\b", "std::min"),
    (r"(?<![\w.])0(?=[;,)])", "1"),
    (r"(?<![\w.])1(?=[;,)])", "2"),
    (r"(?<![\w.])0\.5f", "0.25f"),
    (r"(?<![\w.])1\.0f", "2.0f"),
]
# Where an operator is no operation: templates, types, directives, and the constants that only tune speed.
_SKIPPED = re.compile(
    r"^\s*(//|#|template|using|static_assert|\w+ operator|class|struct)|reserve|prefetch|assert"
)

Mutant = tuple[str, int, str]


def mutants(name: str) -> list[Mutant]:
    """Return (what, line, changed line) of every place of a file."""
    found = []
    for number, line in enumerate((ROOT / "cpp/tastemaker" / name).read_text().splitlines()):
        code = line.partition("//")[0]
        if _SKIPPED.search(line):
            continue
        for before, after in _TURNED:
            for place in re.finditer(before, code):
                changed = code[: place.start()] + after + code[place.end() :]
                if any(part in changed for part in EQUIVALENT.get(name, ())):
                    continue
                what = f"{name}:{number + 1}: {code.strip()} -> {changed.strip()}"
                found.append((what, number, changed))
    return found


class Bench:
    """A copy of the core with its objects, where one file at a time is another."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.compiler = os.environ.get("CXX", "c++")
        shutil.copytree(ROOT / "cpp", folder / "cpp")
        for source in ("cpp/tastemaker/simd/level.cpp", "cpp/tastemaker/base/team.cpp", "tests/cpp/main.cpp"):
            self.compile(ROOT / source)
        self.compile(ROOT / "cpp/tastemaker/simd/isa.cpp")

    def compile(self, source: Path) -> bool:
        flags = ["-std=c++20", "-O1", "-w", SANITIZER, "-DTASTEMAKER_ISA=baseline", "-DTASTEMAKER_LEVEL_SSE2"]
        flags += [f"-I{self.folder}/cpp", f"-I{ROOT}/tests/cpp"]
        return self._run(self.compiler, *flags, "-c", source, "-o", self.object(source.stem))

    def object(self, stem: str) -> Path:
        return self.folder / f"{stem}.o"

    def passes(self, name: str) -> bool:
        """Whether the tests pass with the file as it is there now; one that does not compile has been noticed."""
        in_isa = name.startswith("simd/")
        built = self.compile(self.folder / "cpp/tastemaker/simd/isa.cpp") if in_isa else True
        tests = [f"test_{test}" for test in KERNELS[name]]
        for test in tests:
            if not in_isa or not self.object(test).exists():
                built = built and self.compile(ROOT / f"tests/cpp/{test}.cpp")
        objects = [self.object(stem) for stem in ("isa", "level", "team", "main", *tests)]
        program = self.folder / "program"
        linked = built and self._run(self.compiler, SANITIZER, *objects, "-o", program, "-lpthread")
        return linked and self._run(program, "--abort-after=1")

    def survives(self, name: str, mutant: Mutant) -> bool:
        file = self.folder / "cpp/tastemaker" / name
        lines = file.read_text().splitlines(keepends=True)
        _, number, changed = mutant
        file.write_text("".join([*lines[:number], changed + "\n", *lines[number + 1 :]]))
        try:
            return self.passes(name)
        finally:
            file.write_text("".join(lines))

    def restore(self, name: str) -> None:
        """Do away with what the last mutant of that file went into."""
        if name.startswith("simd/"):
            self.compile(self.folder / "cpp/tastemaker/simd/isa.cpp")
        else:
            for test in KERNELS[name]:
                self.object(f"test_{test}").unlink(missing_ok=True)

    def _run(self, *command: object) -> bool:
        try:
            done = subprocess.run(
                [str(part) for part in command],
                capture_output=True,
                check=False,
                timeout=TIMEOUT,
                cwd=self.folder,
            )
        except subprocess.TimeoutExpired:  # an endless loop
            return False
        return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=5, help="mutants of each file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="a part of the file's name")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    tried, killed = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for name, tests in KERNELS.items():
            everything = mutants(name)
            sample = draw.sample(everything, min(options.each, len(everything)))
            if options.only and options.only not in name:
                continue
            if not bench.passes(name):
                raise SystemExit(f"{' or '.join(tests)} fails without any change.")
            for mutant in sample:
                tried += 1
                survived = bench.survives(name, mutant)
                killed += not survived
                print("survived" if survived else "killed  ", mutant[0], flush=True)
            bench.restore(name)
    print(f"{killed} of {tried} killed ({killed / tried:.0%})")


if __name__ == "__main__":
    main()
