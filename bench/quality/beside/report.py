"""The results of a run as Markdown.

python -m bench.quality.beside.report bench/results/beside-ml-1m.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench.peers.peers import OURS
from bench.peers.report import markdown
from bench.quality.beside.figures import interval

_peer = "LightFM"


def render(results: dict[str, Any]) -> str:
    """Return the table of a case with what one must know to read it."""
    users, items = results["shape"]
    info = results["machine"]
    seeds = len({record["seed"] for record in results["records"]})
    versions = "; ".join(
        f"{name}: {', '.join(f'{package} {version}' for package, version in packages.items())}"
        for name, packages in results["libraries"].items()
    )
    return "\n".join(
        [
            f"# Beside LightFM: {results['title']}",
            "",
            table(results),
            "",
            f"{users:,} users x {items:,} items, {results['nnz']:,} interactions, every weight 1.",
            f"{results['factors']} factors, {results['epochs']} epochs, {results['threads']} threads (Hogwild), else",
            "the defaults that both libraries share; rows of features are divided by their sums. Mean over",
            f"{seeds} seeds, each with a split of its own, the same for both, and half the width of its 95 % interval",
            "(Student's t). difference: ours less theirs, seed by seed. By `make quality-beside`.",
            f"{info['cpu']}, {info['cores']} cores; {versions}; {info['commit']}, {info['date']}.",
            "",
        ]
    )


def table(results: dict[str, Any]) -> str:
    """Return rows x metrics: ours, LightFM, and the difference."""
    values: dict[tuple[str, str, str], list[float]] = {}
    for record in results["records"]:
        for metric, value in record["figures"].items():
            values.setdefault((record["row"], metric, record["library"]), []).append(value)
    lines = [["model", "metric", OURS, _peer, "difference"]]
    for row, metric in dict.fromkeys((row, metric) for row, metric, _ in values):
        ours, theirs = (values.get((row, metric, library), []) for library in (OURS, _peer))
        apart = [a - b for a, b in zip(ours, theirs, strict=False)]
        lines.append([row, metric, _figure(ours), _figure(theirs), _figure(apart, signed=True)])
    return markdown(lines)


def _figure(values: list[float], *, signed: bool = False) -> str:
    if not values:
        return "-"
    mean, half = interval(values)
    return f"{mean:{'+' if signed else ''}.4f} ±{half:.4f}"


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.quality.beside.report")
    parser.add_argument("results", type=Path)
    print(render(json.loads(parser.parse_args().results.read_text())), end="")


if __name__ == "__main__":
    _main()
