"""Tables of quality as Markdown.

python -m bench.quality.report bench/results/quality-gowalla.json             # print the report
python -m bench.quality.report --readme bench/results/quality-gowalla.json    # put its table into README.md
python -m bench.quality.report --docs                                         # all reports into docs/quality.md
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.peers.report import between, markdown
from bench.quality.beside import report as beside

_begin = "<!-- quality:begin (python -m bench.quality.report --readme) -->"
_end = "<!-- quality:end -->"
_root = Path(__file__).resolve().parents[2]
_preface = """# How well the models rank

Written by `python -m bench.quality.report --docs` from what `make quality` and `make quality-beside` left in
bench/results. What the figures mean, and what they do not: [how we measure](how-we-measure.md).

"""


def render(results: dict[str, Any]) -> str:
    """Return the table of a case with what one must know to read it."""
    users, items = results["shape"]
    machine = results["machine"]
    runs = dict.fromkeys(f"{row['commit']}, {row['date']}" for row in results["rows"])
    return "\n".join(
        [
            f"# {results['title']}",
            "",
            table(results),
            "",
            f"{users:,} users x {items:,} items, {results['nnz']:,} training interactions. ± is half the width of a",
            "95 % bootstrap interval over users. Ties by item index. Parameters were searched on a part cut from train",
            "(bench/quality/search.py); in the columns so named on the test part, as the published tables were.",
            f"{machine['cpu']}, {machine['cores']} cores; {'; '.join(runs)}.",
            "",
        ]
    )


def table(results: dict[str, Any]) -> str:
    """Return models x metrics, tuned in both ways, and the published figures below."""
    metrics = results["metrics"]
    rows = [["model", *metrics, *(f"{metric}, tuned on test" for metric in metrics), "fit, s"]]
    for row in results["rows"]:
        figures = [
            _figure(row[mode]["figures"][metric]) if mode in row else "-"
            for mode in ("validation", "test")
            for metric in metrics
        ]
        rows.append([row["name"], *figures, _seconds(row["validation"]["fit_seconds"])])
    for name, values in results["published"].items():
        rows.append(
            [f"published: {name}", *("-" for _ in metrics), *(f"{value:.4f}" for value in values), "-"]
        )
    return markdown(rows)


def _figure(interval: Sequence[float]) -> str:
    value, low, high = interval
    return f"{value:.4f} ±{(high - low) / 2:.4f}"


def _seconds(value: float) -> str:
    return f"{value:.2g}" if value < 100 else f"{value:.0f}"


def pages(folder: Path) -> str:
    """Return all reports of a folder of results on one page."""
    reports = [
        render_one(json.loads(path.read_text())).replace("# ", "## ", 1)
        for prefix, render_one in {"quality": render, "beside": beside.render}.items()
        for path in sorted(folder.glob(f"{prefix}-*.json"))
    ]
    return _preface + "\n".join(reports)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.quality.report")
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    parser.add_argument("--docs", action="store_true", help="put all reports into docs/quality.md")
    options = parser.parse_args()
    if options.docs:
        (_root / "docs" / "quality.md").write_text(pages(_root / "bench" / "results"))
        return
    results = json.loads(options.results.read_text())
    if not options.readme:
        print(render(results), end="")
        return
    place = _root / "README.md"
    text = f"{results['title']}, by `make quality`; what the columns mean: [how we measure](docs/how-we-measure.md)."
    text += " More data, and LightFM beside ours: [all tables](docs/quality.md)."
    place.write_text(between(place.read_text(), _begin, _end, f"{text}\n\n{table(results)}"))


if __name__ == "__main__":
    _main()
