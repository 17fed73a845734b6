"""Whoever reads a mail reads it in the language that they chose, also where a worker writes it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import translation

from billing.actions.deliver import deliver_documents, send_reminders
from billing.models import Document
from cache_api.models import Alert, AlertFiring, Customer
from portal import notices
from tenants import schema
from tenants.accounts.models import User
from tests.billing import world
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast

NOW = cast.NOW
DUE = world.NOW.replace(month=11, day=5)


@pytest.fixture(scope="module")
def world_of_two_languages(django_db_blocker):
    """Of Redis's acme a German and an English reader, the first also at Pinecone; one of none."""
    with fresh_database(django_db_blocker) as database:
        partners = two_partners()
        cast.settled(partners)
        for partner in partners:
            with schema.in_partner(partner):
                acme = Customer.objects.get(external_id="acme").id
                for name, language in (("anna", "de"), ("bob", "en"), ("carl", "")):
                    User.objects.create_user(f"{name}@acme.example", None, language=language,
                                             role="customer_billing", customer_id=acme)  # fmt: skip
        database.login("settle")
        yield partners


@pytest.fixture
def sent(world_of_two_languages, settings):
    """Whatever is mailed, the newest last."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    return mail.outbox


def letter_to(sent, name, paper=""):
    """The one mail that reached this person (about this paper)."""
    [found] = [one for one in sent if f"{name}@acme.example" in one.to and paper in one.subject]
    return found


@pytest.mark.parametrize("around", ["en", "de"])
def test_an_alert_is_told_to_each_in_their_language(world_of_two_languages, sent, around):
    """Also where the one who causes the mail reads another language."""
    partner = world_of_two_languages.redis
    with schema.in_partner(partner), translation.override(around):
        acme = Customer.objects.get(external_id="acme").id
        alert = Alert(owner_id=acme, kind="quota", name="Budget", limit=Decimal(80))
        row = AlertFiring(alert=alert, step="80", value="81", period="2026-10")
        assert notices.told_about_firing(notices.house_of(partner.id), row) is True
        assert translation.get_language() == around

    subjects = {one.to[0].split("@")[0]: one.subject for one in sent}
    assert subjects == {"anna": "Warnung: Budget, 80", "bob": "Alert: Budget, 80",
                        "carl": "Alert: Budget, 80"}  # fmt: skip
    german = letter_to(sent, "anna")
    html = german.alternatives[0][0]
    assert 'lang="de"' in html and "Seite öffnen" in html
    assert 'lang="en"' in letter_to(sent, "carl").alternatives[0][0]


def test_a_paper_is_brought_to_each_in_their_language_and_stays_as_it_is(
    world_of_two_languages, sent
):
    acme = {one.partner_id: one for one in Document.objects.filter(
        kind="customer_invoice", customer_external_id="acme")}  # fmt: skip
    assert deliver_documents(now=world.NOW) > 0
    before = len(sent)
    assert deliver_documents(now=world.NOW) == 0 and len(sent) == before

    for partner in world_of_two_languages:
        number = acme[partner.id].number
        german, english = (letter_to(sent, name, number) for name in ("anna", "bob"))
        assert german.subject.startswith(f"Rechnung {number} von ")
        assert "fällig am 1. November 2026" in german.body and "Verkäufer:" in german.body
        assert english.subject.startswith(f"Invoice {number} from ")
        assert "due on November 1, 2026" in english.body
        assert english is letter_to(sent, "carl", number)  # as the paper itself is written
        assert german.attachments == english.attachments
        ids = [one.extra_headers["Message-ID"] for one in (english, german)]
        plain = f"document.{acme[partner.id].id}"
        assert [one.split("@")[0] for one in ids] == [f"<{plain}", f"<{plain}.de"]


def test_a_reminder_is_written_in_both_languages_once(world_of_two_languages, sent):
    assert send_reminders(now=DUE + timedelta(days=1)) > 0
    before = len(sent)
    assert send_reminders(now=DUE + timedelta(days=1)) == 0 and len(sent) == before

    number = Document.objects.get(kind="customer_invoice", customer_external_id="acme",
                                  partner_id=world_of_two_languages.redis.id).number  # fmt: skip
    german, english = (letter_to(sent, name, number) for name in ("anna", "bob"))
    assert german.subject == f"1. Zahlungserinnerung: Rechnung {number} ist überfällig"
    assert english.subject == f"Reminder 1: Invoice {number} is overdue"
    assert "noch" in german.body and "still open" in english.body
