"""Each wall alone keeps two partners apart, with the other two switched off.

1. Routing, tried as a database superuser, whom neither roles nor row security stop.
2. The database, tried with unfiltered queries of one partner's role, as if every view forgot.
3. The payload seal, tried by copying values in Valkey: tests/cache_api/test_contract.py.
"""

import uuid

import pytest
from django.db import connection
from django.test import Client

from billing.models import Agreement, Document, DocumentLine, RatedLine, RunInput
from cache_api.metering.models import ChannelDay, UsageEvent
from cache_api.models import Customer
from tenants import resolve, schema
from tenants.accounts.models import User
from tenants.models import ApiKey, AuditEntry, Domain, Partner
from tests.billing.world import customer, hit, record, settle, sign
from tests.conftest import two_partners

HOSTS = {"redis-labs": "cache.redis.localhost", "pinecone": "cache.pinecone.localhost"}
SHARED_TABLES = (Agreement, Document, DocumentLine, RatedLine, RunInput, UsageEvent,
                 ChannelDay, ApiKey, AuditEntry)  # fmt: skip


def alike(_database):
    """Both partners with a customer of the same name, usage, documents and the same people."""
    for partner in two_partners():
        customer(partner, "acme", name=f"Acme at {partner.name}")
        sign(partner, "revenue_share_platform")
        record(hit(partner, "2026-09-05T10:00", "acme", 5000, bytes=1300))
        with schema.in_partner(partner):
            acme = Customer.objects.get(external_id="acme")
            User.objects.create_user("ada@example.com", "a long password", role="admin")
            User.objects.create_user(
                "cus@example.com", "a long password", role="customer_owner", customer_id=acme.id
            )
    settle()


@pytest.fixture
def world(database):
    """The database of `alike`."""
    database.fill(alike)
    resolve.forget()
    yield database
    resolve.forget()


def signed_in(slug: str, email: str = "ada@example.com") -> Client:
    client = Client(HTTP_HOST=HOSTS[slug])
    answer = client.post("/accounts/login/", {"login": email, "password": "a long password"})
    assert answer.status_code == 302
    return client


def paper(partner: Partner, kind: str) -> uuid.UUID:
    return Document.objects.get(partner_id=partner.id, kind=kind).id


@pytest.mark.parametrize("login", ["superuser", "web"])
def test_routing_alone_hides_the_others_documents(world, partners, login):
    theirs = {
        kind: paper(partners.pinecone, kind) for kind in ("customer_invoice", "payout_statement")
    }
    mine = {kind: paper(partners.redis, kind) for kind in ("customer_invoice", "payout_statement")}
    world.login(login)
    staff = signed_in("redis-labs")

    for kind, place in (("customer_invoice", "invoices"), ("payout_statement", "statements")):
        for suffix in ("", "pdf", "json"):
            assert staff.get(f"/manage/{place}/{mine[kind]}/{suffix}").status_code == 200
            for guessed in (theirs[kind], uuid.uuid4()):
                assert staff.get(f"/manage/{place}/{guessed}/{suffix}").status_code == 404


@pytest.mark.parametrize("login", ["superuser", "web"])
def test_routing_alone_shows_each_customer_its_own_invoice(world, partners, login):
    theirs = paper(partners.pinecone, "customer_invoice")
    mine = paper(partners.redis, "customer_invoice")
    world.login(login)
    person = signed_in("redis-labs", "cus@example.com")

    assert person.get(f"/invoices/{mine}/").status_code == 200
    assert person.get(f"/invoices/{theirs}/").status_code == 404
    assert person.get(f"/manage/invoices/{mine}/").status_code == 403


@pytest.mark.parametrize("login", ["superuser", "web"])
def test_no_page_of_one_partner_names_the_other(world, partners, login):
    world.login(login)
    staff, person = signed_in("redis-labs"), signed_in("redis-labs", "cus@example.com")

    pages = [
        staff.get(path)
        for path in (
            "/manage/",
            "/manage/usage/",
            "/manage/customers/",
            "/manage/invoices/",
            "/manage/statements/",
        )
    ]
    pages += [person.get(path) for path in ("/", "/usage/", "/invoices/")]  # fmt: skip

    assert {page.status_code for page in pages} == {200}
    assert [page.request["PATH_INFO"] for page in pages if b"Pinecone" in page.content] == []


def test_routing_alone_refuses_a_session_of_the_other_partner(world, partners):
    world.login("superuser")
    client = signed_in("redis-labs")

    answer = client.get("/manage/", HTTP_HOST=HOSTS["pinecone"])

    assert (answer.status_code, answer.headers.get("Location", "")[:16]) == (
        302,
        "/accounts/login/",
    )


def test_the_database_alone_shows_a_role_only_its_own_rows(world, partners):
    totals = {model: set(model.objects.values_list("partner_id", flat=True))
              for model in SHARED_TABLES}  # fmt: skip
    both = {partner.id for partner in partners}
    assert all(both <= owners for model, owners in totals.items() if model is not ApiKey)
    world.login("web")

    with schema.in_partner(partners.redis):
        seen = {model: set(model.objects.values_list("partner_id", flat=True))
                for model in SHARED_TABLES}  # fmt: skip
        names = set(Partner.objects.values_list("slug", flat=True))
        hosts = set(Domain.objects.values_list("tenant_id", flat=True))

    assert {frozenset(owners - {partners.redis.id}) for owners in seen.values()} == {frozenset()}
    assert (names, hosts) == ({"redis-labs"}, {partners.redis.id})


def test_the_database_alone_refuses_writes_to_money(world, partners):
    world.login("web")

    with schema.in_partner(partners.redis), connection.cursor() as cursor:
        for table in ("billing_document", "billing_ratedline", "billing_settlementrun",
                      "billing_agreementversion", "usage_event"):  # fmt: skip
            for statement in (
                f"update {table} set partner_id = partner_id",
                f"delete from {table}",
            ):
                with pytest.raises(Exception, match="permission denied"):
                    cursor.execute(statement)
