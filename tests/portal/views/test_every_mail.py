"""Every kind of mail that leaves the portal, as two partners' readers get it in both languages.

ROWS is the list: a template, a notice or a place in the code that sends and has no row fails.
"""

import re
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.account.adapter import get_adapter
from allauth.core.context import request_context
from django.conf import settings
from django.core import mail
from django.test import Client, RequestFactory, override_settings
from django.urls import resolve as resolve_path
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy

from billing.actions import deliver, renewals
from billing.models import AgreementVersion, Document
from billing.queries.credits import body_of
from billing.rules import letters
from cache_api.management.commands.revoke_key import activity_text
from cache_api.models import Alert, AlertFiring, Customer, HookEndpoint
from cache_api.queries.key_activity import KeyActivity
from portal import notices
from portal.views.break_glass import tell_owners
from tenants import resolve, schema
from tenants.accounts.models import Overlay, User
from tenants.actions import domain_notices, domains
from tenants.actions.key_notices import tell_of_revocation
from tenants.actions.people import Circle
from tenants.models import DomainClaim
from tenants.rules.roles import Audience
from tests.billing import world
from tests.conftest import fresh_database, two_partners
from tests.portal import english
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in
from tests.portal.views.conftest import settled_for_all

BASE = Path(__file__).resolve().parents[3]
HOSTS = {"redis-labs": REDIS, "pinecone": PINECONE}
LANGUAGES = ("en", "de")
LATE = world.NOW.replace(month=11, day=6)
MEMORY = "django.core.mail.backends.locmem.EmailBackend"
CODE = re.compile(r"^[A-Z]{4}-[A-Z]{4}$")
# Where mails are sent that no partner's look is for, and why.
ELSEWHERE = {
    "billing/actions/pitches.py": "a letter of one of our people, as typed on the page",
    "tenants/gateways/mail.py": "the gateway", "billing/gateways/mail.py": "the gateway",
    "tenants/senders.py": "signs what the gateways send",
}  # fmt: skip
# What allauth tells people of their accounts; any other has a sentence that fits it too.
CHANGES = ("account/email/password_changed", "account/email/password_reset",
           "account/email/password_set", "mfa/email/totp_activated", "mfa/email/totp_deactivated",
           "mfa/email/recovery_codes_generated", "mfa/email/webauthn_added",
           "mfa/email/webauthn_removed", "account/email/something_else")  # fmt: skip
# All of `portal.notices` that the rows tell.
TOLD = {"told_about_endpoint", "told_about_firing", "told_about_overlay", "told_of_plan_request"}


class Place(NamedTuple):
    """A partner's portal, as a row needs it."""

    partner: object
    host: str
    language: str
    database: object

    def within(self):
        return schema.in_partner(self.partner)

    def acme(self):
        return Customer.objects.get(external_id="acme")

    def owner(self):
        return signed_in(self.host, "owner")

    def stranger(self):
        return Client(HTTP_HOST=self.host, HTTP_ACCEPT_LANGUAGE=self.language)

    def request(self):
        request = RequestFactory().get("/", HTTP_HOST=self.host)
        request.owner = resolve.resolve_host(self.host)
        return request

    def house(self):
        return notices.house_of(self.partner.id)


class Row(NamedTuple):
    """How a kind of mail comes about, the templates it is made of, the code that hands it over."""

    make: Callable[[Place], object]
    place: str
    templates: tuple[str, ...] = ()


def claim(at):
    host = f"{at.language}.{at.partner.slug}-shop.com"
    with at.within():
        return DomainClaim.objects.filter(host=host).first() or domains.claim_host(
            partner_id=at.partner.id, text=host, actor="ann", now=NOW)  # fmt: skip


def shared(at):
    path = f"/manage/domains/{claim(at).pk}/send/"
    return at.owner().post(path, {"email": "it@shop.example"})


@contextmanager
def worker(at):
    """As the worker, which sees to all partners from the public schema."""
    at.database.login("settle")
    with schema.in_public():
        yield
    at.database.login("web")


def told_of_host(due):
    def make(at):
        held = claim(at)
        with worker(at):
            domain_notices.mail_notice(held, due)

    return make


