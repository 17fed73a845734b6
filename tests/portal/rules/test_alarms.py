"""Figures in, alarms out: each on its own, each with a runbook that exists."""

import dataclasses
import re
from pathlib import Path

import pytest
from django.urls import reverse

from portal import runbook
from portal.rules.alarms import DANGER, WARN, Seen, alarms
from portal.templatetags.operations import alarm_text

OPERATING = (Path(__file__).resolve().parents[3] / "docs" / "operating.md").read_text()
CASES = {
    "postgres_down": ({"postgres_up": False}, DANGER),
    "region_down": ({"regions_down": ("eu", "us")}, DANGER),
    "disk_full": ({"disks_full": ("eu",)}, DANGER),
    "filled": ({"filled": 0.5}, WARN),
    "late": ({"late_s": 11.0}, WARN),
    "recorder_silent": ({"recorder_silent_s": 31.0}, DANGER),
    "unmetered": ({"unmetered": 1}, DANGER),
    "dead_letters": ({"dead_letters": 1}, DANGER),
    "breaches": ({"breaches": 1}, DANGER),
    "spooled": ({"spool_bytes": 1}, WARN),
    "broker_down": ({"broker_up": False}, DANGER),
    "jobs_silent": ({"jobs_run": False}, DANGER),
    "queue_late": ({"queue_s": 61.0}, WARN),
    "failed_jobs": ({"failed_jobs": 1}, WARN),
    "openings_failed": ({"openings_failed": 1}, DANGER),
    "openings_stuck": ({"openings_stuck": 1}, WARN),
    "domains": ({"domains": 1}, WARN),
    "certificates": ({"certificates": 1}, DANGER),
    "hooks_failing": ({"hooks_failing": 1}, WARN),
    "hooks_off": ({"hooks_off": 1}, WARN),
    "mails": ({"mails": 1}, WARN),
    "switches": ({"switches": 1}, WARN),
}


def test_nothing_wrong_is_all_clear():
    assert alarms(Seen()) == []
    assert alarms(Seen(late_s=10.0, recorder_silent_s=30.0, queue_s=60.0, filled=0.49)) == []


@pytest.mark.parametrize("key", CASES)
def test_one_thing_wrong_is_one_alarm(key):
    given, level = CASES[key]

    [alarm] = alarms(Seen(**given))

    assert (alarm.key, alarm.level) == (key, level)
    assert not re.search(r"%[(%]", alarm_text(alarm))
    assert alarm.runbook in runbook.anchors()
    assert reverse(alarm.page, urlconf="portal.urls.console")


def test_every_figure_can_alarm():
    assert {name for given, _ in CASES.values() for name in given} == {
        one.name for one in dataclasses.fields(Seen)
    }


def test_the_manual_says_of_each_what_to_do_and_when_it_is_over():
    table = OPERATING[OPERATING.index("| alarm | it means |") :].partition("\n\n")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    assert all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)
    told = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert [name for name in told if name.islower()] == sorted(set(CASES), key=told.index)


def test_what_is_worse_stands_first_and_waiting_grows_worse():
    found = alarms(Seen(late_s=61.0, queue_s=601.0, mails=3, dead_letters=2, filled=0.8))

    assert [one.level for one in found] == [DANGER, DANGER, DANGER, DANGER, WARN]
    assert found[-1].key == "mails"
