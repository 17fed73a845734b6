"""A partner's own address for mails: real DNS, real signatures that a receiver verifies."""

import re
from datetime import timedelta

import dkim
import pytest
import time_machine
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import Client

from billing.actions.deliver import deliver_documents
from portal.words import senders as words
from tenants import resolve, schema, senders, tasks
from tenants.actions.senders import rewrap_sender_keys, sweep_senders
from tenants.models import AuditEntry, SenderAddress
from tests.billing import world as billing_world
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text
from tests.portal.views.conftest import settled_month
from tests.tenants.name_server import REFUSED, name_server

PAGE = "/manage/email/"
ADDRESS = "cache@mail.shop.com"


@pytest.fixture(scope="module")
def posted(django_db_blocker):
    """Two partners, one name server that the worker asks; Django is the web process."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database, name_server() as (zone, address):
        database.fill(settled_month)
        with time_machine.travel(NOW, tick=False):
            for partner in two_partners():
                cast.person(partner, "brand_editor")
        database.login("web")
        yield database, two_partners(), zone, address
    resolve.forget()


@pytest.fixture
def world(posted, settings):
    """The same with an empty zone; the clock stands."""
    database, partners, zone, address = posted
    zone.records.clear()
    settings.DNS_SERVERS = [address]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    database.login("web")
    resolve.forget()
    with time_machine.travel(NOW, tick=False):
        yield database, partners, zone
    resolve.forget()


def row_of(database, partner):
    database.login("owner")
    found = SenderAddress.objects.filter(partner=partner).order_by("-created_at").first()
    database.login("web")
    return found


def publish(zone, row, spf="v=spf1 include:_spf.shop.com ~all"):
    value = f"v=DKIM1; k=rsa; p={row.public_key}"
    parts = " ".join(f'"{value[at : at + 200]}"' for at in range(0, len(value), 200))
    zone.set(f"{row.selector}._domainkey.{row.domain}", "TXT", parts)
    zone.set(row.domain, "TXT", '"other=1"', f'"{spf}"')
    zone.set("_spf.shop.com", "TXT", '"v=spf1 include:spf.agentcache.localhost -all"')
    zone.set("_dmarc.shop.com", "TXT", '"v=DMARC1; p=quarantine"')


def check(database, row, at=NOW):
    database.login("settle")
    with time_machine.travel(at, tick=False):
        state = tasks.check_sender(partner_id=str(row.partner_id), sender_id=str(row.pk))
    database.login("web")
    resolve.forget()
    return state


def is_signed(message, zone, on_the_way=lambda sent: sent):
    """What a receiver does, with the key that the zone publishes."""

    def published(name, timeout=5):
        found = zone.records.get((name.decode().rstrip("."), "TXT"), ("",))[0]
        return "".join(re.findall(r'"([^"]*)"', found)).encode()

    sent = message.message().as_bytes(linesep="\r\n")
    return dkim.verify(on_the_way(sent), dnsfunc=published)


def test_from_a_wish_to_signed_mails_and_back(world):
    database, partners, zone = world
    owner, other = signed_in(REDIS, "owner"), signed_in(PINECONE, "owner")
    owner.post(f"{PAGE}test/")
    assert "no-reply@agentcache.localhost" in mail.outbox[-1].from_email
    assert "DKIM-Signature" not in mail.outbox[-1].message()

    assert owner.post(f"{PAGE}sender/", {"address": ADDRESS}).status_code == 302
    row = row_of(database, partners.redis)
    page = text(owner.get(PAGE))
    assert f"{row.selector}._domainkey.mail" in page and row.public_key in page
    assert (
        "an address was added already"
        in text(owner.post(f"{PAGE}sender/", {"address": "else@shop.com"}, follow=True)).lower()
    )

    assert check(database, row) == "pending"  # nothing is published
    owner.post(f"{PAGE}sender/check/")
    page = text(owner.get(PAGE))
    for code in ("dkim_missing", "spf_missing", "dmarc_missing"):
        assert str(words.finding(code).means) in page
    owner.post(f"{PAGE}test/")
    assert "no-reply@agentcache.localhost" in mail.outbox[-1].from_email

    publish(zone, row)
    assert check(database, row) == "verified"
    page = text(owner.get(PAGE))
    assert "people and your customers comes from this address" in page
    owner.post(f"{PAGE}test/")
    test = mail.outbox[-1]
    assert f"<{ADDRESS}>" in test.from_email and "Redis" in test.from_email
    assert is_signed(test, zone)
    for word in (b"Nothing", b"a test"):  # whoever changes a word breaks the signature
        assert not is_signed(test, zone, lambda sent, word=word: sent.replace(word, b"X", 1))

    Client(HTTP_HOST=REDIS).post("/accounts/password/reset/", {"email": "owner@example.com"})
    assert ADDRESS in mail.outbox[-1].from_email and is_signed(mail.outbox[-1], zone)
    other.post(f"{PAGE}test/")
    assert "no-reply@agentcache.localhost" in mail.outbox[-1].from_email

    database.login("settle")
    mail.outbox = []
    assert deliver_documents(now=billing_world.NOW + timedelta(minutes=1))
    froms = {ADDRESS in one.from_email: is_signed(one, zone) for one in mail.outbox}
    assert froms == {True: True, False: False}  # Redis' papers and Pinecone's
    database.login("web")

    assert owner.post(f"{PAGE}sender/end/", follow=True).status_code == 200
    owner.post(f"{PAGE}test/")
    assert "no-reply@agentcache.localhost" in mail.outbox[-1].from_email
    assert owner.post(f"{PAGE}sender/end/").status_code == 302  # nothing more to end
    assert check(database, row) == "nothing to check"
    with schema.in_partner(partners.redis):
        verbs = AuditEntry.objects.filter(verb__startswith="brand.sender").order_by("at", "id")
        assert set(verbs.values_list("verb", flat=True)) == {
            "brand.sender_asked", "brand.sender_verified", "brand.sender_ended",
        }  # fmt: skip
    with schema.in_partner(partners.pinecone):
        assert not SenderAddress.objects.exists()


def test_lost_records_bring_our_address_back_and_no_answer_does_not(world):
    database, partners, zone = world
    owner = signed_in(PINECONE, "owner")
    owner.post(f"{PAGE}sender/", {"address": "cache@cone.com"})
    row = row_of(database, partners.pinecone)
    publish(zone, row, spf="v=spf1 include:spf.agentcache.localhost -all")
    assert check(database, row) == "verified"
    record = (f"{row.selector}._domainkey.cone.com", "TXT")

    zone.records[record] = (REFUSED,)
    assert check(database, row, NOW + timedelta(days=1)) == "verified"
    del zone.records[record]
    states = [check(database, row, NOW + timedelta(days=2, hours=n)) for n in range(3)]
    assert states == ["warning", "warning", "pending"]
    owner.post(f"{PAGE}test/")
    assert "no-reply@agentcache.localhost" in mail.outbox[-1].from_email

    database.login("settle")
    late = NOW + timedelta(days=9)
    assert (sweep_senders(now=late), sweep_senders(now=late)) == (1, 0)  # a lease, not twice
    database.login("owner")
    assert rewrap_sender_keys(kek=senders.settings.KEK) == 0


def test_a_partner_cannot_say_that_its_own_address_is_proved(world):
    _database, partners, _zone = world
    for partner, other in (partners, tuple(partners)[::-1]):
        with schema.in_partner(partner):
            mine = {"partner_id": partner.id, "address": "a@b.com", "domain": "b.com",
                    "public_key": "p", "private_key": b"s", "created_by": "me",
                    "created_at": NOW}  # fmt: skip
            for change in ({"state": "verified"}, {"partner_id": other.id}):
                with pytest.raises(DatabaseError), transaction.atomic():
                    SenderAddress.objects.create(selector=f"s{partner.slug}", **(mine | change))
            for state in ("verified", "warning"):
                others = SenderAddress.objects.exclude(state=state)
                assert others.exists(), "no row to try it on"
                with pytest.raises(DatabaseError), transaction.atomic():
                    others.update(state=state)
    with pytest.raises(DatabaseError), schema.in_public(), transaction.atomic():
        SenderAddress.objects.values_list("private_key").first()


def test_refusals_are_said_and_a_brand_editor_only_looks(world):
    owner = signed_in(REDIS, "owner")
    refused = {"x": "not_an_address", "a@co.uk": "suffix", "a@10.0.0.1": "address",
               "a@agentcache.localhost": "platform"}  # fmt: skip
    for bad, code in refused.items():
        assert str(words.refusal(code)) in text(owner.post(f"{PAGE}sender/", {"address": bad}))
    editor = signed_in(REDIS, "brand_editor")
    assert "Show the records" not in text(editor.get(PAGE))
    for path in ("sender/", "sender/check/", "sender/end/"):
        assert editor.post(f"{PAGE}{path}", {"address": ADDRESS}).status_code == 403
        assert owner.get(f"{PAGE}{path}").status_code == 405
    assert "was removed" in text(owner.post(f"{PAGE}sender/check/", follow=True))
