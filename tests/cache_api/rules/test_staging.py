"""COPY lines: one tab between members, and text that cannot be mistaken for anything else."""

from uuid import UUID

import pytest

from cache_api.rules.events import UsageEvent
from cache_api.rules.staging import COLUMNS, NIL, copy_line, copy_text

ID = UUID("01a206ee-9ce4-7359-b905-54251b9212fb")


def cells(**members):
    event = UsageEvent(event_id=ID, partner_id=ID, customer=members.pop("customer", "acme"),
                       kind="lookup", outcome="hit", livemode=True, **members)  # fmt: skip
    line = copy_line(event)
    assert line.endswith("\n")
    return dict(zip(COLUMNS, line[:-1].split("\t"), strict=True))


def test_members_stand_under_their_column():
    row = cells(quantity=7, model="gpt-4o", latency_us=12, tags={"team": "x"}, sdk="py")
    assert (row["event_id"], row["occurred_ms"]) == (ID.hex, str(ID.int >> 80))
    assert (row["quantity"], row["model"], row["latency_us"]) == ("7", "gpt-4o", "12")
    assert (row["tags"], row["sdk"], row["livemode"]) == ('{"team":"x"}', "py", "True")


def test_absent_values_are_values_that_cannot_occur():
    row = cells()
    assert (row["boot_id"], row["batch_id"], row["tags"]) == (NIL, NIL, "{}")
    assert (row["latency_us"], row["primary_latency_us"]) == ("-1", "-1")


@pytest.mark.parametrize(("text", "escaped"), [
    ("a\tb", "a\\tb"), ("a\nb", "a\\nb"), ("a\rb", "a\\rb"), ("a\\b", "a\\\\b"), ("\\.", "\\\\."),
    ("\\N", "\\\\N"), ("plain ü 🙂", "plain ü 🙂"),
])  # fmt: skip
def test_text_is_escaped_wherever_it_stands(text, escaped):
    for name in ("customer", "model", "sdk"):
        assert cells(**{name: text})[name] == escaped


def test_lines_follow_each_other():
    event = UsageEvent(event_id=ID, partner_id=ID, customer="a", kind="store", outcome="stored",
                       livemode=False)  # fmt: skip
    assert copy_text([event, event]) == copy_line(event) * 2
    assert copy_text([]) == ""
