"""``tastemaker inspect``: the header of a model file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from tastemaker._table import Table
from tastemaker.cli._output import Answer, emit
from tastemaker.cli._verb import Session, verb
from tastemaker.persistence import inspect


@verb("inspect")
@click.argument("model", type=click.Path(path_type=Path))
def command(session: Session, model: Path) -> None:
    """Say what the file MODEL holds: class, parameters, sizes, ids, training. Its arrays are not read."""
    header = inspect(model)
    facts = {"file": str(model), "bytes": model.stat().st_size, **header}
    rows = _lines(facts)
    emit(session, Answer(facts, Table({"property": list(rows), "value": list(rows.values())})))


def _lines(facts: dict[str, Any]) -> dict[str, str]:
    users, items = facts["shape"]
    history = facts["training"]["history"]
    lines = {
        "file": f"{facts['file']} ({facts['bytes'] / 1e6:,.1f} MB)",
        "written": f"{facts['created']} by tastemaker {facts['version']} (format {facts['format']})",
        "model": facts["model"]["model"],
        **{f"  {name}": str(value) for name, value in facts["model"]["params"].items()},
        "users x items": f"{users:,} x {items:,}",
        "columns": ", ".join(f"{name} -> {role}" for role, name in facts["columns"].items()),
        "ids": ", ".join(f"{side}: {kind or 'row numbers'}" for side, kind in facts["ids"].items()),
        "data": f"{facts['data']['interactions']:,} interactions, fingerprint {facts['data']['fingerprint']}",
        "training": f"{len(history)} epochs, {facts['training']['seconds']:.3g} s",
    }
    if history and history[-1].get("loss") is not None:
        lines["last loss"] = f"{history[-1]['loss']:.6g}"
    return lines | dict(_notes("note", facts["notes"]))


def _notes(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give a line for each note, and for each entry of a note that is a mapping of mappings."""
    if isinstance(value, dict) and (name == "note" or any(isinstance(v, dict) for v in value.values())):
        for key, entry in value.items():
            yield from _notes(f"{name}: {key}", entry)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
