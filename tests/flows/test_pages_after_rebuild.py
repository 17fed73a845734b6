"""Rollups are derived: truncated and rebuilt from the events, no page and no document changes."""

import re

import pytest
import time_machine
from django.core.management import call_command

from cache_api.models import Customer
from tenants import resolve, schema
from tests.portal.console import cast as console
from tests.portal.views import cast

TABLES = ("rolluphour", "rollupday", "latencyhour", "latencyday", "totalhour", "totalday",
          "customerhour", "customerday", "customermonth")  # fmt: skip
RANGES = ("24h", "13m", "2026-09")  # hours, months and days of rollups
STAFF_PAGES = (
    *[f"{path}?range={range_}" for path in ("/manage/", "/manage/usage/") for range_ in RANGES],
    *[f"/manage/usage/?range=2026-09&by={by}" for by in ("model", "provider", "region")],
    "/manage/usage/?customer=acme&range=2026-09", "/manage/customers/",
    "/manage/invoices/", "/manage/statements/",
)  # fmt: skip
CUSTOMER_PAGES = (*[f"{path}?range={range_}" for path in ("/", "/usage/") for range_ in RANGES],
                  "/invoices/")  # fmt: skip
CONSOLE_PAGES = ("/", "/partners/", "/partners/redis-labs/", "/partners/pinecone/",
                 "/finance/?month=2026-09", "/finance/?month=2026-10")  # fmt: skip
HOSTS = {"redis-labs": cast.REDIS, "pinecone": cast.PINECONE}
# A form's token and the nonce of a policy are drawn afresh for every answer.
DRAWN = re.compile(rb'(name="csrfmiddlewaretoken" value|nonce)="[^"]+"')


@pytest.fixture
def world(database, partners):
    """A settled September and a begun October at two partners, and somebody to look at each."""
    resolve.forget()
    with time_machine.travel(cast.NOW, tick=False):
        cast.settled(partners)
        for partner in partners:
            with schema.in_partner(partner):
                acme = Customer.objects.get(external_id="acme").id
            cast.person(partner, "owner")
            cast.person(partner, "customer_owner", acme)
        console.people()
        yield database
    resolve.forget()


def test_truncated_and_rebuilt_rollups_change_no_page(world, partners):
    before = everything_shown(world, partners)
    assert len(before) > 50 and {status for status, _ in before.values()} == {200}

    truncate(world, partners)
    # The pages do depend on what was thrown away, so equality below means something.
    page = "/manage/usage/?range=2026-09"
    for partner in partners:
        emptied = _answer(cast.signed_in(HOSTS[partner.slug], "owner"), page)
        assert emptied != before[f"{partner.slug} {page}"]
    assert _answer(console.signed_in("auditor"), "/") != before["console /"]

    world.login("recorder")
    call_command("rebuild_rollups", verbosity=0)
    after = everything_shown(world, partners)
    assert [page for page in before if after[page] != before[page]] == []


def everything_shown(world, partners) -> dict[str, tuple[int, bytes]]:
    """Status and body of every page and document of both partners and of the console."""
    world.login("web")
    found = {}
    for partner in partners:
        for role, pages in (("owner", STAFF_PAGES), ("customer_owner", CUSTOMER_PAGES)):
            client = cast.signed_in(HOSTS[partner.slug], role)
            for page in (*pages, *_documents(partner, role)):
                found[f"{partner.slug} {page}"] = _answer(client, page)
    finance = console.signed_in("auditor")
    found |= {f"console {page}": _answer(finance, page) for page in CONSOLE_PAGES}
    return found


def truncate(world, partners) -> None:
    """Throw every rollup away, past all rights."""
    with world.psql() as boss:
        for partner in partners:
            for table in TABLES:
                boss.execute(f"truncate {partner.schema_name}.cache_api_{table}")
        boss.execute("truncate channel_day")


def _documents(partner, role: str) -> list[str]:
    invoice = cast.document(partner, "customer_invoice", "acme")
    if role == "customer_owner":
        return [f"/invoices/{invoice}/{form}" for form in ("", "pdf", "json")]
    statement = cast.document(partner, "payout_statement")
    return [f"/manage/{kind}/{number}/{form}" for form in ("", "pdf", "json")
            for kind, number in (("invoices", invoice), ("statements", statement))]  # fmt: skip


def _answer(client, page: str) -> tuple[int, bytes]:
    answer = client.get(page)
    return answer.status_code, DRAWN.sub(rb'\1=""', answer.content)
