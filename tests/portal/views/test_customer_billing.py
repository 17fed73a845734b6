"""A customer says who it is: on its next papers, on no earlier one and on nobody else's."""

import io
import json
import re

import pypdf
import pytest
import time_machine
from django.test import override_settings
from lxml import etree

from billing.models import Document
from billing.queries.mailing import mailboxes
from cache_api.models import Customer
from tenants import resolve, schema
from tenants.models import AuditEntry
from tests.billing import world
from tests.billing.rules.trust.files import independent
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

PAGE, LIST = "/invoices/details/", "/invoices/"
FACTS = {
    "legal_name": "Acme GmbH", "address": "Hafenstr. 1\n20457 Hamburg", "country": "DE",
    "tax_id": "136 695 976", "email": "bills@acme.example",
    "contacts": "desk@acme.example, CFO@acme.example", "reference": "CC 17",
    "purchase_order": "PO-4711", "language": "de",
}  # fmt: skip
KEPT = {
    **FACTS, "address": ["Hafenstr. 1", "20457 Hamburg"], "tax_id": "DE136695976",
    "contacts": ["desk@acme.example", "cfo@acme.example"],
}  # fmt: skip
SELLER = {"legal_name": "AgentCache SAS", "address": ["1 rue du Cache"], "country": "FR"}


@pytest.fixture(scope="module")
def month(django_db_blocker):
    """Acme of Redis Labs enters itself by the page; then both partners' September is settled."""
    resolve.forget()
    with (
        override_settings(PLATFORM_PARTY=SELLER),
        fresh_database(django_db_blocker) as database,
        time_machine.travel(cast.NOW, tick=False),
    ):
        partners = two_partners()
        for partner in partners:
            for name in ("acme", "zeta"):
                world.customer(partner, name, name=name.title())
            world.sign(partner, "revenue_share_platform")
            for role in ("owner", "support", "finance"):
                cast.person(partner, role)
            for role in ("owner", "billing", "developer", "viewer"):
                cast.person(partner, f"customer_{role}", customer(partner).id)
        cast.record_usage(partners)
        database.login("web")
        owner = signed_in(REDIS, "customer_owner")
        saved = owner.post(PAGE, {**FACTS, "seen": mark(owner)}, follow=True)
        assert "invoices from the next one on show it" in text(saved)
        database.login("settle")
        world.settle()
        assert world.breaches() == []
        database.login("web")
        yield partners
    resolve.forget()


@pytest.fixture
def partners(month):
    """The clock stands."""
    resolve.forget()
    with time_machine.travel(cast.NOW, tick=False), override_settings(PLATFORM_PARTY=SELLER):
        yield month


def customer(partner, name="acme"):
    with schema.in_partner(partner):
        return Customer.objects.get(external_id=name)


def mark(client):
    """The hidden mark of what the form shows."""
    return client.get(PAGE).context["form"]["seen"].value()


def paper(partner, name="acme"):
    with schema.in_partner(partner):
        return Document.objects.get(kind="customer_invoice", customer_external_id=name)


def told(partner, verb="customer.billing_changed"):
    with schema.in_partner(partner):
        return list(AuditEntry.objects.filter(verb=verb).order_by("id"))


def test_they_are_frozen_in_the_next_paper_and_in_nobody_elses(partners):
    ours = json.loads(bytes(paper(partners.redis).canonical))

    assert customer(partners.redis).billing == KEPT
    printed = {name: value for name, value in KEPT.items() if name not in ("contacts", "language")}
    assert ours["buyer"] == printed and ours["language"] == "de"
    for partner, name in ((partners.redis, "zeta"), (partners.pinecone, "acme")):
        other = json.loads(bytes(paper(partner, name).canonical))
        assert (other["buyer"]["legal_name"], other["language"]) == (name.title(), "en")
        assert other["buyer"]["tax_id"] == "" and "purchase_order" not in other["buyer"]
    assert customer(partners.pinecone).billing == customer(partners.redis, "zeta").billing == {}


def test_page_pdf_csv_and_e_invoice_show_them(partners):
    client, at = signed_in(REDIS, "customer_owner"), f"{LIST}{paper(partners.redis).id}/"

    page = text(client.get(at))
    pdf = pypdf.PdfReader(io.BytesIO(client.get(f"{at}pdf").content)).pages[0].extract_text()
    xml = etree.fromstring(client.get(f"{at}xml").content)
    table = client.get(f"{at}csv").content.decode()

    for fact in ("Acme GmbH", "20457 Hamburg", "DE136695976", "CC 17", "PO-4711"):
        assert fact in page and fact in pdf, fact
    assert "Bestellnummer" in pdf
    buyer = xml.find(".//{*}BuyerTradeParty")
    assert buyer.findtext("{*}Name") == "Acme GmbH"
    assert xml.findtext(".//{*}BuyerReference") == "CC 17"
    order = xml.find(".//{*}BuyerOrderReferencedDocument")
    assert order.findtext("{*}IssuerAssignedID") == "PO-4711"
    assert table.splitlines()[1].endswith(",CC 17,PO-4711")
    zeta = f"{LIST}{paper(partners.redis, 'zeta').id}/"
    assert client.get(zeta).status_code == 404