def endpoint(at, notice, customer):
    with at.within():
        owner = at.acme().pk if customer else None
        row = HookEndpoint.objects.filter(customer_id=owner).first() or HookEndpoint.objects.create(
            customer_id=owner, url="https://example.com/hooks", secret=b"-",
            types=[], created_at=NOW, created_by="ann",
        )  # fmt: skip
        row.notice, row.disabled_reason = notice, "it answered 410 Gone"
        notices.told_about_endpoint(at.house(), row)


def fired(kind, step, value, limit, customer=False):
    def make(at):
        with at.within():
            owner = at.acme().pk if customer else None
            alert = Alert(owner_id=owner, kind=kind, name="Ziel 1", limit=Decimal(limit))
            row = AlertFiring(alert=alert, step=step, value=value, period="2026-10")
            notices.told_about_firing(at.house(), row)

    return make


def looked_at(at):
    with at.within():
        row = Overlay(customer_id=at.acme().pk, viewer="support@redis.example", ticket="T-17",
                      reason="INV-7", ends_at=NOW + timedelta(minutes=30))  # fmt: skip
        notices.told_about_overlay(at.house(), row)


def more_wanted(at):
    with at.within():
        path = f"/manage/customers/{at.acme().pk}/plan/"
        notices.told_of_plan_request(at.house(), "Acme", "500 RPS", path)


def key_stopped(*rows):
    at_all = (NOW, NOW) if rows else (None, None)
    did = KeyActivity(*at_all, rows, (("acme", 4),), (("gpt-4o", 4),), (("", 4),))

    def make(at):
        with schema.in_console():
            tell_of_revocation(partner_id=at.partner.id, key_id="abcdef123456",
                               activity=lambda: activity_text(did))  # fmt: skip

    return make


def switched(template, **facts):
    def make(at):
        with at.within():
            circle = Circle(Audience.PARTNER, at.partner.id)
            tell_owners(at.request(), circle, template, gettext_lazy("break-glass was opened"),
                        who="owner@example.com", **facts)  # fmt: skip

    return make


