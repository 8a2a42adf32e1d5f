"""Print the tables of quality: models with the parameters of tuned.json, measured on the test part.

    make quality                                  # every case, every row
    make quality ARGS="gowalla --rows 'KNN*'"    # the others' figures stay as they were

Also written to bench/results/quality-CASE.md and .json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bench.peers import machine
from bench.quality.cases import CASES, Case, Row
from bench.quality.fitting import fitted, members_of, params_of
from bench.quality.protocols import Measure
from bench.quality.report import render
from bench.quality.tuned import read

RESULTS = Path(__file__).resolve().parents[1] / "results"


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality.run")
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--rows", default="*", help="pattern of the rows' names")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.cases or CASES:
        path = options.out / f"quality-{name}.json"
        earlier = json.loads(path.read_text())["rows"] if path.exists() else []
        results = _measure_case(CASES[name], read().get(name, {}), options.rows, earlier)
        path.write_text(json.dumps(results, indent=1) + "\n")
        text = render(results)
        path.with_suffix(".md").write_text(text)
        print(text, flush=True)
    return 0


def _measure_case(
    case: Case, found: Mapping[str, Any], pattern: str, earlier: list[dict[str, Any]]
) -> dict[str, Any]:
    measure = case.protocol()
    rows = {row["name"]: row for row in earlier}
    for row in case.rows:
        if fnmatchcase(row.name, pattern):
            rows[row.name] = _measure_row(case, row, found, measure)
    return {
        "title": case.title,
        "shape": measure.train.matrix.shape,
        "nnz": measure.train.nnz,
        "metrics": measure.metrics,
        "machine": machine.facts(),
        "published": case.published,
        "rows": [rows[row.name] for row in case.rows if row.name in rows],
    }


def _measure_row(case: Case, row: Row, found: Mapping[str, Any], measure: Measure) -> dict[str, Any]:
    facts = machine.facts()
    result: dict[str, Any] = {"name": row.name, "commit": facts["commit"], "date": facts["date"]}
    for mode in row.modes:
        started = time.perf_counter()
        params = params_of(row, found, mode)
        if result.get("validation", {}).get("params") == {**row.fixed, **params} and not row.blends:
            result[mode] = result["validation"]  # the same model
            continue
        members = members_of(case, row, found, mode, measure)
        model = fitted(row, params, measure, members)
        seconds = time.perf_counter() - started
        figures = measure.measure(model)
        result[mode] = {
            "params": {**row.fixed, **params},
            "fit_seconds": seconds,
            "figures": {name: figures[name] for name in measure.metrics},
        }
    print(f"{case.title}: {row.name}", file=sys.stderr, flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
