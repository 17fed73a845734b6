"""Levels of the status page."""

import pytest

from tenants.rules.status import COMPONENTS, Component, Level, levels, overall


@pytest.mark.parametrize(
    ("checks", "incidents", "wanted"),
    [
        ({}, [], {}),
        ({"answers": Level.DEGRADED}, [], {"answers": Level.DEGRADED}),
        ({"answers": Level.OK}, [("answers", "outage")], {"answers": Level.OUTAGE}),
        ({"answers": Level.OUTAGE}, [("answers", "maintenance")], {"answers": Level.OUTAGE}),
        ({}, [("portal", "maintenance"), ("portal", "degraded")], {"portal": Level.DEGRADED}),
        ({"metering": Level.DEGRADED}, [("settlement", "outage")],
         {"metering": Level.DEGRADED, "settlement": Level.OUTAGE}),
    ],
)  # fmt: skip
def test_the_worse_of_check_and_incident_counts(checks, incidents, wanted):
    found = levels(checks, incidents)

    assert found == tuple(Component(name, wanted.get(name, Level.OK)) for name in COMPONENTS)
    assert overall(found) == max(wanted.values(), default=Level.OK)
