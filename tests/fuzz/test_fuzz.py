"""The committed corpus, and some new bytes each time, through every fuzz target."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.run import CORPUS
from tests.fuzz.targets import TARGETS

_known = [(name, path.name) for name in TARGETS for path in sorted((CORPUS / name).glob("*"))]


@pytest.mark.parametrize(("target", "file"), _known)
def test_the_corpus(target, file):
    TARGETS[target]((CORPUS / target / file).read_bytes())


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=30)
@given(data=st.binary(min_size=8, max_size=200))
def test_any_bytes(target, data):
    TARGETS[target](data)
