"""A partner words its mails: two partners, both languages, and a paper mailed once more."""

from datetime import timedelta

import pytest
import time_machine

from billing.actions.mail_again import mail_asked
from billing.models import Document, DocumentEvent
from cache_api.models import Customer
from tenants import resolve, schema
from tenants.accounts.models import User
from tenants.models import AuditEntry, MailText
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text

PAGE = "/manage/email/texts/de/"
OURS = {"document": "", "reminder": "", "invitation": "", "footer": ""}
MINE = {**OURS, "document": "{paper} {number} von {brand}", "footer": "Redis\n<b>Berlin</b>"}


@pytest.fixture(scope="module")
def database_of(django_db_blocker):
    """The module's database."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False):
        found = two_partners()
        cast.settled(found)
        for partner in found:
            with schema.in_partner(partner):
                acme = Customer.objects.get(external_id="acme").pk
            for role in ("owner", "finance", "support", "brand_editor"):
                cast.person(partner, role)
            cast.person(partner, "customer_owner", acme)
            with schema.in_partner(partner):
                User.objects.filter(role="customer_owner").update(language="de")
        database.login("web")
        yield database
    resolve.forget()


@pytest.fixture(scope="module")
def partners(database_of):
    """A settled September; acme's owner reads German at both."""
    return two_partners()


@pytest.fixture(autouse=True)
def october():
    resolve.forget()
    with time_machine.travel(NOW, tick=False):
        yield


def sent(client, step="save", seen=OURS, **changes):
    before = {f"seen_{kind}": value for kind, value in seen.items()}
    return client.post(PAGE, {**before, **MINE, **changes, "step": step}, follow=True)


def paper(partner):
    with schema.in_partner(partner):
        return Document.objects.get(partner_id=partner.pk, kind="customer_invoice",
                                    customer_external_id="acme")  # fmt: skip


def asked(host, partner):
    """What the page says to whoever wants acme's invoice mailed once more."""
    return text(signed_in(host, "owner").post(f"/manage/invoices/{paper(partner).pk}/mail/",
                                              follow=True))  # fmt: skip


@pytest.fixture
def worker(database_of):
    """Mails what was asked for, as the worker's login; how many went out."""

    def work(now=NOW):
        database_of.login("settle")
        count = mail_asked(now=now)
        database_of.login("web")
        return count

    return work


def test_texts_are_previewed_saved_once_and_a_stale_form_overwrites_nothing(partners):
    client = signed_in(REDIS, "brand_editor")

    preview = text(sent(client, step="preview"))
    assert "INV-2026-000001 von Redis Edge Cache" in preview and not MailText.objects.exists()
    assert "{price} cannot be filled in here" in text(sent(client, document="{price}"))
    assert "Saved: the next mails say it." in text(sent(client))
    assert "Nothing was changed." in text(sent(client))
    assert "Somebody else changed this meanwhile" in text(sent(client, footer="late"))

    with schema.in_partner(partners.redis):
        kept = {row.kind: row.text for row in MailText.objects.all()}
        assert AuditEntry.objects.filter(verb="brand.mail_texts").count() == 1
    assert kept == {"document": MINE["document"], "footer": MINE["footer"]}
    with schema.in_partner(partners.pinecone):
        assert not MailText.objects.exists()
    assert client.get("/manage/email/texts/fr/").status_code == 404
    assert signed_in(REDIS, "support").get(PAGE).status_code == 403


def test_a_paper_mailed_again_says_it_to_who_reads_that_language(partners, worker, mailoutbox):
    """acme's owner reads German, and so Redis's own subject and footer; Pinecone has none."""
    sent(signed_in(REDIS, "brand_editor"))
    for host, partner in ((REDIS, partners.redis), (PINECONE, partners.pinecone)):
        assert "It is mailed to Acme within a minute" in asked(host, partner)
    assert "It was asked for a moment ago" in asked(REDIS, partners.redis)

    assert (worker(), worker()) == (2, 0)

    redis, pinecone = sorted(mailoutbox, key=lambda one: "Redis" not in one.from_email)
    assert redis.subject == f"Rechnung {paper(partners.redis).number} von Redis Edge Cache"
    assert redis.body.endswith("\n-- \nRedis\n<b>Berlin</b>\n")
    html = redis.alternatives[0][0]
    assert "&lt;b&gt;Berlin&lt;/b&gt;" in html and "<b>Berlin" not in html
    assert "Berlin" not in pinecone.body and "Berlin" not in pinecone.alternatives[0][0]
    assert ".again-" in redis.message()["Message-ID"]
    with schema.in_partner(partners.redis):
        mails = DocumentEvent.objects.filter(document=paper(partners.redis), kind="delivered")
        assert [one.source_id.split()[0] for one in mails] == ["again"]

    later = NOW + timedelta(minutes=11)
    with time_machine.travel(later, tick=False):
        assert "within a minute" in asked(REDIS, partners.redis)
    assert worker(later) == 1


def test_who_may_have_a_paper_mailed_again(partners):
    at = f"/manage/invoices/{paper(partners.redis).pk}/mail/"
    assert signed_in(REDIS, "support").post(at).status_code == 403
    assert signed_in(PINECONE, "owner").post(at).status_code == 404
