"""The arrows of ARCHITECTURE.md, walked: imports, includes, and what may stand in one place only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "tastemaker"
CPP = ROOT / "cpp" / "tastemaker"

# A module imports from the rows above its own; units that share a row do not know each other.
PYTHON_LAYERS = [
    {"errors"},
    {"_validation"},
    {"_runtime", "_table"},
    {"data"},
    {"splits", "retrieval", "_modelfile"},
    {"datasets", "models"},
    {"evaluation", "persistence"},
    {"plots", "testing"},
    {"compat"},
    {"cli"},
    {"__main__"},
]
CORE_USERS = {"_runtime", "retrieval", "models", "evaluation"}

CPP_LAYERS = [{"base"}, {"simd"}, {"select", "knn", "als", "ease", "svd", "sgd"}, {"eval"}]

# C headers without code that a linker could share between files of different instruction sets.
PLAIN_HEADERS = {"cstddef", "cstdint", "cstring", "cfloat", "climits", "immintrin.h", "arm_neon.h"}


def rank_of(unit: str, layers: list[set[str]]) -> int:
    for rank, units in enumerate(layers):
        if unit in units:
            return rank
    pytest.fail(f"{unit!r} has no place among the layers of tests/unit/test_architecture.py: give it one")


def forbidden(importer: str, imported: str, layers: list[set[str]]) -> bool:
    return importer != imported and rank_of(imported, layers) >= rank_of(importer, layers)


# Python


def python_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def python_unit(path: Path) -> str:
    """Return the first part of a module's name below tastemaker: `models` for models/als.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, wherever in the file, as a full dotted name."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            # `from tastemaker import x` may name a module; of any other import the module is enough.
            yield from (
                f"{node.module}.{alias.name}" if node.module == "tastemaker" else str(node.module)
                for alias in node.names
            )


def test_python_imports_follow_the_arrows():
    wrong = []
    for path in python_files():
        unit = python_unit(path)
        if unit == "__init__":
            continue  # lists every public name, imports on first use
        for module in imports(path):
            top, _, rest = module.partition(".")
            name = rest.split(".")[0]
            if top != "tastemaker":
                continue
            if name == "_core":
                if unit not in CORE_USERS:
                    wrong.append(f"{path.relative_to(ROOT)} imports the compiled core")
            elif name != "__version__" and forbidden(unit, name, PYTHON_LAYERS):
                wrong.append(f"{path.relative_to(ROOT)} imports tastemaker.{name}")
    assert not wrong, "\n".join(wrong)


def test_nobody_uses_the_facades():
    for path in python_files():
        if python_unit(path) != "compat":
            assert not any(module.startswith("tastemaker.compat") for module in imports(path)), path


def test_names_of_other_libraries_stand_in_the_facades_only():
    """Not in code and docstrings; a comment may say whose definition something is, a data set whence it came."""
    peers = re.compile(
        r"\b(irspack|lenskit|cmfrec|rectools|nmslib|annoy|usearch)\b|\bimplicit(?=\.|`|'s\b)", re.I
    )
    for path in python_files():
        if python_unit(path) not in {"compat", "datasets"}:
            without_comments = ast.unparse(ast.parse(path.read_text()))
            assert not peers.search(without_comments), path.relative_to(ROOT)


def test_the_numpy_twins_know_nothing_of_the_package():
    for path in (ROOT / "tests" / "reference").glob("*.py"):
        assert not any(module.split(".")[0] == "tastemaker" for module in imports(path)), path


def test_all_random_numbers_come_from_generators():
    """The global state of numpy.random and random makes results depend on what ran before."""
    known = {"default_rng", "Generator", "SeedSequence", "RandomState"}  # the last to refuse it by name
    for path in python_files():
        assert "random" not in set(imports(path)), path.relative_to(ROOT)
        assert set(re.findall(r"\bnp\.random\.(\w+)", path.read_text())) <= known, path.relative_to(ROOT)


# C++


