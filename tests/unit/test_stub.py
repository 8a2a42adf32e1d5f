"""_core.pyi names what the compiled core has: pybind11 keeps no signatures that could be compared further."""

from __future__ import annotations

import ast
from pathlib import Path

import tastemaker
from tastemaker import _core


def public(names) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def declared(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    found = {node.name: node for node in body if isinstance(node, kinds)}
    found |= {
        node.target.id: node
        for node in body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    return {name: node for name, node in found.items() if not name.startswith("_")}


def test_the_stub_and_the_core_agree_on_every_name():
    stub = declared(ast.parse(Path(tastemaker.__file__).with_name("_core.pyi").read_text()).body)
    assert set(stub) == public(vars(_core))
    for name, node in stub.items():
        if isinstance(node, ast.ClassDef) and not issubclass(getattr(_core, name), BaseException):
            assert set(declared(node.body)) == public(vars(getattr(_core, name))), name