def test_the_statement_above_is_recomputed_from_its_archive(partners, tmp_path):
    client = signed_in(REDIS, "owner")
    at = f"/manage/documents/{cast.document(partners.redis, 'payout_statement')}/archive"
    (tmp_path / "a.zip").write_bytes(b"".join(client.get(at).streaming_content))

    result = independent().verify(tmp_path / "a.zip")

    assert result.ok


def test_a_later_change_leaves_the_paper_as_it_is_and_is_told_on_both_sides(partners):
    before, owner = paper(partners.redis), signed_in(REDIS, "customer_billing")
    rows = len(told(partners.redis))

    moved = {**FACTS, "purchase_order": "PO-4712", "contacts": ""}
    assert owner.post(PAGE, {**moved, "seen": mark(owner)}).status_code == 302
    again = owner.post(PAGE, {**moved, "seen": "old"}, follow=True)

    assert "Nothing was changed" in text(again)
    after = paper(partners.redis)
    assert (after.sha256, bytes(after.canonical)) == (before.sha256, bytes(before.canonical))
    assert "PO-4711" in text(owner.get(f"{LIST}{after.id}/"))
    *_, row = told(partners.redis)
    assert len(told(partners.redis)) == rows + 1 and told(partners.pinecone) == []
    assert row.actor == "customer_billing@example.com"
    assert row.data == {
        "before": {"contacts": KEPT["contacts"], "purchase_order": "PO-4711"},
        "after": {"contacts": "", "purchase_order": "PO-4712"},
    }  # fmt: skip
    assert "Purchase order" in text(owner.get(PAGE)) and row.actor in text(owner.get(PAGE))
    for host, who, at in (
        (REDIS, "customer_owner", "/audit/"),
        (REDIS, "owner", f"/manage/customers/{customer(partners.redis).id}/log/"),
    ):
        assert "PO-4712" in text(signed_in(host, who).get(at))
    theirs = f"/manage/customers/{customer(partners.redis).id}/log/"
    assert signed_in(PINECONE, "owner").get(theirs).status_code == 404


def test_a_form_from_before_the_partners_change_is_told_and_keeps_the_currency(partners):
    client, chief = signed_in(REDIS, "customer_owner"), signed_in(REDIS, "owner")
    seen, row = mark(client), customer(partners.redis)
    at = f"/manage/customers/{row.id}/edit/"
    theirs = chief.get(at).context["form"]["seen"].value()
    given = {**FACTS, "name": "Acme", "currency": "EUR", "reference": "CC 18", "seen": theirs}
    assert chief.post(at, given).status_code == 302

    stale = client.post(PAGE, {**FACTS, "legal_name": "Acme SE", "seen": seen})
    stale_there = chief.post(at, {**given, "reference": "CC 19"})

    for answer in (stale, stale_there):
        assert "Somebody else changed this meanwhile" in text(answer)
    kept = customer(partners.redis).billing
    assert kept == {**kept, "legal_name": "Acme GmbH", "reference": "CC 18", "currency": "EUR"}
    mine = {**FACTS, "currency": "USD", "plan": "gold", "seen": mark(client)}
    assert client.post(PAGE, mine).status_code == 302
    row = customer(partners.redis)
    assert (row.billing["currency"], row.billing["reference"], row.plan) == ("EUR", "CC 17", "")


@pytest.mark.parametrize(("given", "said"), [
    ({"tax_id": "DE136695977"}, "its form or its check digits are wrong"),
    ({"tax_id": "DE136695976", "country": ""}, "A tax ID needs its country"),
    ({"country": "Germany"}, "Select a valid choice"),
    ({"address": "\n".join("abcdefg")}, "An address has at most 6 lines"),
    ({"contacts": "nobody"}, "&#x27;nobody&#x27; is no e-mail address"),
    ({"contacts": "\n".join(f"{n}@a.example" for n in range(6))}, "At most 5 further addresses"),
    ({"email": "nobody"}, "Enter a valid email address"),
    ({"reference": "x" * 81}, "at most 80 characters"),
    ({"language": "fr"}, "Select a valid choice"),
])  # fmt: skip
def test_what_cannot_stand_on_a_paper_is_refused_by_its_field(partners, given, said):
    client, before = signed_in(REDIS, "customer_owner"), customer(partners.redis).billing

    answer = client.post(PAGE, {**FACTS, **given, "seen": mark(client)})

    assert answer.status_code == 200 and said in text(answer)
    assert customer(partners.redis).billing == before