def cpp_files(*folders: Path) -> list[Path]:
    return sorted(p for folder in folders for p in folder.rglob("*") if p.suffix in {".hpp", ".cpp"})


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def code_of(path: Path) -> str:
    """Return a C++ file without its comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)


def test_cpp_includes_follow_the_arrows():
    wrong = []
    for path in cpp_files(CPP):
        topic = path.relative_to(CPP).parts[0]
        for name in includes(path):
            if name.startswith("tastemaker/"):
                if forbidden(topic, name.split("/")[1], CPP_LAYERS):
                    wrong.append(f"{path.relative_to(ROOT)} includes {name}")
            elif "/" in name or name in {"Python.h", "arrays.hpp", "bindings.hpp"}:
                wrong.append(
                    f"{path.relative_to(ROOT)} includes {name}: the core knows neither Python nor libraries"
                )
    assert not wrong, "\n".join(wrong)


def test_files_of_one_simd_level_use_no_templates_of_the_library():
    """What isa.cpp reaches is compiled with ISA flags: the linker could keep its copy of a template for all."""
    seen: set[Path] = set()
    queue = [CPP / "simd" / "isa.cpp"]
    wrong = []
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in includes(path):
            if name.startswith("tastemaker/"):
                queue.append(ROOT / "cpp" / name)
            elif name not in PLAIN_HEADERS:
                wrong.append(f"{path.relative_to(ROOT)} includes <{name}>")
        for hit in re.findall(r"std::(?!u?int\d+_t|size_t|ptrdiff_t|mem(?:cpy|cmp|set)\b)\w+", code_of(path)):
            wrong.append(f"{path.relative_to(ROOT)} uses {hit}")
    assert not wrong, "\n".join(wrong)
    assert set((CPP / "simd").glob("*-inl.hpp")) <= seen, "isa.cpp includes every body"


def test_threads_start_in_one_file():
    threads = re.compile(r"#\s*pragma\s+omp|\bomp_\w+\(|<omp\.h>|std::j?thread\b|std::async|pthread_create")
    for path in cpp_files(CPP, ROOT / "src"):
        if path != CPP / "base" / "team.cpp":
            assert not threads.search(code_of(path)), (
                f"{path.relative_to(ROOT)} starts threads: use parallel_for"
            )


def test_the_core_neither_prints_nor_reads_the_environment():
    banned = re.compile(r"<iostream>|\bprintf\(|std::(cout|cerr|clog|abort|exit)\b|\bgetenv\(")
    for path in cpp_files(CPP):
        if path != CPP / "simd" / "level.cpp":  # the override of the SIMD level
            assert not banned.search(code_of(path)), path.relative_to(ROOT)


def test_isa_flags_stand_in_one_file():
    flags = re.compile(r"(?<![\w-])-m(arch|tune|cpu|fpu|avx|sse|fma|f16c)|-ffast-math|-Ofast|/arch:")
    files = [ROOT / "CMakeLists.txt", ROOT / "CMakePresets.json", ROOT / "Makefile", ROOT / "pyproject.toml"]
    files += [
        *(ROOT / "cpp" / "cmake").iterdir(),
        *(ROOT / "tests" / "cpp").glob("*.txt"),
        *(ROOT / "bench").rglob("*.txt"),
    ]
    for path in files:
        if path != ROOT / "cpp" / "cmake" / "Simd.cmake":
            assert not flags.search(path.read_text()), path.relative_to(ROOT)
    without_comments = re.sub("#.*", "", (ROOT / "cpp" / "cmake" / "Simd.cmake").read_text())
    assert not re.search("-ffast-math|-march=native|-Ofast", without_comments)


# Sizes


def test_files_stay_small():
    """400 lines is the hard stop; the module's entry has 40."""
    limits = {ROOT / "src" / "module.cpp": 40}
    folders = [ROOT / name for name in ("python", "cpp", "src", "tests", "bench", "examples", "tools")]
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix in {".py", ".pyi", ".hpp", ".cpp"}:
                lines = len(path.read_text().splitlines())
                assert lines <= limits.get(path, 400), f"{path.relative_to(ROOT)} has {lines} lines: split it"


def test_the_core_alone_and_the_wheel_for_cuda_have_the_version_of_the_package() -> None:
    (version,) = re.findall(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    cuda = (ROOT / "cuda" / "pyproject.toml").read_text("utf-8")
    assert f'version = "{version}"\n' in cuda
    assert f'dependencies = ["tastemaker=={version}"]\n' in cuda
    assert f"project(tastemaker_core VERSION {version} " in (ROOT / "cpp" / "CMakeLists.txt").read_text(
        "utf-8"
    )
