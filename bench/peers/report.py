"""Tables from the results of a run; `python -m bench.peers.summary` writes them."""

from __future__ import annotations

import math
from statistics import median
from typing import Any

from bench.peers import work
from bench.peers.peers import OURS

Records = list[dict[str, Any]]


def by_task(records: Records) -> dict[str, Records]:
    """Return the records of each task, in the order in which they were measured."""
    tasks: dict[str, Records] = {}
    for record in records:
        tasks.setdefault(record["task"], []).append(record)
    return tasks


def ratio(ours: dict[str, Any] | None, theirs: dict[str, Any]) -> float | None:
    """Return how many times longer the peer takes (medians); None where either is missing, failed or wrong."""
    if ours is None or not (_counts(ours) and _counts(theirs)):
        return None
    return float(median(theirs["seconds"]) / median(ours["seconds"]))


def line(records: Records) -> str:
    """Return one line of progress for a task that was just measured."""
    cells = [f"{r['peer']} {_time(r) if _counts(r) else _trouble(r)}" for r in records]
    return f"{records[0]['title']}: " + ", ".join(cells)


def render(results: dict[str, Any]) -> str:
    """Return the whole report as Markdown."""
    return "\n".join(
        [
            f"# {run_name(results)}",
            "",
            _setting(results),
            "",
            "## How many times longer the peers take",
            "",
            ratio_table(results),
            "",
            "Medians; above 1 means that ours is faster. A dash: the peer does not do the task, or one of the two has",
            "no valid time.",
            "",
            "## Everything measured",
            "",
            _detail_table(results),
            "",
            _legend,
            "",
        ]
    )


def ratio_table(results: dict[str, Any]) -> str:
    """Return tasks x peers: our seconds, then each peer's multiple of them."""
    tasks = by_task(results["records"])
    peers = list(dict.fromkeys(r["peer"] for r in results["records"] if r["peer"] != OURS))
    peers = [peer for peer in peers if any(_ratio_of(records, peer) for records in tasks.values())]
    rows = [["task", f"{OURS}, s", *peers]]
    for records in tasks.values():
        ours = _find(records, OURS)
        if ours is None or not _counts(ours):
            continue
        multiples = [_ratio_of(records, peer) for peer in peers]
        rows.append([ours["title"], seconds(median(ours["seconds"])), *map(times, multiples)])
    return markdown(rows)


def between(readme: str, begin: str, end: str, content: str) -> str:
    """Return the README's text with content between two marks, which it must hold once each."""
    if readme.count(begin) != 1 or readme.count(end) != 1:
        raise ValueError(f"README.md must hold the lines {begin} and {end} once each.")
    head, rest = readme.split(begin)
    return f"{head}{begin}\n{content}\n{end}{rest.split(end)[1]}"


