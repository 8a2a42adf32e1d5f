"""Model files: the frozen ones of tests/formats with bytes and entries of their headers changed."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

from tests.fuzz.choices import Choices, edited

import tastemaker as tm
from tastemaker.errors import TastemakerError

_FROZEN = Path(__file__).parents[1] / "formats" / "v1"


def model_file(data: bytes) -> None:
    """A changed model file is refused with one of our errors, or gives a model that answers."""
    choices = Choices(data)
    content = choices.pick(_files())
    content = _with_other_facts(content, choices) if choices.below(2) else edited(content, choices)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        path.write_bytes(content)
        try:
            model = tm.load(path)
        except TastemakerError:
            return
        try:
            if model.users_ is None:
                model.recommend([0, 1], n=3)
            else:
                model.recommend(model.users_.ids[:2].tolist(), n=3)
        except TastemakerError:
            return


@functools.cache
def _files() -> list[bytes]:
    return [path.read_bytes() for path in sorted(_FROZEN.glob("*.safetensors"))]


def _with_other_facts(content: bytes, choices: Choices) -> bytes:
    """Return a file with some values of its header, or of the JSON object inside, replaced, removed or moved."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    facts = json.loads(header["__metadata__"]["tastemaker"])
    for _ in range(1 + choices.below(3)):
        _change(facts if choices.likely() else header, choices)
    if isinstance(header.get("__metadata__"), dict):
        header["__metadata__"]["tastemaker"] = json.dumps(facts, default=float)
    text = json.dumps(header, default=float).encode("utf-8", "surrogatepass")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def _change(place: Any, choices: Choices) -> None:
    """Walk down to some entry and change it."""
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = choices.pick(keys[:256])
        inner = place[key]
        if not (isinstance(inner, (dict, list)) and inner and choices.likely()):
            break
        place = inner
    kind = choices.below(4)
    if kind == 0:
        del place[key]
    elif kind == 1 and isinstance(place, dict):
        place[choices.text()] = place.pop(key)
    else:
        place[key] = choices.thing()
