"""Every model passes the checks that `tastemaker.testing` has for anybody's model."""

from __future__ import annotations

import pytest
from tests.contract.zoo import MODELS

import tastemaker as tm
from tastemaker.testing import checks_of

RULES = [check.name for check in checks_of(tm.Popular())]


@pytest.mark.parametrize("rule", range(len(RULES)), ids=RULES)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_keeps_the_contract(name, rule):
    checks_of(MODELS[name]())[rule]()
