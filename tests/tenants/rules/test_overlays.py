"""When a look at a customer's portal is over."""

from datetime import timedelta

import pytest

from tenants.rules.overlays import LASTS, over
from tests.billing.people import utc

START = utc("2026-10-05T14:20")
END = START + LASTS
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("ended_at", "may", "now", "why"),
    [
        (None, True, START, ""),
        (None, True, END - MOMENT, ""),
        (None, True, END, "expired"),
        (None, False, START, "withdrawn"),
        (None, False, END, "expired"),
        (START + MOMENT, True, START + MOMENT, "ended"),
        (START + MOMENT, False, END, "ended"),
    ],
)
def test_why_it_is_over(ended_at, may, now, why):
    assert timedelta(minutes=30) == LASTS
    assert over(ends_at=END, ended_at=ended_at, may=may, now=now) == why
