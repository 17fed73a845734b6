"""What a partner says about its company stands on its papers, and on nobody else's."""

import json
from datetime import timedelta

import pytest
import time_machine

from billing.models import Document
from cache_api.actions.retention import choose_customer_retention
from cache_api.models import Customer
from cache_api.rules.retention import BadRetention
from tenants import queries, resolve, schema
from tenants.actions.company import enter_company
from tenants.models import AuditEntry, CompanyFacts
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

PAGE, PASSWORD = "/manage/settings/", "correct horse battery"
FACTS = {"address": "Musterstraße 1\n10115 Berlin", "country": "DE", "tax_id": "136695976",
         "email": "billing@redis.example", "language": "de"}  # fmt: skip


@pytest.fixture(scope="module")
def place():
    """The module's database, for tests that look at it as another login."""
    return []


@pytest.fixture(scope="module")
def month(django_db_blocker, place):
    """Redis Labs entered its facts before September was settled, Pinecone never did."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(cast.NOW, tick=False):
        partners = two_partners()
        with schema.in_partner(partners.redis):
            enter_company(partner_id=partners.redis.id, given=FACTS, seen=0, actor="x@example.com",
                          now=cast.NOW)  # fmt: skip
        cast.settled(partners)
        for partner in partners:
            for role in ("owner", "finance", "analyst"):
                person = cast.person(partner, role)
                with schema.in_partner(partner):
                    person.set_password(PASSWORD)
                    person.save()
        database.login("web")
        place.append(database)
        yield partners
    resolve.forget()


def entries(partner):
    with schema.in_partner(partner):
        return list(CompanyFacts.objects.order_by("number").values_list("number", "country"))


def statement(partner):
    with schema.in_partner(partner):
        return json.loads(bytes(Document.objects.get(kind="payout_statement").canonical))


def test_papers_show_them_in_the_chosen_language(month):
    ours, others = statement(month.redis), statement(month.pinecone)

    assert ours["buyer"]["address"] == ["Musterstraße 1", "10115 Berlin"]
    assert (ours["buyer"]["tax_id"], ours["buyer"]["country"]) == ("DE136695976", "DE")
    assert (ours["buyer"]["email"], ours["language"]) == ("billing@redis.example", "de")
    assert (others["buyer"]["address"], others["buyer"]["country"]) == ([], "")
    assert others["language"] == "en"


def test_customers_papers_stay_as_they_are(month):
    with schema.in_partner(month.redis):
        paper = Document.objects.get(kind="customer_invoice", customer_external_id="acme")
    facts = json.loads(bytes(paper.canonical))
    assert (facts["language"], facts["buyer"]["country"]) == ("en", "")


def test_a_change_needs_the_password_and_a_true_tax_id(month):
    client = signed_in(REDIS, "owner")
    before = entries(month.redis)

    wrong = client.post(PAGE, {**FACTS, "seen": 1, "password": "guess", "country": "AT"})
    false = client.post(PAGE, {**FACTS, "seen": 1, "password": PASSWORD, "tax_id": "DE1"})

    assert "This is not your password" in text(wrong)
    assert "This is no tax ID of that country" in text(false)
    assert entries(month.redis) == before


def test_a_form_from_before_somebody_elses_change_is_told_not_saved(month):
    first, second = signed_in(PINECONE, "owner"), signed_in(PINECONE, "finance")
    given = {**FACTS, "address": "", "country": "FR", "tax_id": "", "password": PASSWORD, "seen": 0}

    saved = first.post(PAGE, given)
    again = first.post(PAGE, given)  # the same twice: nothing to change
    stale = second.post(PAGE, {**given, "country": "US"})

    assert (saved.status_code, again.status_code, stale.status_code) == (302, 302, 200)
    assert "Somebody else changed this meanwhile" in text(stale)
    assert entries(month.pinecone) == [(1, "FR")]
    assert entries(month.redis) == [(1, "DE")]
    with schema.in_partner(month.pinecone):
        told = AuditEntry.objects.get(verb="partner.company_changed")
        assert queries.company(month.redis.id)[0] == 0  # row security: not even by its id
    assert (told.actor, told.data["after"]["country"]) == ("owner@example.com", "FR")


def test_the_page_shows_the_facts_and_only_to_those_who_may_set_them(month):
    page = text(signed_in(REDIS, "owner").get(PAGE))

    assert "Musterstraße 1" in page and "x@example.com" in page
    assert "Your agreement does not include hiding it" in page
    assert signed_in(REDIS, "finance").get(PAGE).status_code == 200
    assert signed_in(REDIS, "analyst").get(PAGE).status_code == 403
    assert "Musterstraße" not in text(signed_in(PINECONE, "owner").get(PAGE))


DATA = "/manage/settings/data/"


def test_how_long_answers_are_kept_is_chosen_with_the_password_and_told_to_the_edges(month, place):
    from cache_api.actions.publish_snapshot import snapshot

    def told(partner):
        with schema.in_public():
            body = json.loads(snapshot([partner.id])[f"snap:partner:{partner.id}"])
        return (body.get("ttl") or {}).get("max_s")

    redis, pinecone = month
    database = place[0]
    owner = signed_in(REDIS, "owner")
    form = {"hours": "24", "seen": "0", "password": PASSWORD}
    page = text(owner.get(DATA))
    assert "At present 30 days" in page and "ten years" in page and "any region" in page
    assert "not your password" in text(owner.post(DATA, {**form, "password": "x"}))
    for wrong in ("721", "0", "-1", "1.5", "x", ""):
        assert owner.post(DATA, {**form, "hours": wrong}).status_code == 200
    assert "Saved" in text(owner.post(DATA, form, follow=True))
    stale = text(owner.post(DATA, {**form, "hours": "6"}))
    assert "Somebody else changed this meanwhile" in stale
    assert "Nothing was changed" in text(owner.post(DATA, {**form, "seen": "1"}, follow=True))
    page = text(owner.get(DATA))
    assert "At present 1 day" in page and "owner@example.com" in page
    assert "At present 30 days" in text(signed_in(PINECONE, "owner").get(DATA))
    assert signed_in(REDIS, "analyst").get(DATA).status_code == 403
    with schema.in_partner(redis):
        (row,) = AuditEntry.objects.filter(verb="partner.retention_changed")
        assert (row.actor, row.data) == ("owner@example.com", {"before": None, "after": 24})
    database.login("recorder")
    try:
        assert (told(redis), told(pinecone)) == (86_400, None)
    finally:
        database.login("web")


@time_machine.travel(cast.NOW + timedelta(minutes=5), tick=False)  # passwords: few tries a minute
def test_a_customers_answers_may_be_kept_shorter_never_longer(month, place):
    from cache_api.actions.publish_snapshot import snapshot

    def told(partner):
        with schema.in_public():
            body = json.loads(snapshot([partner.id])[f"snap:partner:{partner.id}"])
        return body.get("kept_s")

    redis, pinecone = month
    owner, place = signed_in(REDIS, "owner"), place[0]
    with schema.in_partner(redis):
        ids = dict(Customer.objects.values_list("external_id", "id"))
    at = f"/manage/customers/{ids['acme']}/retention/"
    form = {"hours": "6", "seen": "0", "password": PASSWORD}
    most = owner.get(at).context["form"].fields["hours"].choices[0]
    assert most[0] == "" and "As of all your customers" in str(most[1])
    assert "not your password" in text(owner.post(at, {**form, "password": "x"}))
    for wrong in ("720", "1000", "0", "-1", "x"):  # 720: as of all, which is said by nothing
        assert owner.post(at, {**form, "hours": wrong}).status_code == 200
    assert "Saved" in text(owner.post(at, form, follow=True))
    assert "Somebody else changed this meanwhile" in text(owner.post(at, {**form, "hours": "1"}))
    assert "Nothing was changed" in text(owner.post(at, {**form, "seen": "1"}, follow=True))
    page = text(owner.get(f"/manage/customers/{ids['acme']}/"))
    assert "Cached answers at most 6 hours" in page
    assert "Cached answers at most 6 hours" not in text(
        owner.get(f"/manage/customers/{ids['zeta']}/")
    )
    assert signed_in(REDIS, "finance").get(at).status_code == 403
    assert signed_in(PINECONE, "owner").get(at).status_code == 404
    with schema.in_partner(redis):
        (row,) = AuditEntry.objects.filter(verb="customer.retention_changed")
        assert (row.actor, row.target, row.data) == (
            "owner@example.com", "acme", {"before": None, "after": 6},
        )  # fmt: skip
        with pytest.raises(BadRetention):
            choose_customer_retention(partner_id=redis.id, customer="acme", hours=721, seen=1,
                                      actor="x", now=cast.NOW)  # fmt: skip
    place.login("recorder")
    assert (told(redis), told(pinecone)) == ({"acme": 21_600}, None)
    place.login("web")
    assert "Saved" in text(owner.post(at, {**form, "hours": "", "seen": "1"}, follow=True))
    place.login("recorder")
    assert told(redis) is None
    place.login("web")
