"""Check the numbers: what can be downloaded, and own counts that change nothing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from billing.actions.counts import keep_counts
from billing.models import CountFile
from cache_api.actions.seal_days import seal_days
from tenants import schema
from tests.billing import world
from tests.portal.console import cast as console
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

COUNTS = (
    "hour,customer,count\n2026-09-10T08:00:00Z,acme,1005\n2026-09-10T09:00:00Z,acme,390\n"
    "2026-09-11T07:00:00Z,zeta,3\n"
)


def send(client, content=COUNTS, **more):
    file = SimpleUploadedFile("mine.csv", content.encode(), "text/csv")
    given = {"file": file, "measure": "lookups", "tolerance": "1", **more}
    return client.post("/manage/verify/", given)


def test_the_page_offers_archives_and_asks_for_counts(portal):
    page = text(signed_in(REDIS, "finance").get("/manage/verify/"))

    assert "PST-2026-000" in page and "Archive Usage CSV" in page
    assert "agentcache verify-statement" in page and "No day is sealed yet" in page
    assert "Compare" in page and "No file yet" in page
    developer = text(signed_in(REDIS, "developer").get("/manage/verify/"))
    assert "Archive" not in developer and "Compare" in developer
    analyst = text(signed_in(REDIS, "analyst").get("/manage/verify/"))
    assert "Your role can look at the files below" in analyst
    assert signed_in(REDIS, "brand_editor").get("/manage/verify/").status_code == 403


def test_the_first_day_has_nothing_to_check_and_says_so(empty_portal):
    page = text(signed_in(REDIS, "owner").get("/manage/verify/"))

    assert "No month is issued yet" in page and "No day is sealed yet" in page


def test_own_counts_are_compared_by_hour_and_change_nothing(long_portal):
    partners, database = long_portal
    before = world.fingerprint(database)
    client = signed_in(REDIS, "owner")

    answer = send(client)
    again = send(client)

    assert answer.status_code == 302 and answer["Location"] == again["Location"]
    page = text(client.get(answer["Location"]))
    assert "Your count 1,398" in page and "Recorded 1,400" in page
    assert "Matched hours 1" in page and "Missing 1" in page and "Extra 1" in page
    assert "10 Sep 2026, 09:00 acme 390 400 +10 extra" in page
    assert "11 Sep 2026, 07:00 zeta 3 0 −3 missing" in page
    assert "10 Sep 2026, 08:00 acme" not in page
    assert "10 Sep 2026, 08:00 acme 1,005 1,000 −5 matched" in text(
        client.get(answer["Location"] + "?all=1"))  # fmt: skip
    after = world.fingerprint(database)
    assert {name for name in after if after[name] != before[name]} == {"billing_countfile"}
    # Another partner does not see it; finance of the platform does.
    assert signed_in(PINECONE, "owner").get(answer["Location"]).status_code == 404
    with schema.in_partner(partners.pinecone):
        assert not CountFile.objects.exists()
    database.login("owner")
    console.people()
    database.login("web")
    manager = console.signed_in("partner_manager")
    listed = manager.get("/partners/redis-labs/counts/")
    assert "mine.csv" in text(listed) and "Lookups" in text(listed)
    shown = manager.get(answer["Location"].replace("/manage/verify/", "/partners/redis-labs/"))
    assert "09:00 acme 390 400 +10 extra" in text(shown)
    assert "No file yet" in text(manager.get("/partners/pinecone/counts/"))


@pytest.mark.parametrize(("given", "told"), [
    ({"content": "hour,customer,count\nnow,acme,1\n"}, "is no full UTC hour"),
    ({"content": "a,b\n1,2\n"}, "The first line must be hour,customer,count"),
    ({"tolerance": "101"}, "less than or equal to 100"),
    ({"measure": "money"}, "Select a valid choice"),
])  # fmt: skip
def test_a_bad_upload_is_refused_with_the_line(portal, given, told):
    answer = send(signed_in(REDIS, "owner"), **given)

    assert answer.status_code == 200 and told in text(answer)


def test_who_may_not_upload_leaves_nothing(portal):
    assert send(signed_in(REDIS, "analyst")).status_code == 200
    with schema.in_partner(portal.redis):
        assert not CountFile.objects.exists()


def test_sealed_days_are_listed(long_portal):
    _, database = long_portal
    database.login("settle")
    seal_days(now=cast.NOW)
    database.login("web")

    page = text(signed_in(REDIS, "owner").get("/manage/verify/"))

    assert "2 Oct 2026 1" in page and "10 Sep 2026 2" in page


def test_kept_files_are_final_and_the_models_fit_their_migrations(database, partners):
    with schema.in_partner(partners.redis):
        keep_counts(partner_id=partners.redis.id, name="a.csv", data=COUNTS.encode(), actor="a@b",
                    measure="lookups", tolerance_bps=0, now=cast.NOW)  # fmt: skip
    for change in ("update billing_countfile set rows = 0", "delete from billing_countfile"):
        with database.psql("owner") as owner, pytest.raises(Exception, match="is final"):
            owner.execute(change)
    call_command("makemigrations", "billing", "metering", "cache_api", check=True,
                 dry_run=True, verbosity=0)  # fmt: skip