def test_papers_go_to_the_contacts_of_now_and_to_people_where_none_are_named(partners):
    mine, zeta = paper(partners.redis), paper(partners.redis, "zeta")
    with schema.in_partner(partners.redis):
        Customer.objects.filter(external_id="acme").update(billing=KEPT)

    assert mailboxes(mine, "bills@acme.example") == ["bills@acme.example", *KEPT["contacts"]]
    assert mailboxes(mine, "") == KEPT["contacts"]
    assert mailboxes(mine, "desk@acme.example") == KEPT["contacts"]
    assert mailboxes(zeta, "z@zeta.example") == ["z@zeta.example"] and mailboxes(zeta, "") == []
    theirs = mailboxes(paper(partners.pinecone), "")
    assert theirs == ["customer_billing@example.com", "customer_owner@example.com"]


def test_who_may_and_what_others_see(partners):
    for role, status in (("owner", 200), ("billing", 200), ("developer", 403), ("viewer", 403)):
        assert signed_in(REDIS, f"customer_{role}").get(PAGE).status_code == status
    assert signed_in(REDIS, "owner").get(PAGE).status_code == 403
    link = f'href="{PAGE}"'
    assert link in signed_in(REDIS, "customer_billing").get(LIST).content.decode()
    page = text(signed_in(PINECONE, "customer_owner").get(PAGE))
    assert "Acme GmbH" not in page and "Nothing entered yet" in page


@pytest.mark.parametrize(("host", "who", "names"), [
    (REDIS, "owner", ["Overview", "Usage", "Invoices", "API keys", "People", "Quota", "Audit log"]),
    (REDIS, "finance", ["Overview", "Usage", "Invoices", "API keys"]),
    (REDIS, "support", ["Overview", "Usage", "API keys"]),
])  # fmt: skip
def test_the_partners_pages_of_one_customer_are_tabs_with_addresses(partners, host, who, names):
    client = signed_in(host, who)
    at = f"/manage/customers/{customer(partners.redis).id}/"
    tabs = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', nav(client.get(at)))

    assert [name for _, name in tabs] == names
    for path, name in tabs:
        page = client.get(path.replace("&amp;", "&"))
        assert page.status_code == 200
        current = re.findall(r'aria-current="page">([^<]+)</a>', nav(page))
        assert current == [name]
    assert signed_in(PINECONE, "owner").get(tabs[-1][0]).status_code == 404


def nav(answer):
    return re.search(r'<nav class="tabs".*?</nav>', answer.content.decode(), re.S).group()


def test_the_tabs_show_money_keys_and_what_there_is_not(partners):
    owner, mine = signed_in(REDIS, "owner"), customer(partners.redis)
    with schema.in_partner(partners.redis):
        fresh = Customer.objects.create(external_id="fresh", created_at=cast.NOW)
    at, new = (f"/manage/customers/{one.id}/" for one in (mine, fresh))
    made = owner.post("/manage/keys/new/", {"label": "shop", "mode": "live", "customer": "acme"})
    assert made.status_code == 200

    overview, invoices = text(owner.get(at)), text(owner.get(f"{at}invoices/"))
    number = paper(partners.redis).number

    assert "Open $2.00" in overview and "Acme GmbH" in overview and "PO-" in overview
    assert number in invoices and "Billed $2.00" in invoices
    assert paper(partners.redis, "zeta").number not in invoices
    assert number in text(owner.get(f"{at}invoices/?month=2026-09"))
    assert "No paper for this month" in text(owner.get(f"{at}invoices/?month=2026-08"))
    assert b"".join(owner.get(f"{at}invoices/papers.zip").streaming_content).startswith(b"PK")
    assert "shop" in text(owner.get(f"{at}keys/"))
    assert "No invoice to this customer yet" in text(owner.get(f"{new}invoices/"))
    assert owner.get(f"{new}invoices/papers.zip")["Location"] == f"{new}invoices/"
    assert "No key of its own" in text(owner.get(f"{new}keys/"))
    assert "Nothing yet" in text(owner.get(f"{new}log/"))
    assert b"PO-4711" in b"".join(owner.get(f"{at}log/csv").streaming_content)
    assert "Open $" not in text(signed_in(REDIS, "support").get(at))
