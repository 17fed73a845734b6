"""Every component is worded, shown and amendable wherever terms are: none is forgotten."""

from typing import get_args

from billing.rules import clauses, figures
from billing.rules.terms import Component
from portal import plain_terms


def test_no_component_is_forgotten():
    known = set(get_args(Component))
    assert set(clauses._CHARGES) == known
    assert set(figures.MEMBERS) == known
    assert set(plain_terms._SENTENCES) == known
