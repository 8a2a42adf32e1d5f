"""What a release must pass on this machine; leaves sdist, repaired wheel and SBOM in build/release.

The wheel of the sdist, built without a network, is repaired by auditwheel and runs the contract of all models in two
bare environments: with the oldest numpy and scipy that pyproject.toml allows, and with the newest.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import check_wheel
from check_wheel import ROOT, SMOKE, check_sdist, check_size, one

OUT = ROOT / "build" / "release"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# The licence file that covers a library which auditwheel copies into the wheel.
LICENCES = {"libgomp": "libgomp.txt", "libstdc++": "libgomp.txt", "libgcc_s": "libgomp.txt"}


run = functools.partial(check_wheel.run, cwd=OUT)


def offline(*command: object) -> None:
    """Run a command without a network, as far as this machine can take it away."""
    namespace = ["unshare", "--map-root-user", "--net"]
    can = shutil.which("unshare") and not subprocess.run([*namespace, "true"], check=False).returncode
    run(*(namespace if can else []), *command, PIP_NO_INDEX="1")


def repaired(wheel: Path) -> Path:
    """Return the wheel with the libraries that it needs inside, for the widest platform that its symbols allow."""
    run(sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", OUT / "repaired", wheel)
    return one(OUT / "repaired", "*.whl")


def check_licences(wheel: Path) -> None:
    """Stop unless every library in the wheel has its licence there."""
    names = zipfile.ZipFile(wheel).namelist()
    libraries = [Path(name).name for name in names if ".libs/" in name and ".so" in name]
    for library in libraries:
        wanted = LICENCES.get(re.split(r"[-.]", library)[0])
        if wanted is None or not any(name.endswith(f"/licenses/licenses/{wanted}") for name in names):
            sys.exit(f"{library} is in the wheel, its licence is not")
    print(f"    carries {', '.join(libraries) or 'no library'}, with licences")


def pins(which: str) -> list[str]:
    """Return the requirements of numpy and scipy: as in pyproject.toml, or exactly the oldest allowed."""
    wanted = [line for line in PROJECT["project"]["dependencies"] if line.startswith(("numpy", "scipy"))]
    return wanted if which == "newest" else [line.replace(">=", "==") + ".*" for line in wanted]


def check_installed(wheel: Path, which: str) -> None:
    """Run the contract of all models from the installed wheel in a bare environment."""
    folder = OUT / which
    venv.create(folder, with_pip=True, clear=True)
    python = folder / "bin" / "python"
    install = (python, "-m", "pip", "install", "-q", "--only-binary", "numpy,scipy")
    run(*install, wheel, *pins(which))
    run(python, "-W", "error", "-c", SMOKE)
    packages = run(python, "-m", "pip", "list", "--format", "freeze").split()
    print(f"    {which}: {', '.join(p for p in packages if p.startswith(('numpy', 'scipy')))}", flush=True)
    if which == "newest":
        run(sys.executable, "-m", "cyclonedx_py", "environment", "--output-file", OUT / "sbom.json", python)
    run(*install, *pins(which), *PROJECT["tool"]["cibuildwheel"]["test-requires"])
    tests = OUT / "source"
    shutil.copytree(ROOT / "tests", tests / "tests", dirs_exist_ok=True)
    shutil.copy(ROOT / "pyproject.toml", tests)
    answer = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract", cwd=tests)
    print(f"    {which}: {answer.splitlines()[-1]}", flush=True)


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    print("==> sdist, and its wheel without a network", flush=True)
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", OUT, ROOT)
    sdist = one(OUT, "*.tar.gz")
    check_sdist(sdist)
    offline(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", OUT, sdist)
    built = one(OUT, "*.whl")
    print("==> repair, size, licences, metadata", flush=True)
    check_wheel.check_wheel(built)
    wheel = repaired(built)
    print(f"    {wheel.name}: {wheel.stat().st_size:,} bytes")
    check_size(wheel)
    check_licences(wheel)
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    print("==> installed, with the contract of all models", flush=True)
    for which in ("oldest", "newest"):
        check_installed(wheel, which)
    print(f"==> SBOM, sdist and wheel are in {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
