"""A table of quality as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.peers.report import markdown


def render(results: dict[str, Any]) -> str:
    """Return the table of a case with what one must know to read it."""
    metrics = results["metrics"]
    rows = [["model", *metrics, *(f"{metric}, tuned on test" for metric in metrics), "fit, s"]]
    for row in results["rows"]:
        figures = [
            _figure(row[mode]["figures"][metric]) for mode in ("validation", "test") for metric in metrics
        ]
        rows.append([row["name"], *figures, f"{row['validation']['fit_seconds']:.2g}"])
    for name, values in results["published"].items():
        rows.append(
            [f"published: {name}", *("-" for _ in metrics), *(f"{value:.4f}" for value in values), "-"]
        )
    users, items = results["shape"]
    info = results["machine"]
    return "\n".join(
        [
            f"# {results['title']}",
            "",
            markdown(rows),
            "",
            f"{users:,} users x {items:,} items, {results['nnz']:,} training interactions. ± is half the width of a",
            "95 % bootstrap interval over users. Ties by item index. Parameters were searched on a part cut from train",
            "(bench/quality/search.py); in the columns so named on the test part, as the published tables were.",
            f"{info['cpu']}, {info['cores']} cores; {info['commit']}, {info['date']}.",
            "",
        ]
    )


def _figure(interval: Sequence[float]) -> str:
    value, low, high = interval
    return f"{value:.4f} ±{(high - low) / 2:.4f}"
