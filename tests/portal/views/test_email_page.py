"""As whom mails come, a test to oneself, and what became of the mails of papers."""

from datetime import timedelta

from billing.actions.deliver import deliver_documents
from tenants import schema
from tenants.models import AuditEntry
from tests.billing import world
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

PAGE = "/manage/email/"


def test_a_test_goes_to_whoever_asks_in_the_partners_name_ten_times_an_hour(
    portal, settings, mailoutbox
):
    owner, brand = signed_in(REDIS, "owner"), signed_in(PINECONE, "brand_editor")

    said = text(owner.post(f"{PAGE}test/", follow=True))
    [test] = mailoutbox
    assert "Sent to owner@example.com" in said and test.to == ["owner@example.com"]
    assert settings.DEFAULT_FROM_EMAIL in test.from_email and "Redis" in test.from_email
    assert test.alternatives and "a test" in test.subject

    for _ in range(10):
        said = text(owner.post(f"{PAGE}test/", follow=True))
    assert "Ten were sent within the hour" in said and len(mailoutbox) == 10
    assert "Sent to brand_editor@example.com" in text(brand.post(f"{PAGE}test/", follow=True))
    with schema.in_partner(portal.pinecone):
        assert AuditEntry.objects.filter(verb="brand.mail_tested").count() == 1


def test_a_server_that_takes_nothing_is_told(portal, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens
    client = signed_in(PINECONE, "owner")

    assert "The mail server did not take it" in text(client.post(f"{PAGE}test/", follow=True))


def test_counts_are_those_of_the_partners_own_papers(long_portal, mailoutbox):
    _partners, database = long_portal
    assert "No paper was mailed" in text(signed_in(REDIS, "owner").get(PAGE))

    database.login("settle")
    brought = deliver_documents(now=world.NOW + timedelta(minutes=1))
    database.login("web")

    shown = {host: text(signed_in(host, "owner").get(PAGE)) for host in (REDIS, PINECONE)}
    counts = {host: int(page.split("Papers mailed ")[1].split()[0]) for host, page in shown.items()}
    assert sum(counts.values()) == brought == len(mailoutbox) > 0
    assert counts == {REDIS: 2, PINECONE: 2}  # an invoice and a statement each
    # Nobody of Zeta's is there to get its invoice.
    assert "Tries that failed 1 The last one" in shown[REDIS]
    assert "nobody to send it to; add a billing address" in shown[REDIS]
    assert "Tries that failed 0" in shown[PINECONE] and "are not measured" in shown[PINECONE]


def test_only_those_who_keep_the_brand_see_it(portal):
    assert signed_in(REDIS, "brand_editor").get(PAGE).status_code == 200
    for role in ("analyst", "customer_owner"):
        client = signed_in(REDIS, role)
        assert (client.get(PAGE).status_code, client.post(f"{PAGE}test/").status_code) == (403, 403)
