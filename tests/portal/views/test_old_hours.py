"""Two years later: hours and single events of a settled month are gone, its pages and papers stay.

Pages of those days are told by the day; what only hours could tell says that they are gone.
"""

import csv
import io

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from cache_api.actions.forget_hours import forget_hours
from tenants import resolve
from tests.billing.people import utc
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, document, signed_in, text
from tests.portal.views.conftest import settled_for_all

LATER = utc("2028-11-15T09:00")
DAY = "range=2026-09-10..2026-09-10"
GONE = "No longer kept by the hour"


@pytest.fixture(scope="module")
def world(django_db_blocker):
    """September 2026 seen from November 2028, before its hours and its events went and after."""
    with fresh_database(django_db_blocker) as database:
        resolve.forget()
        with time_machine.travel(cast.NOW, tick=False):
            database.fill(settled_for_all)
        with time_machine.travel(LATER, tick=False):
            partners = two_partners()
            database.login("web")
            before = {host: pages(host) for host in (REDIS, PINECONE)}
            database.login("settle")
            assert forget_hours(now=LATER) > 0 == forget_hours(now=LATER)
            with database.psql() as boss:
                for day in ("20260910", "20260911"):
                    boss.execute(f"DROP TABLE usage_event_{day}")
            database.login("web")
            yield partners, before
        resolve.forget()


def pages(host):
    """What a partner reads of the old days: pages and a file."""
    client = signed_in(host, "owner")
    found = {
        path: client.get(path) for path in (
            f"/manage/usage/?{DAY}&by=customer", f"/manage/?{DAY}", "/manage/usage/?range=2026-09",
            f"/manage/usage/export.csv?{DAY}&by=customer&unit=hour",
        )
    }  # fmt: skip
    assert {answer.status_code for answer in found.values()} == {200}
    return {path: body(answer) if "csv" in path else text(answer)
            for path, answer in found.items()}  # fmt: skip


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_old_days_read_the_same_without_their_hours(world):
    _, before = world
    for host in (REDIS, PINECONE):
        assert pages(host) == before[host]
    (file,) = (one for path, one in before[REDIS].items() if "csv" in path)
    rows = list(csv.DictReader(io.StringIO(file.decode())))
    assert [(one["bucket_start"][:13], one["customer"], one["lookups"]) for one in rows] == [
        ("2026-09-10T00", "acme", "1400")
    ]


@pytest.mark.parametrize("host", [REDIS, PINECONE])
def test_a_lines_days_add_up_and_its_hours_say_that_they_are_gone(world, host):
    partners, _ = world
    partner = partners.redis if host == REDIS else partners.pinecone
    line = f"/manage/documents/{document(partner, 'payout_statement')}/lines/1/"
    client = signed_in(host, "finance")
    top, day = text(client.get(line)), text(client.get(f"{line}?day=2026-09-10"))
    assert "adds up" in top and GONE not in top
    assert GONE in day and "were settled" not in day
    assert "no longer kept" in text(client.get(f"{line}?hour=2026-09-10T08"))


@pytest.mark.parametrize("name", ["archive", "usage.csv", "usage.parquet"])
def test_files_of_hours_are_gone_with_a_reason_and_papers_stay(world, name):
    partners, _ = world
    number = document(partners.redis, "payout_statement")
    client = signed_in(REDIS, "owner")
    gone = client.get(f"/manage/documents/{number}/{name}")
    assert gone.status_code == 410 and "no longer kept" in gone.content.decode()
    for form in ("", "pdf", "json"):
        assert client.get(f"/manage/statements/{number}/{form}").status_code == 200


def test_counts_of_old_hours_are_refused_by_name(world):
    file = SimpleUploadedFile("mine.csv", b"hour,customer,count\n2026-09-10T08:00:00Z,acme,1\n")
    given = {"measure": "lookups", "tolerance": "0", "file": file}
    answer = signed_in(REDIS, "owner").post("/manage/verify/", given)
    assert "Hours before 2026-10-01T00:00Z are no longer kept." in text(answer)
