"""Usage leaves as hashed files and comes back the same; what is not right does not leave."""

import json
import shutil
from datetime import date, timedelta
from hashlib import sha256

import pyarrow.parquet
import pytest
from django.core.management import CommandError, call_command

from cache_api.actions.record_events import record_events
from cache_api.actions.seal_days import seal_days
from cache_api.actions.usage_days import NotYet, drop_day, export_day, old_days, restore_days
from cache_api.metering.models import DeadLetter, UsageEvent
from cache_api.reconcile import CHECKS
from cache_api.rules.day_files import MANIFEST, BadDayFile
from tenants.models import AuditEntry
from tenants.rules.ids import uuid7
from tests.cache_api.cast import NOW, event
from tests.conftest import fresh_database, two_partners

BOOT = uuid7()
OLD, OLDER = (NOW - timedelta(days=days) for days in (100, 101))
OLD_DAY, OLDER_DAY = OLD.date(), OLDER.date()


def breached():
    return {check.name for check in CHECKS if check.run()}


def rows_of_events():
    return list(UsageEvent.objects.order_by("event_id").values())


@pytest.fixture(scope="module")
def world(django_db_blocker):
    """Two partners, two old days and today; one process numbers all of it."""
    with fresh_database(django_db_blocker) as database:
        partners = two_partners()
        database.login("recorder")
        made = [
            event(partner, at=at + timedelta(minutes=n), customer="acme", boot_id=BOOT,
                  seq=1 + n + 2 * number + 4 * place, tags={"team": "a"} if n else None)
            for place, at in enumerate((OLDER, OLD, NOW - timedelta(hours=1)))
            for number, partner in enumerate(partners) for n in range(2)
        ]  # fmt: skip
        record_events(events=made, source="test", now=NOW)
        database.login("owner")
        yield database, partners


@pytest.fixture
def folder(world, tmp_path):
    """An export of both days; sealed before."""
    seal_days(now=NOW)
    for day in (OLDER_DAY, OLD_DAY):
        export_day(day=day, folder=tmp_path, now=NOW)
    return tmp_path


def test_a_day_that_is_young_or_not_sealed_stays(world, tmp_path):
    with pytest.raises(NotYet, match="too young"):
        export_day(day=NOW.date(), folder=tmp_path, now=NOW)
    if not AuditEntry.objects.filter(verb="usage.day_dropped").exists():
        late = event(world[1].redis, at=OLD + timedelta(hours=1), customer="acme")
        seal_days(now=NOW)
        world[0].login("recorder")
        record_events(events=[late], source="test", now=NOW)
        world[0].login("owner")
        with pytest.raises(NotYet, match="not sealed to its last event"):
            export_day(day=OLD_DAY, folder=tmp_path, now=NOW)
    assert not list(tmp_path.rglob(MANIFEST))


def test_files_hold_each_partners_events_and_are_the_same_each_time(world, folder, tmp_path):
    place = folder / f"day={OLD_DAY}"
    manifest = json.loads((place / MANIFEST).read_text())
    for told, partner in zip(
        manifest["files"], sorted(world[1], key=lambda one: str(one.pk)), strict=True
    ):
        table = pyarrow.parquet.read_table(place / f"partner={partner.pk}.parquet")
        assert told["partner_id"] == str(partner.pk) and told["events"] == table.num_rows
        assert {one.hex() for one in table["event_id"].to_pylist()} == {
            one.event_id.hex
            for one in UsageEvent.objects.filter(partner_id=partner.pk, occurred_at__date=OLD_DAY)
        }
        assert {one.hex() for one in table["partner_id"].to_pylist()} == {partner.pk.hex}
    again = tmp_path / "again"
    export_day(day=OLD_DAY, folder=again, now=NOW)
    assert (again / place.name / MANIFEST).read_bytes() == (place / MANIFEST).read_bytes()


def test_days_leave_in_order_and_come_back_as_they_were(world, folder):
    database, partners = world
    before, days = rows_of_events(), old_days(NOW)
    assert days == [OLDER_DAY, OLD_DAY] and breached() == set()
    with pytest.raises(NotYet, match="the oldest goes first"):
        drop_day(day=OLD_DAY, folder=folder, actor="kim", now=NOW)

    went = [drop_day(day=day, folder=folder, actor="kim", now=NOW) for day in days]

    assert went[0] == 4 and went[1] >= 4 and old_days(NOW) == []
    assert {row["occurred_at"].date() for row in rows_of_events()} == {NOW.date()}
    assert breached() == set()  # also of the numbers, whose first ones are gone
    assert [drop_day(day=day, folder=folder, actor="kim", now=NOW) for day in days] == [0, 0]
    # An event of a day that is gone is put aside, and makes no such day anew.
    database.login("recorder")
    stray = event(partners.redis, at=OLDER + timedelta(hours=2), customer="acme")
    assert record_events(events=[stray], source="test", now=NOW).dead == 1
    database.login("owner")
    letter = DeadLetter.objects.get()
    assert "restore_usage" in letter.reason and old_days(NOW) == []
    DeadLetter.objects.all().delete()

    back = restore_days(since=date(2020, 1, 1), folder=folder, actor="kim", now=NOW)

    assert list(back) == [OLD_DAY, OLDER_DAY]  # the newest first, so that nothing lies between
    assert rows_of_events() == before and breached() == set()
    assert restore_days(since=date(2020, 1, 1), folder=folder, actor="kim", now=NOW) == {}
    verbs = AuditEntry.objects.filter(target=str(OLD_DAY)).order_by("at", "id")
    assert [one.verb for one in verbs] == ["usage.day_dropped", "usage.day_restored"]