def beside(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Return the times of two runs side by side, for what both measured: on other data, or by other threads.

    ``growth`` is the exponent of the number of interactions with which the time grows: the logarithm of the ratio of
    times by that of the numbers of interactions.
    """
    size = other["data"]["nnz"] / one["data"]["nnz"]
    rows = [["task", "library", *(f"{run_name(run)}, s" for run in (one, other)), "ratio", "growth"]]
    later = {(r["task"], r["peer"]): median(r["seconds"]) for r in other["records"] if _counts(r)}
    for r in one["records"]:
        if _counts(r) and (then := later.get((r["task"], r["peer"]))):
            now = median(r["seconds"])
            growth = f"{math.log(then / now) / math.log(size):.2f}" if size != 1 else "-"
            rows.append([r["title"], r["peer"], seconds(now), seconds(then), f"{then / now:.2f}", growth])
    return markdown(rows)


def run_name(run: dict[str, Any]) -> str:
    """Return what tells a run from another: its data, threads, SIMD level and label."""
    label = f" ({run['label']})" if run.get("label") else ""
    return f"{run['data']['name']}, {run['threads']} threads, {_simd(run)}{label}"


def share(record: dict[str, Any], ceilings: dict[str, Any]) -> str:
    """Return how much of the machine our time makes use of, where the work is counted (bench.peers.work)."""
    counted = record.get("work")
    if not counted or record["peer"] != OURS or not _counts(record):
        return "-"
    speed = {kind: amount / median(record["seconds"]) / 1e9 for kind, amount in counted.items()}
    if "flops" in speed:
        return f"{speed['flops']:.0f} GFLOP/s, {speed['flops'] / ceilings['sgemm_gflops']:.0%} of sgemm"
    moved = speed["updates"] * work.UPDATE_BYTES
    return (
        f"{speed['updates']:.2f} G updates/s, {moved:.0f} GB/s, {moved / ceilings['triad_gbs']:.0%} of triad"
    )


_legend = """\
seconds: median of the rounds (lowest-highest). iALS and SGD: the mean epoch of a fit without set-up and first epoch.
NDCG@10: our evaluation of the peer's lists, with a 95 % interval; in brackets the peer's minus ours over the same
users. objective: per interaction, the same formula for all; of an SVD its energy, of ranks their mean AUC. peak MB:
resident memory above what the process held before the call (library and data). check: before timing, a sample against
a float64 reference. ceiling: flops or updates counted by the formulas at the head of bench/peers/work.py, of ours, by
its median; sgemm and triad are those measured in the run."""


def _setting(results: dict[str, Any]) -> str:
    info = results["machine"]
    users, items = results["data"]["shape"]
    versions = [
        f"{name} " + ", ".join(f"{k} {v}" for k, v in said["versions"].items())
        for name, said in results["libraries"].items()
    ]
    absent = [f"- not measured: {name} ({why})" for name, why in results["absent"].items()]
    return "\n".join(
        [
            f"- data: {results['data']['note']}; {users:,} users x {items:,} items, {results['data']['nnz']:,} entries",
            f"- machine: {machine(results)}; load before the run {info['load']}",
            f"- its ceilings: sgemm {info['sgemm_gflops']} GFLOP/s, copy {info['copy_gbs']} GB/s, "
            f"triad {info.get('triad_gbs', '-')} GB/s",
            f"- command: `{results['command']}` at {info['commit']}, {info['date']}, {results['minutes']} minutes",
            f"- rounds: {results['rounds']}, everybody in turn",
            *(f"- {version}" for version in versions),
            *absent,
        ]
    )


def machine(results: dict[str, Any]) -> str:
    """Return what a run was measured on."""
    info = results["machine"]
    return f"{info['cpu']}, {info['cores']} cores, {results['threads']} threads, SIMD level {_simd(results)}"


def _simd(results: dict[str, Any]) -> str:
    return str(results["libraries"].get(OURS, {}).get("simd", "unknown"))


def _detail_table(results: dict[str, Any]) -> str:
    rows = [["task", "library", "seconds", "NDCG@10", "objective", "peak MB", "ceiling", "check and remarks"]]
    for task in by_task(results["records"]).values():
        for at, r in enumerate(task):
            words = [r["failure"] and f"failed: {r['failure']}", r["check"], r["remark"]]
            rows.append(
                [
                    "" if at else r["title"],
                    r["peer"],
                    _time(r) if r["seconds"] else "-",
                    _ndcg(r),
                    _figure(r),
                    "-" if r["peak_bytes"] is None else f"{r['peak_bytes'] / 1e6:.0f}",
                    share(r, results["machine"]),
                    "; ".join(word for word in words if word),
                ]
            )
    return markdown(rows)


def _figure(record: dict[str, Any]) -> str:
    """Return what the result is judged by besides its lists."""
    if record["objective"] is not None:
        return f"{record['objective']:.5g}"
    given = (f"{record[name]:.5g} {name}" for name in ("energy", "auc") if record.get(name) is not None)
    return next(given, "-")


def _counts(record: dict[str, Any]) -> bool:
    return bool(record["seconds"]) and record["right"] and not record["failure"]


def _trouble(record: dict[str, Any]) -> str:
    return f"FAILED ({record['failure']})" if record["failure"] else f"WRONG ({record['check']})"


def _find(records: Records, peer: str) -> dict[str, Any] | None:
    return next((r for r in records if r["peer"] == peer), None)


def _ratio_of(records: Records, peer: str) -> float | None:
    theirs = _find(records, peer)
    return None if theirs is None else ratio(_find(records, OURS), theirs)


def _ndcg(record: dict[str, Any]) -> str:
    if record["ndcg"] is None:
        return "-"
    text = f"{record['ndcg']['value']:.4f} ±{record['ndcg']['half_width']:.4f}"
    difference = record["ndcg_difference"]
    return (
        text if difference is None else f"{text} ({difference['value']:+.4f} ±{difference['half_width']:.4f})"
    )


def _time(record: dict[str, Any]) -> str:
    all_ = record["seconds"]
    return f"{seconds(median(all_))} ({seconds(min(all_))}-{seconds(max(all_))})"


def seconds(value: float) -> str:
    """Return seconds with three digits that count."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def times(value: float | None) -> str:
    """Return a multiple with three digits that count; a dash for none."""
    return "-" if value is None else f"{value:.1f}x" if value >= 10 else f"{value:.2f}x"


def markdown(rows: list[list[str]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
