"""What the scenario files say is in the catalogue: pages say it in the reader's language."""

import re

import pytest

from billing.gateways.scenario_files import shipped_scenarios
from portal.words.planning import SCENARIOS

NAMES = re.compile(r"(AWS|Azure|GCP) [A-Z]\w+( \w+)*|\d+ [\w-]+ @ \$\d+k")  # products, quotations


@pytest.mark.parametrize("one", shipped_scenarios(), ids=lambda one: one.key)
def test_every_text_of_a_scenario_is_a_name_or_in_the_catalogue(one):
    said = {one.name, one.note, *(line.label for line in one.lines),
            *(line.source for line in one.lines)} - {""}  # fmt: skip
    assert {text for text in said - set(SCENARIOS) if not NAMES.fullmatch(text)} == set()
