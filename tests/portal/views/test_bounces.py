"""Mail comes back: the report is matched with what was sent, the partner sees it, and clears it."""

import io
import os
import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import override_settings

from billing.actions.bounces import Bounced, note_bounces
from billing.actions.deliver import deliver_documents
from billing.models import Document, DocumentEvent
from billing.queries.mailing import mail_counts, mailboxes
from tenants import queries, resolve, schema
from tenants.accounts.models import User
from tenants.actions.bounces import mark_bounced
from tenants.models import AuditEntry, BouncedAddress
from tests.billing import world as billing_world
from tests.conftest import fresh_database, two_partners
from tests.plugin import ROOT
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text
from tests.portal.views.conftest import settled_month
from tests.tenants.reports import SERVERS, report

PAGE = "/manage/email/"
PAYS = "customer_owner@example.com"  # acme's, at either partner


@pytest.fixture(scope="module")
def mailed(django_db_blocker):
    """Papers of September are mailed."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False):
        database.fill(settled_month)
        for partner in two_partners():
            cast.person(partner, "brand_editor")
        database.login("settle")
        with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
            deliver_documents(now=billing_world.NOW + timedelta(minutes=1))
        yield database, two_partners()
    resolve.forget()


@pytest.fixture
def world(mailed, settings):
    """The same as the worker, with nothing bounced."""
    database, partners = mailed
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    database.login("owner")
    BouncedAddress.objects.all().delete()
    database.login("settle")
    with time_machine.travel(NOW, tick=False):
        yield database, partners
    resolve.forget()


def paper_of(partner) -> Document:
    return Document.objects.get(partner_id=partner.pk, buyer_name="Acme", kind="customer_invoice")


def id_of(paper: Document) -> str:
    return f"document.{paper.id}@agentcache.localhost"


def of_paper(paper, **facts) -> bytes:
    return report(to=PAYS, message_id=id_of(paper), **facts)


def marked() -> list[tuple]:
    rows = BouncedAddress.objects.order_by("partner__slug")
    return list(rows.values_list("partner__slug", "address", "status"))


@pytest.mark.parametrize("server", SERVERS)
def test_a_paper_that_came_back_is_written_down_once_and_its_address_marked(world, server):
    _database, partners = world
    paper = paper_of(partners.redis)
    events = DocumentEvent.objects.filter(document=paper, note__startswith="bounce: ")
    before = events.count()

    for _ in range(2):
        found = note_bounces(raw=of_paper(paper, server=server), now=NOW)
        assert found == [Bounced(PAYS, "5.1.1", True)]

    assert marked() == [("redis-labs", PAYS, "5.1.1")]
    assert events.count() == max(before, 1)  # of the same mail, whoever reports it
    log = AuditEntry.objects.filter(verb="brand.address_bounced", target=PAYS)
    assert {row.partner_id for row in log} == {partners.redis.pk}
    counts = mail_counts(partners.redis.pk, NOW - timedelta(days=1))
    assert counts.bounced == 1
    assert mail_counts(partners.pinecone.pk, NOW - timedelta(days=1)).bounced == 0


def test_a_full_box_is_noted_but_the_address_stays(world):
    _database, partners = world
    found = note_bounces(raw=of_paper(paper_of(partners.pinecone), status="5.2.2",
                                      said="552 5.2.2 full"), now=NOW)  # fmt: skip

    assert found == [Bounced(PAYS, "5.2.2", False)] and marked() == []


def test_a_report_of_mail_that_we_did_not_send_there_is_ignored(world):
    _database, partners = world
    paper = paper_of(partners.redis)
    before = DocumentEvent.objects.count()
    strange = (
        {"message_id": f"document.{partners.redis.pk}@agentcache.localhost"},  # no such paper
        {"message_id": f"document.{paper.id}@elsewhere.example"},
        {"message_id": f"{'0' * 16}.{'0' * 32}@{REDIS}"},  # nobody can make its second half
        {"message_id": "what@ever"},
        {"message_id": "no at sign"},
        {"to": "ceo@acme.example", "message_id": id_of(paper)},  # it never went there
    )
    for facts in strange:
        raw = report(**{"to": PAYS, **facts})
        assert note_bounces(raw=raw, now=NOW) == [Bounced("", "5.1.1", False)]

    assert marked() == [] and DocumentEvent.objects.count() == before


def test_a_mail_to_one_person_is_matched_by_its_id_and_by_that_person_alone(world):
    database, _partners = world
    database.login("web")
    signed_in(REDIS, "brand_editor").post(f"{PAGE}test/")
    [test] = mail.outbox
    sent = test.message()["Message-ID"].strip("<>")
    assert sent.endswith(f"@{REDIS}")  # the partner's host, not ours
    database.login("settle")

    other = report(to="owner@example.com", message_id=sent)
    moved = report(to=test.to[0], message_id=sent.replace(REDIS, PINECONE))
    for raw in (other, moved):
        assert note_bounces(raw=raw, now=NOW) == [Bounced("", "5.1.1", False)]
    assert note_bounces(raw=report(to=test.to[0].upper(), message_id=sent), now=NOW) == [
        Bounced(test.to[0], "5.1.1", True)
    ]
    assert marked() == [("redis-labs", test.to[0], "5.1.1")]


def test_marked_addresses_get_no_notices_and_papers_go_to_others(world):
    _database, partners = world
    paper, other = paper_of(partners.redis), "pay@acme.example"
    note_bounces(raw=of_paper(paper), now=NOW)

    assert mailboxes(paper, "") == [PAYS]  # nobody else is there
    assert mailboxes(paper, other) == [other]
    mark_bounced(partner_id=partners.redis.pk, address=other, status="5.2.1", reason="", now=NOW)
    assert mailboxes(paper, other) == [other]  # nobody is left
    gone = {partner.slug: queries.bounced_addresses(partner.pk) for partner in partners}
    assert gone == {"redis-labs": {PAYS, other}, "pinecone": set()}
    for partner in partners:
        with schema.in_partner(partner):
            reached = User.objects.who_get("documents", gone[partner.slug])
            found = set(reached.values_list("email", flat=True))
        assert (PAYS in found) == (partner == partners.pinecone) and "owner@example.com" in found


def test_a_bounced_billing_address_gives_way_to_people_who_pay(world):
    _database, partners = world
    paper = paper_of(partners.pinecone)
    mark_bounced(partner_id=partners.pinecone.pk, address="pay@acme.example", status="5.1.1",
                 reason="", now=NOW)  # fmt: skip

    assert mailboxes(paper, "Pay@acme.example") == [PAYS]


def test_the_page_says_it_and_clears_it_for_its_own_partner(world):
    database, partners = world
    for partner in partners:
        note_bounces(raw=of_paper(paper_of(partner)), now=NOW)
    rows = {row.partner.slug: row.pk for row in BouncedAddress.objects.select_related("partner")}
    database.login("web")

    client = signed_in(REDIS, "brand_editor")
    page = text(client.get(PAGE))
    assert PAYS in page and "There is no such mailbox." in page and "User unknown" in page
    theirs = client.post(f"{PAGE}bounced/{rows['pinecone']}/clear/", follow=True)
    assert "Mails go there again" not in text(theirs)
    mine = client.post(f"{PAGE}bounced/{rows['redis-labs']}/clear/", follow=True)
    assert "Mails go there again" in text(mine)
    assert "Send there again" not in text(client.get(PAGE))
    assert f"Send there again : {PAYS}" in text(signed_in(PINECONE, "owner").get(PAGE))
    with schema.in_partner(partners.redis):
        assert AuditEntry.objects.filter(verb="brand.address_cleared", target=PAYS).count() == 1
        with pytest.raises(DatabaseError), transaction.atomic():
            BouncedAddress.objects.create(partner=partners.redis, address="x@y.example",
                                          status="5.1.1", bounced_at=NOW)  # fmt: skip
    database.login("settle")
    assert [slug for slug, *_ in marked()] == ["pinecone"]


def test_the_command_takes_what_postfix_pipes_and_never_answers_with_a_bounce(world, tmp_path):
    _database, partners = world
    given = tmp_path / "mail"
    said = []
    for raw in (of_paper(paper_of(partners.redis)), b"From: a@b.example\n\nHello\n",
                report(to=PAYS, message_id="x@y"), of_paper(paper_of(partners.redis),
                                                            action="delayed")):  # fmt: skip
        given.write_bytes(raw)
        out = io.StringIO()
        call_command("read_bounce", str(given), stdout=out)
        said.append(out.getvalue().strip())
    assert said == [
        f"marked: {PAYS} 5.1.1", "ignored: It is no multipart/report.",
        "ignored: no mail of ours, 5.1.1", "ignored: nothing failed for good",
    ]  # fmt: skip
    with pytest.raises(CommandError, match="No such file"):
        call_command("read_bounce", str(tmp_path / "none"))


def test_while_postgres_is_away_the_mail_server_is_told_to_try_again(world):
    database, partners = world
    piped = subprocess.run(
        [sys.executable, "manage.py", "read_bounce"], cwd=ROOT, capture_output=True, check=False,
        input=of_paper(paper_of(partners.redis)),
        env=database.environ(SETTLE_DATABASE_URL="postgresql://ac_settle:x@127.0.0.1:9/none",
                             AC_DB_LOGIN="settle"),
    )  # fmt: skip
    assert piped.returncode == os.EX_TEMPFAIL
