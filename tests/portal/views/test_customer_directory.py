"""The list of customers: figures, filters, and many changed at once; two partners, one database."""

import re
import uuid

import pytest
import time_machine

from billing.models import PlanAssignment
from cache_api.models import Customer, HookEndpoint
from portal.queries.directory import Filter, found_ids
from portal.rules.ranges import parse_range
from tenants import resolve, schema
from tenants.models import AuditEntry, DomainClaim
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text

LIST, BULK = "/manage/customers/", "/manage/customers/bulk/"
PLAN = {"name": "Growth", "fee": "49", "included": "50", "overage": "3", "served": "0",
        "policy": "soft"}  # fmt: skip


@pytest.fixture(scope="module")
def partners(django_db_blocker):
    """A settled September; acme has used up a quota of 100 a month, zeta none; a plan."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False):
        found = two_partners()
        cast.settled(found)
        for partner in found:
            for role in ("owner", "finance", "support"):
                cast.person(partner, role)
            with schema.in_partner(partner):
                Customer.objects.filter(external_id="acme").update(quota={"month": 100})
                Customer.objects.filter(external_id="zeta").update(quota={"day": 1})
                acme = Customer.objects.get(external_id="acme").pk
            cast.person(partner, "customer_owner", acme)
        with schema.in_partner(found.redis):  # a webhook that fails, a host that leads elsewhere
            HookEndpoint.objects.create(url="https://x.example/", types=["key.created"], secret=b"",
                                        created_by="x", created_at=NOW,
                                        failing_since=NOW)  # fmt: skip
            claim = DomainClaim.objects.create(partner_id=found.redis.pk, host="cache.shop.com",
                                               token="t", target="x.edge", created_by="x",
                                               created_at=NOW)  # fmt: skip
            for claim.routing in ("pending", "verified", "warning"):
                claim.save()
        cast.estimate(found)
        database.login("web")
        owner = signed_in(REDIS, "owner")
        page = owner.post("/manage/plans/new/", PLAN)["Location"]
        assert owner.post(f"{page}publish/", {"starts": "2026-10"}).status_code == 302
        yield found
    resolve.forget()


@pytest.fixture(autouse=True)
def october():
    with time_machine.travel(NOW, tick=False):
        yield


def ids(partner):
    with schema.in_partner(partner):
        return dict(Customer.objects.values_list("external_id", "pk"))


def states(partner):
    with schema.in_partner(partner):
        return dict(Customer.objects.values_list("external_id", "state"))


def log(partner, *verbs):
    with schema.in_partner(partner):
        return AuditEntry.objects.filter(verb__in=verbs).count()


def names(page):
    return [row.usage.external_id for row in page.context["found"].rows]


def test_the_figures_above_the_list_and_the_marks_in_it(partners):
    """acme's 100 lookups of October reach its quota of 100; zeta had none in October."""
    page = signed_in(REDIS, "owner").get(LIST)
    found = page.context["found"]
    rows = {row.usage.external_id: row for row in found.rows}

    assert (found.count, found.active, found.suspended, found.over) == (2, 2, 0, 1)
    assert (rows["acme"].is_over, rows["zeta"].is_over) == (True, False)
    assert found.lookups == sum(row.usage.lookups for row in found.rows) == 2000
    assert found.overdue == 0 and "Past due" in text(page)


@pytest.mark.parametrize(("asked", "left"), [
    ("", ["acme", "zeta"]), ("only=over", ["acme"]), ("only=due", []), ("q=zet", ["zeta"]),
    ("only=over&q=zet", []), ("only=over&state=suspended", []),
])  # fmt: skip
def test_filters(partners, asked, left):
    assert names(signed_in(REDIS, "owner").get(f"{LIST}?{asked}")) == left


def test_an_overdue_invoice_is_counted_for_its_customer_once_its_day_is_over(partners):
    """September's invoices are due 30 days after 5 October."""
    with time_machine.travel("2026-12-01T08:00Z", tick=False):
        page = signed_in(REDIS, "owner").get(f"{LIST}?only=due")
        assert names(page) == ["acme", "zeta"] and page.context["found"].overdue == 2
        support = signed_in(REDIS, "support").get(LIST)
        assert support.context["found"].overdue is None and "Past due" not in text(support)
        assert signed_in(REDIS, "support").get(f"{LIST}?only=due").status_code == 400


def test_the_overview_says_what_needs_somebody_to_whoever_can_mend_it(partners):
    """Acme's quota is used up; a webhook fails and a host leads elsewhere, at Redis alone."""
    seen = {role: text(signed_in(REDIS, role).get("/manage/")) for role in ("owner", "support")}
    with time_machine.travel("2026-12-01T08:00Z", tick=False):
        later = text(signed_in(REDIS, "finance").get("/manage/"))
    other = text(signed_in(PINECONE, "owner").get("/manage/"))

    assert "1 customer has used up its quota: look at them" in seen["owner"]
    assert "cache.shop.com does not answer as it should: see what was found" in seen["owner"]
    assert "1 webhook does not take what it is told: look at them" in seen["owner"]
    assert "used up its quota" in seen["support"] and "webhook" not in seen["support"]
    assert "cache.shop.com" not in seen["support"]
    assert "2 customers have invoices past their date: look at them" in later
    for said in ("used up its quota", "does not answer", "does not take", "past their date"):
        assert said not in other


def test_a_customer_sees_how_much_of_its_limits_is_used(partners):
    page = text(signed_in(REDIS, "customer_owner").get("/"))
    other = text(signed_in(PINECONE, "customer_owner").get("/"))

    assert "100.0 % of 100 this month" in page and "0.0 % of 100 this month" in other


