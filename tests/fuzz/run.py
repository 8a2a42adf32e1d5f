"""Fuzz one target, guided by the coverage of our Python code (atheris, which runs libFuzzer).

python -m tests.fuzz.run TARGET [options of libFuzzer, such as -max_total_time=20] [folder that collects what is new]

The committed corpus is read and never written. What raises is left as crash-* in the current folder and ends the run;
`python -m tests.fuzz.run TARGET crash-...` shows it again. Each target has a test in test_fuzz.py: add the file that
crash-* became to corpus/TARGET, and a test of its own where the fault was.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import sys
from pathlib import Path
from types import FunctionType

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    import atheris

    name, *options = sys.argv[1:]
    target = _instrumented(name)
    again = any(Path(option).is_file() for option in options)
    folders = [str(CORPUS / name)] if (CORPUS / name).is_dir() and not again else []
    atheris.Setup(["fuzz", *options, *folders], target)
    atheris.Fuzz()


def _instrumented(name: str):
    """Return the target after telling atheris of every function of ours (its import hook sees no lazy imports)."""
    import atheris
    from tests.fuzz.targets import TARGETS

    import tastemaker

    for module in pkgutil.walk_packages(tastemaker.__path__, "tastemaker."):
        if not module.name.startswith(("tastemaker.compat", "tastemaker.__main__")):
            importlib.import_module(module.name)
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and str(function.__module__).startswith("tastemaker."):
            atheris.instrument_func(function)
    return TARGETS[name]


if __name__ == "__main__":
    main()
