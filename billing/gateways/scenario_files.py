"""The scenarios that ship with the code: one JSON file each in billing/scenarios/."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from billing.rules.planning.scenario import Scenario, parse_scenario

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"


@cache
def shipped_scenarios() -> tuple[Scenario, ...]:
    """All of them, by file name. Raises BadTerms naming a member that is wrong."""
    files = sorted(FOLDER.glob("*.json"))
    return tuple(parse_scenario(json.loads(file.read_text())) for file in files)
