"""The pages: what is run where, and that links lead somewhere. `make docs` runs the cells themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tastemaker as tm

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)

# Plain Markdown, to be read on a code host as well; tests/compat/test_pages.py runs their blocks.
PLAIN = {"move-from-implicit", "move-from-lightfm"}


@every_page
def test_code_is_a_cell_which_the_build_runs(page):
    text = page.read_text()
    fences = re.findall(r"^```(.+)$", text, re.MULTILINE)
    directives = {"{toctree}", "{eval-rst}", "{code-cell} python", "{code-cell} bash"}
    assert set(fences) <= directives | ({"python"} if page.stem in PLAIN else set())
    if any(fence.startswith("{code-cell}") for fence in fences):
        assert text.startswith("---\nfile_format: mystnb\n"), "without this header cells are not run"


@every_page
def test_links_lead_to_files(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?://)([^)#\s]+)", text):
        assert (page.parent / target).exists(), target


@every_page
def test_every_page_is_in_a_table_of_contents(page):
    if page == DOCS / "index.md":
        return
    listed = set()
    for other in PAGES:
        for tree in re.findall(r"```\{toctree\}(.*?)```", other.read_text(), re.DOTALL):
            names = [line for line in tree.split() if not line.startswith(":")]
            listed |= {(other.parent / f"{name}.md").resolve() for name in names}
    assert page in listed


def test_every_public_name_is_in_the_reference():
    text = "\n".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
    whole = {
        "data",
        "errors",
        "evaluation",
        "testing",
        "__version__",
    }  # modules documented as a whole, or by class
    names = set(tm.__all__) - whole
    names |= {f"plots.{name}" for name in tm.plots.__all__} | {f"splits.{name}" for name in tm.splits.__all__}
    names |= {f"datasets.{name}" for name in tm.datasets.__all__} | {
        f"evaluation.{n}" for n in ("Interval", "Segments")
    }
    missing = [name for name in names if not re.search(rf"\b{name.split('.')[-1]}\b", text)]
    assert not missing
