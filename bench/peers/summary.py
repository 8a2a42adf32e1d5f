"""The results of runs as text: one report, two runs side by side, the README's table, the page with everything.

python -m bench.peers.summary bench/results/ml-1m-avx2-2t.json             # print the report
python -m bench.peers.summary ONE.json --beside OTHER.json                 # growth with data
python -m bench.peers.summary --readme bench/results/*.json                # put chosen ratios into README.md
python -m bench.peers.summary --docs                                       # all reports into docs/speed.md
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from statistics import median
from typing import Any

from bench.peers import report
from bench.peers.data import ROOT
from bench.peers.peers import OURS

# The README's rows. The first result that holds a task gives its row.
CHOSEN = (
    "knn-fit/cosine-20",
    "knn-recommend/cosine-20",
    "als/cg-64",
    "als/cg-256",
    "als/cholesky-64",
    "als/ials++-256",
    "reach/als-64",
    "topn/10-of-64",
    "svd/64",
    "sgd/warp-64",
    "sgd/warp-kos-64",
    "sgd/bpr-64",
    "sgd/logistic-64",
    "bpr/64",
    "logistic-mf/64",
    "hybrid/warp-item",
    "hybrid/warp-user+item",
    "sgd-large/warp-64",
    "reach/warp-64",
    "ranks/auc-64",
    "predict/hybrid-64",
)

_begin = "<!-- bench:begin (python -m bench.peers.summary --readme) -->"
_end = "<!-- bench:end -->"

_preface = """# How fast the models are

Written by `python -m bench.peers.summary --docs` from what `make bench` left in bench/results. How it is measured, and
what the figures do not say: [how we measure](how-we-measure.md).

"""

Results = list[dict[str, Any]]


def readme_block(runs: Results) -> str:
    """Return the table of the chosen tasks: our seconds and how many times longer each peer takes."""
    rows = [["task", "data", f"{OURS}, s", "times as long"]]
    for name in CHOSEN:
        row = next(filter(None, (_row(run, name) for run in runs)), None)
        if row:
            rows.append(row)
    note = "How many times longer other libraries take on the same data in the same run, by `make bench`; "
    machines = "; ".join(dict.fromkeys(report.machine(run) for run in runs))
    rest = "Quality, memory, spread and the rest: [all tables](docs/speed.md)."
    return f"{note}{machines}. {rest}\n\n{report.markdown(rows)}"


def put_into_readme(readme: str, block: str) -> str:
    """Return the README's text with a block between the two markers."""
    return report.between(readme, _begin, _end, block)


def _row(run: dict[str, Any], task: str) -> list[str] | None:
    """Return the task's row from one run; None where ours has no valid time there or nobody was beside it."""
    records = report.by_task(run["records"]).get(task, [])
    ours = next((record for record in records if record["peer"] == OURS), None)
    beside = {record["peer"]: report.ratio(ours, record) for record in records if record["peer"] != OURS}
    multiples = [f"{peer} {report.times(value)}" for peer, value in beside.items() if value]
    if ours is None or not multiples:
        return None
    seconds = report.seconds(median(ours["seconds"]))
    return [ours["title"], run["data"]["name"], seconds, ", ".join(multiples)]


def read_all(folder: Path) -> Results:
    """Return the results of `make bench` below a folder, in the order of their paths."""
    found = (json.loads(path.read_text()) for path in sorted(folder.rglob("*.json")))
    return [results for results in found if "absent" in results]


def page(runs: Results) -> str:
    """Return the page with the report of each run, then the growth from the smaller data to the larger."""
    reports = [_demoted(report.render(run)) for run in runs]
    growth = [
        f"## From {small['data']['name']} to {large['data']['name']}\n\n{report.beside(small, large)}\n"
        for small, large in _pairs(runs)
    ]
    return _preface + "\n".join([*reports, *growth])


def _pairs(runs: Results) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the runs on generated data that differ in nothing but its size."""
    return [
        (small, large)
        for small in runs
        for large in runs
        if (small["data"]["name"], large["data"]["name"]) == ("generated-s", "generated-m")
        and report.machine(small) == report.machine(large)
        and report.beside(small, large).count("\n") > 1
    ]


def _demoted(text: str) -> str:
    """Return a report with its headings one level lower."""
    return re.sub(r"^#", "##", text, flags=re.MULTILINE)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.peers.summary", description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, nargs="*")
    parser.add_argument("--readme", action="store_true", help="put the chosen ratios into README.md")
    parser.add_argument("--docs", action="store_true", help="put all reports into docs/speed.md")
    parser.add_argument(
        "--beside", type=Path, metavar="OTHER", help="print the times of two runs side by side"
    )
    options = parser.parse_args()
    runs = [json.loads(path.read_text()) for path in options.results]
    if options.docs:
        (ROOT / "docs" / "speed.md").write_text(page(read_all(ROOT / "bench" / "results")))
    elif not runs:
        parser.error("name a file of results, or --docs")
    elif options.readme:
        readme = ROOT / "README.md"
        readme.write_text(put_into_readme(readme.read_text(), readme_block(runs)))
    elif options.beside:
        print(report.beside(runs[0], json.loads(options.beside.read_text())))
    else:
        print("\n".join(map(report.render, runs)))


if __name__ == "__main__":
    _main()