def changed(what):
    """As allauth tells of it: from a request of the person's own."""

    def make(at):
        with at.within(), translation.override("en"):
            request = at.request()
            request.META["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux) Firefox/140.0"
            owner = User.objects.get(email="owner@example.com")
            with request_context(request):
                get_adapter(request).send_notification_mail(what, owner)

    return make


def credit_note(at):
    with worker(at):
        invoice = Document.objects.get(partner_id=at.partner.id, kind="customer_invoice",
                                       customer_external_id="acme")  # fmt: skip
        body = {**body_of(invoice), "kind": "credit_note", "corrects": {"number": invoice.number}}
        url = deliver.paper_url(invoice, body)
        for one in deliver.mails_for(invoice, "", ["customer_owner@example.com"], lambda _spoken: (
            letters.delivery_letter(body, str(invoice.id), url, at.language, gettext)
        )):  # fmt: skip
            deliver.send(one.letter, one.to, [], one.html)


def papers(looks):
    """Those mailed before, once: to acme's and the partner's people in each one's language."""

    def find(at):
        mailed = at.database.papers[at.partner.slug, at.language]
        mail.outbox.extend(one for one in mailed if re.search(looks, one.subject + one.body))

    return find


def term_ends(at):
    """To one of ours, whose mails are in the installation's language."""
    spoken = patch("tenants.gateways.mail.reading", lambda _none: translation.override(at.language))
    with worker(at), spoken:
        version = AgreementVersion.objects.filter(partner_id=at.partner.id).first()
        version.valid_to = NOW + timedelta(days=27)
        renewals.tell_of_end(version, 27)


TEAM, HOOKS, DOMAINS = "portal/views/team.py", "portal/notices.py", "portal/views/domains.py"
GLASS, PAPERS, MAILS = "portal/views/break_glass.py", "billing/actions/deliver.py", "account/email"
NOTICED = "tenants/actions/domain_notices.py"
ROWS = {
    "code": Row(lambda at: at.stranger().post("/accounts/login/code/",
                                              {"email": "owner@example.com"}),
                "allauth", (f"{MAILS}/login_code",)),
    "password": Row(lambda at: at.stranger().post("/accounts/password/reset/",
                                                  {"email": "owner@example.com"}),
                    "allauth", (f"{MAILS}/password_reset_key",)),
    "nobody": Row(lambda at: at.stranger().post("/accounts/password/reset/",
                                                {"email": "nobody@example.com"}),
                  "allauth", (f"{MAILS}/unknown_account",)),
    **{what: Row(changed(what), "allauth", (f"{MAILS}/changed",)) for what in CHANGES},
    "invitation": Row(lambda at: at.owner().post(
        "/manage/team/invite/", {"email": f"new-{at.language}@example.com", "role": "analyst"}),
        TEAM, ("people/invitation.txt",)),
    "dns records": Row(shared, DOMAINS, ("people/domain_records.txt",)),
    **{f"host {due}": Row(told_of_host(due), NOTICED, ("people/domain_notice.txt",))
       for due in domain_notices.NOTICES},
    "sign-on": Row(switched("sso/switched.txt", name="Okta",
                            what=gettext_lazy("single sign-on is enforced")),
                   GLASS, ("sso/switched.txt",)),
    "break-glass": Row(switched("sso/break_glass.txt", until=NOW), GLASS,
                       ("sso/break_glass.txt",)),
    "a test": Row(lambda at: at.owner().post("/manage/email/test/"),
                  "tenants/actions/test_mails.py"),
    "webhook fails": Row(lambda at: endpoint(at, "failing", False), HOOKS),
    "webhook off": Row(lambda at: endpoint(at, "disabled", False), HOOKS),
    "customer's webhook": Row(lambda at: endpoint(at, "disabled", True), HOOKS),
    "budget": Row(fired("budget", "80 %", "81.50", "100"), HOOKS),
    "forecast": Row(fired("budget", "forecast", "181.50", "100", True), HOOKS),
    "hit rate": Row(fired("hit_rate", "drop", "61.5 % after 72.0 %", "10"), HOOKS),
    "latency": Row(fired("latency", "p95", "12.5 ms", "10"), HOOKS),
    "quota": Row(fired("quota", "acme: 80 % of the day", "81 of 100", "80", True), HOOKS),
    "a look": Row(looked_at, HOOKS),
    "more wanted": Row(more_wanted, HOOKS),
    "key stopped": Row(key_stopped(("hit", 3), ("miss", 1)), "tenants/actions/key_notices.py"),
    "idle key stopped": Row(key_stopped(), "tenants/actions/key_notices.py"),
    "invoice": Row(papers(r"^(?:Invoice|Rechnung) "), PAPERS),
    "statement": Row(papers("/manage/statements/"), PAPERS),
    "credit note": Row(credit_note, PAPERS),
    "reminder": Row(papers("^Reminder|Zahlungserinnerung: "), PAPERS),
    "term ends": Row(term_ends, "billing/actions/renewals.py"),
}  # fmt: skip


def speak(language, **who):
    for partner in two_partners():
        with schema.in_partner(partner):
            User.objects.filter(**who).update(language=language)


def mail_papers(database):
    """Papers and reminders of the month, once; by partner and by the language of who reads."""
    speak("en")
    for role in ("finance", "customer_billing"):
        speak("de", role=role)
    database.login("settle")
    deliver.deliver_documents(now=world.NOW)
    deliver.send_reminders(now=LATE)
    database.login("web")
    database.papers = {
        (slug, language): [one for one in mail.outbox if host in one.body and is_german(one) ==
                           (language == "de")]
        for slug, host in HOSTS.items() for language in LANGUAGES
    }  # fmt: skip


def is_german(message):
    return 'lang="de"' in message.alternatives[0][0]


@pytest.fixture(scope="module")
def sent(django_db_blocker):
    """(row, partner, language) → the mails that came of it, and the partners."""
    resolve.forget()
    found = {}
    with (
        override_settings(EMAIL_BACKEND=MEMORY),
        translation.override("en"),  # what pages activate does not outlast the module
        fresh_database(django_db_blocker) as database,
        time_machine.travel(NOW, tick=False),
    ):
        database.fill(settled_for_all)
        mail.outbox = []
        mail_papers(database)
        for language in LANGUAGES:
            speak(language)
            for partner in two_partners():
                at = Place(partner, HOSTS[partner.slug], language, database)
                for name, row in ROWS.items():
                    mail.outbox = []
                    row.make(at)
                    found[name, partner.slug, language] = [*mail.outbox]  # pytest empties the last
        yield found
    resolve.forget()


def each(sent, name):
    """Every mail of a row: (brand, host, language, mail)."""
    for slug, host in HOSTS.items():
        for language in LANGUAGES:
            messages = sent[name, slug, language]
            assert messages, (name, slug, language)
            shown = settings.CONSOLE_HOST if name == "term ends" else host
            brand = resolve.resolve_host(shown).brand
            yield from ((brand, shown, language, one) for one in messages)


@pytest.mark.parametrize("name", ROWS)
def test_it_is_in_the_readers_language_and_in_one_brand(sent, name):
    subjects = {language: set() for language in LANGUAGES}
    for brand, host, language, one in each(sent, name):
        html = one.alternatives[0][0]
        other = resolve.resolve_host(PINECONE if host == REDIS else REDIS).brand
        everything = f"{one.subject}\n{one.from_email}\n{one.body}\n{html}"
        subjects[language].add(one.subject)
        assert one.subject and "\n" not in one.subject and "%(" not in everything
        assert f'<html lang="{language}">' in html
        assert parseaddr(one.from_email)[0] == brand.sender
        assert one.reply_to == ([brand.support_email] if brand.support_email else [])
        assert brand.product_name in one.body and brand.product_name in html
        assert brand.legal_name in english.texts(html) or brand.legal_name in html
        assert not [word for word in (other.product_name, other.legal_name) if word in everything]
        if language == "de":
            said = {line.strip() for line in (one.subject + "\n" + one.body).splitlines()}
            assert {line for line in said if english.is_english(line)} == set()
            assert english.left(html) - {line for line in said if CODE.match(line)} == set()
    if name != "invitation":  # its subject may be a name alone
        assert subjects["de"].isdisjoint(subjects["en"])


@pytest.mark.parametrize("name", ROWS)
def test_its_words_are_the_same_as_text_and_its_links_lead_there(sent, name):
    for _brand, host, _language, one in each(sent, name):
        html = one.alternatives[0][0]
        in_html = set(re.findall(r'href="(https?://[^"]+)"', html))
        in_text = set(re.findall(r"https?://[^\s>]+", one.body))
        ours = {link for link in in_text if urlsplit(link).hostname == host}
        assert ours <= {link.replace("&amp;", "&") for link in in_html}
        assert {urlsplit(link).hostname for link in in_text} <= {host, "example.com"}
        assert {urlsplit(src).hostname for src in re.findall(r'src="([^"]+)"', html)} == {host}
        assert "prefers-color-scheme:dark" in html.replace(" ", "") and "<script" not in html
        for link in ours:
            assert is_open(one.to[0], host, urlsplit(link).path), link


@cache
def is_open(to, host, path):
    """Whether a link leads to a page, for whoever got the mail; many lead to the same."""
    if host == settings.CONSOLE_HOST:
        return resolve_path(path, settings.CONSOLE_URLCONF).url_name == "console_agreement"
    with schema.in_partner(resolve.resolve_host(host)):
        known = User.objects.filter(email=to).exists()
    reader = signed_in(host, to.partition("@")[0]) if known else Client(HTTP_HOST=host)
    return reader.get(path, follow=True).status_code == 200


def test_no_template_notice_or_sender_is_without_a_row():
    folder = BASE / "templates"
    texts = {str(path.relative_to(folder)) for path in folder.rglob("*.txt")}
    allauths = {one.rpartition("_")[0] for one in texts if one.startswith(MAILS)}
    ours = {one for one in texts if not one.startswith("account/")}
    made = {name for row in ROWS.values() for name in row.templates}
    assert made == allauths - {f"{MAILS}/base"} | ours

    hands = re.compile(r"gateways import mail\b|gateways\.mail import .*\bsend|core\.mail import")
    files = [path for app in ("tenants", "cache_api", "billing", "portal")
             for path in (BASE / app).rglob("*.py") if hands.search(path.read_text())]  # fmt: skip
    places = {str(path.relative_to(BASE)) for path in files}
    assert places - set(ELSEWHERE) == {row.place for row in ROWS.values()} - {"allauth"}

    told = {name for name, one in vars(notices).items()
            if name.startswith("told_") and one.__module__ == notices.__name__}  # fmt: skip
    assert told == TOLD
