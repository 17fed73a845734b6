"""Partners on the console: opening leaves the row the command leaves, and is watched to its end."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants import schema
from tenants.actions import provision
from tenants.models import AuditEntry, Domain, Partner, ProvisioningJob
from tests.billing.people import retail_card
from tests.portal.console.cast import email_of, run_of, seen, signed_in, work
from tests.portal.console.test_finance import sign_another
from tests.portal.views.cast import NOW, text

FORM = {
    "slug": "momento", "name": "Momento", "kind": "cloud", "host": "cache.momento.localhost",
    "seed_hex": "#10A37F", "product_name": "Momento Cache", "tagline": "Fast", "legal_name": "",
    "owner_email": "Owner@Momento.example",
}  # fmt: skip
OPENING = "/partners/momento/opening/"
KEK = b"k" * 32


def job_of(slug):
    with schema.in_console():
        return ProvisioningJob.objects.select_related("partner").get(partner__slug=slug)


def provisioner(database):
    """What the process "provisioner" does with one job."""
    database.login("owner")
    with schema.in_public():
        job = provision.claim_job(now=NOW)
        provision.open_partner(job=job, kek=KEK, clock=lambda: NOW)
    database.login("web")


def test_the_page_leaves_the_row_the_command_leaves(console):
    client = signed_in("partner_manager")

    answer = client.post("/partners/open/", FORM)
    call_command(
        "open_partner", "nimbus", "--name=Momento", "--kind=cloud", "--host=cache.nimbus.localhost",
        "--seed=#10A37F", "--product=Momento Cache", "--owner=Owner@Momento.example", "--no-wait",
        verbosity=0,
    )  # fmt: skip

    assert (answer.status_code, answer["Location"]) == (302, OPENING)
    by_page, by_command = job_of("momento"), job_of("nimbus")
    assert by_page.request == {**by_command.request, "tagline": "Fast"}
    assert (by_page.state, by_page.partner.kind) == (by_command.state, by_command.partner.kind)
    assert by_page.requested_by == email_of("partner_manager")
    with schema.in_console():
        hosts = Domain.objects.filter(tenant=by_page.partner).values_list("domain", "is_primary")
        assert set(hosts) == {
            ("cache.momento.localhost", True),
            ("momento.partners.agentcache.localhost", False),
        }
        entry = AuditEntry.objects.get(target="momento")
        assert (entry.verb, entry.actor) == ("partner.requested", email_of("partner_manager"))


def test_it_is_watched_from_the_queue_to_the_first_page(console, database):
    client = signed_in("superadmin")
    client.post("/partners/open/", FORM)

    queued = client.get(OPENING)
    provisioner(database)
    done = client.get(OPENING)

    assert b"every 1s" in queued.content and "Opening Momento" in text(queued)
    assert b"every 1s" not in done.content and "Momento is open" in text(done)
    assert "cache.momento.localhost" in text(done)
    page = text(client.get("/partners/momento/"))
    assert "Momento Cache" in page and "No agreement yet" in page and "No document yet" in page


def test_a_failed_opening_says_where_and_goes_on_when_told(console, database, monkeypatch):
    client = signed_in("superadmin")
    client.post("/partners/open/", FORM)

    def away(*_args, **_facts):
        raise ConnectionError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(provision, "publish_brand", away)
        provisioner(database)

    page = text(client.get(OPENING))
    assert "Opening Momento stopped" in page and "brand: the disk is full" in page
    assert "Opening Momento failed" in text(client.get("/"))
    assert "Queued again" in text(client.post(f"{OPENING}retry/", follow=True))
    provisioner(database)
    assert "Momento is open" in text(client.get(OPENING))
    assert "Nothing to try again" in text(client.post(f"{OPENING}retry/", follow=True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slug": "redis-labs"}, "Partner redis-labs exists already"),
        ({"slug": "Nope!"}, "cannot be a slug"),
        ({"slug": "open"}, "cannot be a slug"),
        ({"host": "cache.redis.localhost"}, "already belongs to a partner"),
        ({"host": "x.agentcache.localhost"}, "platform&#x27;s own zone"),
        ({"seed_hex": "red"}, "is no colour"),
        ({"kind": "bank"}, "Select a valid choice"),
        ({"owner_email": "nobody"}, "valid email address"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_bad_request_is_refused_in_words_and_changes_nothing(readable, changes, said):
    answer = signed_in("superadmin").post("/partners/open/", {**FORM, **changes})

    assert answer.status_code == 200
    assert said in text(answer) and "could not be saved" in text(answer)
    assert 'value="Momento Cache"' in answer.content.decode()  # nothing has to be typed again
    with schema.in_console():
        assert Partner.objects.count() == 2


def test_a_partner_page_has_terms_hosts_runs_and_documents(reviewed, database):
    runs = [run_of(partner) for partner in reviewed]
    signed_in("finance_approver").post(
        "/finance/approve/", {"month": "2026-09", "run": seen(*runs)}
    )
    work(database)

    page = text(signed_in("auditor").get("/partners/redis-labs/"))

    assert "cache.redis.localhost" in page and "Redis Edge Cache" in page
    assert "The partner gets 30 %" in page and "in force" in page
    assert "September 2026" in page and "$102.01" in page
    assert "INV-2026-" in page and "PST-2026-" in page
    assert "Pinecone" not in page


def test_who_may_not_see_runs_sees_no_money(reviewed):
    page = text(signed_in("sre").get("/partners/redis-labs/"))

    assert "cache.redis.localhost" in page and "$102.01" not in page
    assert "Waiting for approval" not in text(signed_in("sre").get("/"))


def test_an_unknown_partner_is_a_404(readable):
    client = signed_in("superadmin")

    assert client.get("/partners/nobody/").status_code == 404
    assert client.get("/partners/nobody/opening/").status_code == 404


@pytest.mark.parametrize("path", ["/partners/", "/", "/partners/redis-labs/"])
def test_pages_ask_as_many_queries_for_22_partners_as_for_two(console, database, path):
    client = signed_in("superadmin")
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    database.login("owner")
    card = retail_card().id
    for number in range(20):
        sign_another(number, card)
    database.login("web")

    with CaptureQueriesContext(connection) as many:
        page = client.get(path)

    assert "Partner 19" in text(page) or path == "/partners/redis-labs/"
    assert len(many) == len(few) <= 30


def test_the_list_is_searched_by_name_and_host_and_turned_by_page(readable, monkeypatch):
    client = signed_in("partner_manager")

    def listed(asks):
        page = text(client.get(f"/partners/{asks}"))
        return {name for name in ("Redis Labs", "Pinecone") if name in page}

    host = readable.pinecone.domains.get(is_primary=True).domain
    assert listed("") == listed("?state=active") == {"Redis Labs", "Pinecone"}
    assert listed("?q=PINE") == listed(f"?q={host}") == {"Pinecone"}
    assert "No partner matches" in text(client.get("/partners/?state=closed"))
    assert client.get("/partners/?state=lost").status_code == 400
    monkeypatch.setattr("portal.views.console_partners.PAGE_SIZE", 1)
    assert (listed("?page=1"), listed("?page=2")) == ({"Pinecone"}, {"Redis Labs"})
