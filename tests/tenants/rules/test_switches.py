"""Whom a switch may mean, and what edges are told of it."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tenants.rules import switches
from tenants.rules.switches import BadSwitch, check, hot_value

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)
HOUR = timedelta(hours=1)


def switch(kind, partner_id=None, region="", reason="because", until=None):
    return {"kind": kind, "partner_id": partner_id, "region": region, "reason": reason,
            "until": until, "now": NOW}  # fmt: skip


@pytest.mark.parametrize("given", [
    switch(switches.SEMANTIC_OFF), switch(switches.SEMANTIC_OFF, ONE),
    switch(switches.REGION_DRAINED, region="eu"), switch(switches.READ_ONLY, ONE),
    switch(switches.PAYOUTS_HELD), switch(switches.PAYOUTS_HELD, ONE, until=NOW + HOUR),
    switch(switches.READ_ONLY, ONE, until=NOW + switches.LONGEST),
])  # fmt: skip
def test_these_make_sense(given):
    check(**given)


@pytest.mark.parametrize(("given", "word"), [
    (switch("lights"), "no switch"),
    (switch(switches.REGION_DRAINED), "Name the region"),
    (switch(switches.REGION_DRAINED, ONE, "eu"), "no partner"),
    (switch(switches.SEMANTIC_OFF, region="eu"), "no region"),
    (switch(switches.READ_ONLY), "Name the partner"),
    (switch(switches.READ_ONLY, ONE, reason="  "), "why"),
    (switch(switches.READ_ONLY, ONE, reason="x" * 301), "300"),
    (switch(switches.READ_ONLY, ONE, until=NOW), "ahead"),
    (switch(switches.READ_ONLY, ONE, until=NOW + switches.LONGEST + HOUR), "90 days"),
])  # fmt: skip
def test_these_are_refused_in_words(given, word):
    with pytest.raises(BadSwitch, match=word):
        check(**given)


@pytest.mark.parametrize(("on", "told"), [
    ([], None),
    ([(switches.READ_ONLY, ONE, ""), (switches.PAYOUTS_HELD, None, "")], None),
    ([(switches.SEMANTIC_OFF, TWO, ""), (switches.SEMANTIC_OFF, ONE, "")],
     {"semantic_off": [str(ONE), str(TWO)], "drained": []}),
    ([(switches.SEMANTIC_OFF, None, ""), (switches.REGION_DRAINED, None, "eu")],
     {"semantic_off": ["*"], "drained": ["eu"]}),
])  # fmt: skip
def test_edges_are_told_what_they_obey(on, told):
    assert hot_value(on) == told
