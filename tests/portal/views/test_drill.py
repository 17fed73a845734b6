"""From a statement's line to its hours and events: every level adds up; files are the partner's."""

import csv
import io
import json
import re
import zipfile

import pyarrow.parquet
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.billing import world
from tests.billing.rules.trust.files import independent
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, document, signed_in, text


def base(partner, kind="payout_statement", customer=""):
    return f"/manage/documents/{document(partner, kind, customer)}/"


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_line_goes_down_to_its_events_and_every_level_adds_up(portal):
    client = signed_in(REDIS, "finance")
    line = base(portal.redis) + "lines/1/"

    top = client.get(line)
    assert "1,000 × $0.002 = $2.00" in text(top)
    assert "s $2.00 = $0.60" in text(top)
    assert "adds up" in text(top) and "Thu 10 Sep 2026 1,000" in text(top)
    assert "Sum of the days 1,000" in text(top)
    day = client.get(f"{line}?day=2026-09-10")
    assert "adds up" in text(day) and "08:00 1,000 Sum of the hours 1,000" in text(day)
    hour = client.get(f"{line}?hour=2026-09-10T08")
    assert "1 event" in text(hour) and "acme gpt-4o-mini hit 1,000 1,000" in text(hour)
    assert "Sum of the hour 1,000" in text(hour)
    # Misses do not count towards cached requests.
    assert "No event to show" in text(client.get(f"{line}?hour=2026-09-10T09"))


def test_the_events_of_a_line_and_the_usage_of_a_run_download(portal):
    client = signed_in(REDIS, "owner")
    path = base(portal.redis)

    events = list(
        csv.DictReader(io.StringIO(body(client.get(path + "lines/1/events.csv")).decode()))
    )
    hours = list(csv.DictReader(io.StringIO(body(client.get(path + "usage.csv")).decode())))
    table = pyarrow.parquet.read_table(io.BytesIO(body(client.get(path + "usage.parquet"))))

    assert [(one["customer"], one["value"]) for one in events] == [("acme", "1000")]
    assert [(one["hour"], one["customer"], one["cached_requests"]) for one in hours] == [
        ("2026-09-10T08:00:00Z", "acme", "1000"), ("2026-09-10T09:00:00Z", "acme", "0"),
        ("2026-09-11T08:00:00Z", "zeta", "500"),
    ]  # fmt: skip
    assert [str(n) for n in table["cached_requests"].to_pylist()] == ["1000", "0", "500"]


def test_the_archive_and_an_events_proof_verify_each_other(portal, tmp_path):
    client = signed_in(REDIS, "admin")
    path = base(portal.redis)
    archive = client.get(path + "archive")
    (tmp_path / "a.zip").write_bytes(body(archive))
    hour = client.get(path + "lines/1/?hour=2026-09-10T08").content.decode()
    proof = client.get(re.search(r'href="(/manage/documents/[^"]+/proof/[^"]+)"', hour)[1])

    result = independent().verify(tmp_path / "a.zip")

    assert result.ok and result.seal == archive["X-Archive-Seal"]
    assert archive["Content-Disposition"].endswith('.zip"')
    assert independent().verify_proof(json.loads(proof.content), tmp_path / "a.zip") == []
    with zipfile.ZipFile(tmp_path / "a.zip") as bundle:
        assert b"pinecone" not in b"".join(bundle.read(name) for name in bundle.namelist())


def test_another_partner_and_other_roles_get_nothing(portal):
    path = base(portal.redis)
    files = ("lines/1/", "lines/1/events.csv", "archive", "usage.csv", "usage.parquet")

    for name in files:
        assert signed_in(PINECONE, "owner").get(path + name).status_code == 404, name
        assert signed_in(REDIS, "developer").get(path + name).status_code == 403, name
        assert signed_in(REDIS, "customer_owner").get(path + name).status_code in (302, 403), name
    owner = signed_in(REDIS, "owner")
    assert owner.get(path + "lines/99/").status_code == 404
    assert owner.get(path + "lines/1/?day=yesterday").status_code == 400
    assert owner.get(path + f"proof/{world.event_id(world.NOW)}").status_code == 404


def test_an_invoices_lines_lead_down_as_well(portal):
    client = signed_in(REDIS, "owner")
    invoice = document(portal.redis, "customer_invoice", "zeta")

    page = client.get(f"/manage/invoices/{invoice}/").content.decode()

    assert f"/manage/documents/{invoice}/lines/1/" in page
    assert "Sum of the days 500" in text(client.get(f"/manage/documents/{invoice}/lines/1/"))


def test_late_usage_is_not_shown_behind_an_issued_line(long_portal):
    partners, database = long_portal
    database.login("owner")
    world.record(world.hit(partners.redis, "2026-09-10T08:30", "acme", 7), now=cast.NOW)
    database.login("web")
    client = signed_in(REDIS, "owner")
    line = base(partners.redis) + "lines/1/"

    assert "Thu 10 Sep 2026 1,000" in text(client.get(line))
    assert "adds up" in text(client.get(f"{line}?day=2026-09-10"))
    assert "1 event" in text(client.get(f"{line}?hour=2026-09-10T08"))
    assert body(client.get(base(partners.redis) + "lines/1/events.csv")).count(b"\n") == 2


@pytest.mark.parametrize("level", ["", "?day=2026-09-10", "?hour=2026-09-10T08"])
def test_the_query_count_does_not_grow(long_portal, level):
    partners, database = long_portal
    client = signed_in(REDIS, "owner")
    line = base(partners.redis) + f"lines/1/{level}"
    client.get(line)
    with CaptureQueriesContext(connection) as few:
        client.get(line)
    database.login("owner")
    world.record(*[world.hit(partners.redis, "2026-09-10T08:10", "acme") for _ in range(40)],
                 now=cast.NOW)  # fmt: skip
    database.login("web")
    with CaptureQueriesContext(connection) as many:
        client.get(line)

    assert len(many) <= len(few) + 4  # late usage: the events are asked once the rollups differ