@pytest.mark.parametrize("harm", ["day gone", "file gone", "file changed", "partner left out",
                                  "changed with its manifest"])  # fmt: skip
def test_what_left_is_missed_and_its_changes_found(world, folder, harm, capsys):
    """By `--verify`, and by a restore, which then brings nothing back."""
    for day in (OLDER_DAY, OLD_DAY):
        drop_day(day=day, folder=folder, actor="kim", now=NOW)
    aside = shutil.copytree(folder, folder.with_name(f"{folder.name}-aside"))
    call_command("export_usage", "--folder", folder, "--verify")
    assert "2 days have left; their files are as they left" in capsys.readouterr().out
    place = folder / f"day={OLDER_DAY}"
    told = json.loads((place / MANIFEST).read_text())
    parquet = place / f"partner={told['files'][0]['partner_id']}.parquet"
    if harm == "day gone":
        shutil.rmtree(place)
    elif harm == "file gone":
        parquet.unlink()
    elif harm == "file changed":
        parquet.write_bytes(parquet.read_bytes()[:-1] + b"x")
    else:  # whoever changes the manifest as well is found by the log
        rows = pyarrow.parquet.read_table(parquet)
        pyarrow.parquet.write_table(rows.slice(1), parquet)
        if harm == "partner left out":
            told["files"].pop(0)
        else:
            told["files"][0]["sha256"] = sha256(parquet.read_bytes()).hexdigest()
        (place / MANIFEST).write_text(json.dumps(told))
    count = len(rows_of_events())
    with pytest.raises(CommandError, match=str(OLDER_DAY)):
        call_command("export_usage", "--folder", folder, "--verify")
    with pytest.raises(BadDayFile, match=str(OLDER_DAY)):
        restore_days(since=OLDER_DAY, folder=folder, actor="kim", now=NOW)
    older = UsageEvent.objects.filter(occurred_at__date=OLDER_DAY)
    assert not older.exists() and len(rows_of_events()) >= count
    restore_days(since=OLDER_DAY, folder=aside, actor="kim", now=NOW)
    assert older.count() == 4 and breached() == set()


def test_a_lost_number_is_still_found_after_its_neighbours_left(world, folder):
    for day in (OLDER_DAY, OLD_DAY):
        drop_day(day=day, folder=folder, actor="kim", now=NOW)
    with world[0].psql() as boss:
        boss.execute("SET session_replication_role = replica")
        boss.execute("DELETE FROM usage_event WHERE seq = 10")
    assert "numbered events are recorded without a gap" in breached()
    restore_days(since=OLDER_DAY, folder=folder, actor="kim", now=NOW)


@pytest.mark.parametrize("name", ["manifest", "file", "other day"])
def test_what_was_changed_neither_lets_a_day_go_nor_brings_one_back(world, folder, name):
    place = folder / f"day={OLDER_DAY}"
    if name == "manifest":
        (place / MANIFEST).write_text("{}")
    elif name == "file":
        parquet = next(place.glob("*.parquet"))
        parquet.write_bytes(parquet.read_bytes()[:-1] + b"x")
    else:
        (place / MANIFEST).write_bytes((folder / f"day={OLD_DAY}" / MANIFEST).read_bytes())
    count = len(rows_of_events())
    with pytest.raises(BadDayFile):
        drop_day(day=OLDER_DAY, folder=folder, actor="kim", now=NOW)
    assert len(rows_of_events()) == count


def test_the_commands_say_what_they_did(world, tmp_path, capsys, monkeypatch):
    seal_days(now=NOW)
    with pytest.raises(CommandError, match="--drop needs --as"):
        call_command("export_usage", "--folder", tmp_path, "--drop")
    call_command("export_usage", "--folder", tmp_path)
    call_command("restore_usage", "--folder", tmp_path, "--since", OLDER_DAY, "--as", "kim")
    said = capsys.readouterr().out
    assert f"{OLDER_DAY}: 4 events" in said and "nothing since" in said
