"""Change `_validation.py` in one place at a time and see whether its tests notice.

python -m tests.mutation.run [--sample 60] [--seed 0]

Mutants: a comparison, `and`/`or`, `+`/`-` or `not` turned round, an int moved by one, True for False, a call of a check
or a raise left out. Survivors are printed with their place.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE = "tastemaker._validation"
SOURCE = ROOT / "python/tastemaker/_validation.py"
TESTS = ("tests/unit/test_validation.py", "tests/unit/test_as_csr.py")

_TURNED = {
    **{
        ast.Lt: ast.LtE,
        ast.LtE: ast.Lt,
        ast.Gt: ast.GtE,
        ast.GtE: ast.Gt,
        ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq,
    },
    **{
        ast.Is: ast.IsNot,
        ast.IsNot: ast.Is,
        ast.In: ast.NotIn,
        ast.NotIn: ast.In,
        ast.And: ast.Or,
        ast.Or: ast.And,
    },
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr},
}


def places(tree: ast.Module) -> list[int]:
    """Return the numbers, in the order of a walk, of the nodes that can be changed."""
    types = [node.annotation for node in ast.walk(tree) if isinstance(node, ast.arg | ast.AnnAssign)]
    types += [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    skipped = {id(part) for kind in types if kind is not None for part in ast.walk(kind)}
    nodes = enumerate(ast.walk(tree))
    return [n for n, node in nodes if id(node) not in skipped and _change(copy.deepcopy(node))]


def mutant(tree: ast.Module, place: int) -> tuple[str, ast.Module]:
    """Return what was changed, and the changed copy."""
    changed = copy.deepcopy(tree)
    node = list(ast.walk(changed))[place]
    line = getattr(node, "lineno", 0)
    return f"line {line}: {_change(node)}", ast.fix_missing_locations(changed)


def _change(node: ast.AST) -> str | None:
    """Change a node in place; return what was done, None where there is nothing to do."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _TURNED:
        before = ast.unparse(node)
        node.ops[0] = _TURNED[type(node.ops[0])]()
        return f"{before} -> {ast.unparse(node)}"
    if isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in _TURNED:
        before = ast.unparse(node)
        node.op = _TURNED[type(node.op)]()
        return f"{before} -> {ast.unparse(node)}"
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int):
        before = node.value
        node.value = not before if isinstance(before, bool) else before + 1
        return f"{before} -> {node.value}"
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if isinstance(node, ast.stmt) and (called or isinstance(node, ast.Raise)):
        before = ast.unparse(node)
        position = {name: getattr(node, name) for name in ("lineno", "col_offset")}
        node.__class__ = ast.Pass  # the same object: its parent need not be known
        node.__dict__.clear()
        node.__dict__.update(position)
        return f"without {before[:60]!r}"
    return None


def survives(tree: ast.Module, folder: Path) -> bool:
    """Whether every test passes with that module."""
    file = folder / "mutant.py"
    file.write_text(ast.unparse(tree))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-n0",
        "-p",
        "tests.mutation.plugin",
        "-p",
        "no:cacheprovider",
    ]
    environment = os.environ | {
        "MUTANT_MODULE": MODULE,
        "MUTANT_FILE": str(file),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [*command, *TESTS], cwd=ROOT, env=environment, capture_output=True, check=False, timeout=600
    )
    return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tree = ast.parse(SOURCE.read_text())
    everything = places(tree)
    sample = random.Random(options.seed).sample(everything, min(options.sample, len(everything)))
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        if not survives(tree, Path(folder)):
            raise SystemExit("The tests fail without any change.")
        for tried, place in enumerate(sample, 1):
            what, changed = mutant(tree, place)
            if survives(changed, Path(folder)):
                survivors.append(what)
                print(f"survived: {what}", flush=True)
            print(f"{tried}/{len(sample)}: {tried - len(survivors)} killed", end="\r", flush=True)
    killed = len(sample) - len(survivors)
    print(f"{killed} of {len(sample)} killed ({killed / len(sample):.0%}); {len(everything)} mutants in all")


if __name__ == "__main__":
    main()