def test_one_customers_page_has_its_month_and_its_invoices_for_whoever_sees_money(partners):
    at = f"{LIST}{ids(partners.redis)['acme']}/"
    finance, support = (text(signed_in(REDIS, role).get(at)) for role in ("finance", "support"))

    assert "Cost this month est. $0.20" in finance and "Open $2.00" in finance
    assert all("100 of 100 this month: 100.0 %" in page for page in (finance, support))
    assert "Cost this month" not in support and "$2.00" not in support


@pytest.mark.parametrize("asked", ["only=rich", "state=happy"])
def test_a_filter_that_is_none_is_told(partners, asked):
    assert signed_in(REDIS, "owner").get(f"{LIST}?{asked}").status_code == 400


def test_many_are_suspended_after_a_dry_run_once_and_resumed(partners):
    owner, known = signed_in(REDIS, "owner"), ids(partners.redis)
    stranger = ids(partners.pinecone)["acme"]
    given = {"verb": "suspend", "customer": [str(known["acme"]), str(known["zeta"]), str(stranger)]}

    dry = text(owner.post(BULK, given))
    assert "2 customers are suspended." in dry and "Nothing has changed yet" in dry
    assert f"{stranger} : This customer does not exist." in dry
    assert set(states(partners.redis).values()) == {"active"}
    assert log(partners.redis, "customer.suspended") == 0

    unsaid = text(owner.post(BULK, {**given, "step": "do", "reason": ""}))
    assert "Say why" in unsaid and set(states(partners.redis).values()) == {"active"}
    done = text(owner.post(BULK, {**given, "step": "do", "reason": "unpaid"}, follow=True))
    assert "2 customers are suspended." in done and "1 customer was left as it is." in done
    assert set(states(partners.redis).values()) == {"suspended"}
    again = text(owner.post(BULK, {**given, "step": "do", "reason": "unpaid"}, follow=True))
    assert "2 are so already" in again and log(partners.redis, "customer.suspended") == 2
    assert "active" in states(partners.pinecone).values()

    back = {"verb": "resume", "which": "all", "state": "suspended", "step": "do"}
    assert "2 customers are resumed." in text(owner.post(BULK, back, follow=True))
    assert set(states(partners.redis).values()) == {"active"}


def test_many_change_their_plan_and_a_repetition_writes_nothing(partners):
    owner, known = signed_in(REDIS, "owner"), ids(partners.redis)
    given = {"verb": "plan", "customer": [str(known["acme"]), str(known["zeta"])]}

    asked = owner.post(BULK, given)
    version = re.search(r'<option value="([0-9a-f-]{36})"', asked.content.decode())[1]
    move = {**given, "version": version, "starts": "2026-11"}
    dry = text(owner.post(BULK, {**move, "step": "try"}))
    with schema.in_partner(partners.redis):
        assert not PlanAssignment.objects.exists()
    done = text(owner.post(BULK, {**move, "step": "do"}, follow=True))
    again = text(owner.post(BULK, {**move, "step": "do"}, follow=True))

    assert "2 customers change their plan." in dry and "$49.00 a month" in dry
    assert "2 customers change their plan." in done and "2 are so already" in again
    with schema.in_partner(partners.redis):
        assert PlanAssignment.objects.count() == 2
    late = text(owner.post(BULK, {**move, "starts": "2026-10", "version": "", "step": "try"}))
    assert "2 customers change their plan." in late  # from October on: they were to move later


@pytest.mark.parametrize(("given", "status"), [
    ({"verb": "sell"}, 400), ({}, 400), ({"verb": "suspend", "customer": "acme"}, 400),
    ({"verb": "suspend"}, 302), ({"verb": "suspend", "which": "all", "only": "due"}, 302),
])  # fmt: skip
def test_nonsense_changes_nothing(partners, given, status):
    assert signed_in(REDIS, "owner").post(BULK, given).status_code == status
    assert set(states(partners.redis).values()) == {"active"}


def test_who_may_not_manage_customers_has_no_way_there(partners):
    finance = signed_in(REDIS, "finance")
    assert finance.post(BULK, {"verb": "suspend", "which": "all"}).status_code == 403
    assert BULK not in finance.get(LIST).content.decode()


def test_more_than_the_limit_is_refused_and_said(partners, monkeypatch):
    monkeypatch.setattr("portal.views.partner_bulk.MOST", 1)
    answer = signed_in(REDIS, "owner").post(BULK, {"verb": "resume", "which": "all"}, follow=True)
    assert "At most 1 customers at a time" in text(answer)


def test_a_filter_finds_one_more_than_asked_for(partners):
    window = parse_range("", NOW)
    with schema.in_partner(partners.redis):
        found = found_ids(partners.redis.pk, window, Filter(), money=True, most=1)
    assert len(found) == 2 and all(isinstance(one, uuid.UUID) for one in found)


def test_an_erased_customer_stays_suspended(partners):
    with schema.in_partner(partners.pinecone):
        row = Customer.objects.get(external_id="zeta")
        Customer.objects.filter(pk=row.pk).update(state="suspended")
        AuditEntry.objects.create(partner_id=partners.pinecone.pk, actor="x", target="zeta",
                                  verb="customer.erased", data={}, at=NOW)  # fmt: skip
    answer = signed_in(PINECONE, "owner").post(
        BULK, {"verb": "resume", "customer": str(row.pk), "step": "do"}, follow=True
    )
    assert "zeta: This customer was erased. It stays suspended." in text(answer)
    assert states(partners.pinecone)["zeta"] == "suspended"


def test_the_head_of_a_table_is_there_to_be_filled_in(partners):
    answer = signed_in(REDIS, "owner").get("/manage/customers/import/template.csv")
    assert answer.content.startswith(b"external_id,name,plan,")
