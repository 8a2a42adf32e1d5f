"""Sphinx: `make docs` builds the pages, runs every code cell on the way, and fails on any warning."""

from __future__ import annotations

import os
import sys
import warnings

import tastemaker as tm
from tastemaker.errors import DataError

project = "tastemaker"
author = "The tastemaker developers"
version = release = tm.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
]
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = [
    "myst.xref_missing"
]  # links to files of the repository; tests/unit/test_docs.py follows them

# Cells run with one thread: the answers are the same with more, and builders often share their cores.
os.environ["TASTEMAKER_NUM_THREADS"] = "1"
os.environ["TQDM_DISABLE"] = "1"
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # has the command
nb_execution_in_temp = True
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 60
nb_merge_streams = True

needs_films = "learn/first-recommender.md"
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tm.datasets.movielens("100k")
except DataError as error:
    # The one page that needs a download: without it, it is built without its results and says so.
    print(f"{needs_films} is not run, its data cannot be had: {error}")
    nb_execution_excludepatterns = [needs_films]
    tags.add("without_films")  # noqa: F821 - Sphinx puts `tags` here

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections say it in words
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "tastemaker"
html_theme_options = {"show_prev_next": True, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"index": []}
html_show_sourcelink = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
