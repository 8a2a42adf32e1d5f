"""Compare what ptxas says of registers and spills, on standard input, with the budget of each kernel.

The input is a log of builds, one after another: of each source the last compilation counts.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

BUDGET = Path(__file__).with_name("cuda_budget.json")
SOURCE = re.compile(r"Building CUDA object (\S+)")
ENTRY = re.compile(r"Compiling entry function '(\w+)' for 'sm_\d+'")
SPILLS = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
REGISTERS = re.compile(r"Used (\d+) registers")

Kernels = dict[str, tuple[int, int]]


def measured(log: str) -> Kernels:
    """Return (registers, bytes of spills) by kernel, the most over the architectures."""
    sources: dict[str, Kernels] = {}
    kernels: Kernels = {}
    symbol, spills = "", 0
    for line in log.splitlines():
        if source := SOURCE.search(line):
            kernels = sources[source[1]] = {}
        elif entry := ENTRY.search(line):
            symbol = entry[1]
        elif spill := SPILLS.search(line):
            spills = int(spill[1]) + int(spill[2])
        elif used := REGISTERS.search(line):
            known = kernels.get(symbol, (0, 0))
            kernels[symbol] = max(known[0], int(used[1])), max(known[1], spills)
    every = {symbol: most for each in sources.values() for symbol, most in each.items()}
    return dict(zip(plain(list(every)), every.values(), strict=True))


def plain(symbols: list[str]) -> list[str]:
    """Return `solve_cg<float, 4, 1>` for each mangled symbol."""
    names = subprocess.run(["c++filt", *symbols], capture_output=True, text=True, check=True).stdout
    return [
        name.partition("(")[0].removeprefix("void ").replace("tastemaker::cuda::", "").strip()
        for name in names.splitlines()
    ]


def main() -> None:
    """Print the kernels over their budget and exit with 1 when there are any."""
    budgets: dict[str, dict[str, int]] = json.loads(BUDGET.read_text())
    kernels = measured(sys.stdin.read())
    if not kernels:
        sys.exit("no kernel in the compiler's output")
    wrong = []
    for name, (registers, spills) in sorted(kernels.items()):
        budget = budgets.get(name) or budgets.get(name.partition("<")[0], {})
        if registers > budget.get("registers", 0) or spills > budget.get("spills", 0):
            wrong.append(
                f"{name}: {registers} registers, {spills} bytes of spills; allowed {budget or 'nothing'}"
            )
    if wrong:
        sys.exit("kernels over the budget of tools/cuda_budget.json:\n" + "\n".join(wrong))
    print(f"{len(kernels)} kernels within their budget of registers and spills")


if __name__ == "__main__":
    main()
