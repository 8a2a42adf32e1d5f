"""Build the sdist, a wheel from it, install that in a bare environment and use it from another directory."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_WHEEL_BYTES = 3_000_000
SMOKE = """
import pathlib, sys
import numpy as np
import scipy.sparse as sp
import tastemaker as tm

assert pathlib.Path(sys.prefix) in pathlib.Path(tm.__file__).parents, tm.__file__
rng = np.random.default_rng(1)
users_items = sp.random_array((60, 40), density=0.2, rng=rng, format="csr", dtype=np.float32)
for model in (tm.Popular(), tm.KNN(neighbors=10), tm.SVD(factors=4), tm.ALS(factors=8, epochs=2)):
    ids, scores = model.fit(users_items).recommend([0, 1], n=5)
    assert ids.shape == scores.shape == (2, 5), model
    assert not set(ids[0]) & set(users_items.indices[: users_items.indptr[1]]), model
print("works:", tm.__version__, "on", sys.version.split()[0])
"""


def run(*command: object, cwd: Path, **environment: str) -> str:
    """Run a command; return what it printed, or stop with that where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def one(folder: Path, pattern: str) -> Path:
    """Return the only file that matches."""
    (found,) = folder.glob(pattern)
    return found


def check_sdist(archive: Path) -> None:
    """Stop unless the sdist holds every source and nothing of the workplace."""
    with tarfile.open(archive) as tar:
        names = {name.split("/", 1)[1] for name in tar.getnames() if "/" in name}
    for needed in (
        "pyproject.toml",
        "CMakeLists.txt",
        "LICENSE",
        "licenses/libgomp.txt",
        "licenses/pybind11.txt",
        "cpp/CMakeLists.txt",
        "src/module.cpp",
        "python/tastemaker/py.typed",
    ):
        if needed not in names:
            sys.exit(f"the sdist lacks {needed}")
    strays = sorted(n for n in names if n.startswith((".ci", ".venv", "build/")) or n.endswith(".so"))
    if strays:
        sys.exit(f"the sdist has files that do not belong there: {strays[:5]}")


def check_wheel(archive: Path) -> None:
    """Stop unless the wheel is the package alone, and small."""
    with zipfile.ZipFile(archive) as wheel:
        names = wheel.namelist()
    strays = [n for n in names if not n.startswith(("tastemaker/", "tastemaker-"))]
    if strays:
        sys.exit(f"the wheel has files outside the package: {strays[:5]}")
    for needed in (
        "tastemaker/_core.",
        "tastemaker/py.typed",
        "tastemaker/_core.pyi",
        "/licenses/pybind11.txt",
    ):
        if not any(needed in n for n in names):
            sys.exit(f"the wheel lacks {needed}")
    check_size(archive)


def check_size(archive: Path) -> None:
    """Stop unless the wheel is small."""
    if archive.stat().st_size > MAX_WHEEL_BYTES:
        sys.exit(f"the wheel has {archive.stat().st_size:,} bytes; the aim is below {MAX_WHEEL_BYTES:,}")


def main() -> None:
    """Run every step; the first that fails ends the check."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        print("==> sdist")
        run(sys.executable, "-m", "build", "--sdist", "--outdir", scratch, ROOT, cwd=scratch)
        sdist = one(scratch, "*.tar.gz")
        check_sdist(sdist)
        print("==> wheel from the sdist")
        run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", scratch, sdist, cwd=scratch)
        wheel = one(scratch, "*.whl")
        check_wheel(wheel)
        print(f"==> {wheel.name}, {wheel.stat().st_size:,} bytes, in a bare environment")
        venv.create(scratch / "bare", with_pip=True)
        python = scratch / "bare" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        run(python, "-m", "pip", "install", "-q", wheel, cwd=scratch)
        print(run(python, "-W", "error", "-c", SMOKE, cwd=scratch), end="")


if __name__ == "__main__":
    main()
