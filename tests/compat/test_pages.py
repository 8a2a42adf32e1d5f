"""The pages on moving from other libraries: their programs run, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("move-from-implicit.md", "compat-implicit-differences.md", "move-from-lightfm.md")
PAGES = [ROOT / "docs" / name for name in NAMES]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@every_page
def test_every_block_runs_after_those_before_it(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(compile(block, page.name, "exec"), names)


@every_page
def test_links_and_paths_lead_to_files(page):
    text = page.read_text()
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:tests|bench)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


def test_every_module_of_the_table_is_there():
    table = PAGES[0].read_text().partition("## What is there")[2].partition("## ")[0]
    modules = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    named = {name.split(".")[0] for row in modules for name in re.findall(r"`([\w.]+)`", row)}
    package = ROOT / "python" / "tastemaker" / "compat" / "implicit"
    there = {path.stem for path in package.iterdir() if not path.stem.startswith("_")}
    assert there == named | {"cpu"}
