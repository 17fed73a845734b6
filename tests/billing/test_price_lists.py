"""New prices take two people, start on a full hour and never reach into an issued month."""

import uuid
from datetime import timedelta

import psycopg
import pytest

from billing.actions.decide_request import approve_request
from billing.actions.errors import TermsInTheWay
from billing.actions.price_lists import ask_prices
from billing.models import FinanceRequest, RateCard, RateCardVersion
from billing.queries.exception_queue import exceptions
from billing.queries.price_lists import price_lists, waiting_prices
from billing.rules.errors import BadMoney, BadPeriod, BadTerms, SamePerson, WrongState
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.world import NOW, breaches, documents, hit, record, settle

ASK = {"code": "retail", "actor": PREPARER, "now": NOW}
FIRST = "cached: cached_requests 0.002\nserved: gb_served 0.02\nlookups 0\nstores 0"
DEARER = FIRST.replace("0.002", "0.004")


def test_new_prices_hold_from_their_hour_on(database, world):
    """Redis' acme: 500 requests before the 16th at 0.002, 500 after it at 0.004, beside 50,005."""
    database.login("owner")
    asked = [ask_prices(lines=DEARER, valid_from=utc("2026-09-16"), **ASK) for _ in range(2)]
    assert asked[0] == asked[1] and waiting_prices() == asked[:1]
    assert ("prices", "") in [one.target for one in exceptions(NOW)]
    with pytest.raises(SamePerson):
        approve_request(request_id=asked[0].id, actor=PREPARER, now=NOW)
    assert RateCardVersion.objects.count() == 1
    for _ in range(2):
        approve_request(request_id=asked[0].id, actor=APPROVER, now=NOW)
    [row] = price_lists(utc("2026-09-20"))
    assert [(one.state, one.version.published_by) for one in row.versions] == [
        ("in_force", PREPARER), ("replaced", PREPARER),
    ]  # fmt: skip
    assert row.lines == DEARER and price_lists(NOW - timedelta(days=30))[0].versions[0].state == (
        "later"
    )
    record(hit(world.redis, "2026-09-15T23:59", "new", 500), hit(world.redis, "2026-09-16", "new",
                                                                 500))  # fmt: skip
    database.login("settle")

    settle()

    assert ("customer_invoice", "new", 3_00) in documents(world.redis)
    assert breaches() == []
    database.login("owner")
    with pytest.raises(TermsInTheWay, match="2026-09 is issued already"):
        ask_prices(lines=FIRST, valid_from=utc("2026-09-20"), **ASK)


ADD_VERSION = """
update billing_ratecardversion set valid_to = '2027-01-01Z';
insert into billing_ratecardversion (id, partner_id, card_id, number, valid_from, valid_to,
    published_by, published_at, unchecked)
select '{version}', partner_id, card_id, number + 1, '2027-01-01Z', null, published_by,
    published_at, {unchecked} from billing_ratecardversion;
"""
ADD_PRICES = """
insert into billing_rate (id, partner_id, version_id, position, key, meter, mode, price, definition)
select gen_random_uuid(), partner_id, '{version}', position, key, meter, mode, 0.001,
    jsonb_set(definition, '{{unit_price}}', '"0.001"') from billing_rate;
"""
ADD_PRICE = """
insert into billing_rate (id, partner_id, version_id, position, key, meter, mode, price, definition)
select gen_random_uuid(), partner_id, version_id, 9, 'more', meter, mode, price,
    jsonb_set(definition, '{{key}}', '"more"') from billing_rate where key = 'cached';
"""


def test_the_database_lets_no_price_in_that_two_people_have_not_approved(database, world):
    """As the owner, and as the web's login in the console's role."""
    database.login("owner")
    asked = ask_prices(lines=DEARER, valid_from=utc("2027-01-01"), **ASK)
    FinanceRequest.objects.filter(pk=asked.id).update(approved_by=APPROVER, decided_at=NOW)
    for login, role in (("owner", ""), ("web", "set role ac_console;")):
        for sql, version, unchecked in (
            (ADD_PRICE, "", ""),  # one more in the list that is in force
            (ADD_VERSION, uuid.uuid4(), "false"),  # what nobody asked for
            (ADD_VERSION, uuid.uuid4(), "true"),  # the same, as if it were older than this check
            (ADD_VERSION + ADD_PRICES, asked.id, "false"),  # what was approved, at other prices
            (ADD_VERSION, asked.id, "false"),  # and without its prices
        ):
            written = sql.format(version=version, unchecked=unchecked)
            with (database.psql(login) as past,
                  pytest.raises(psycopg.errors.CheckViolation, match="of retail v")):  # fmt: skip
                past.execute(f"begin; {role} {written} commit")
    assert breaches() == [] and RateCardVersion.objects.count() == 1


def test_prices_asked_for_before_they_were_compared_are_asked_for_again(database, world):
    database.login("owner")
    asked = ask_prices(lines=DEARER, valid_from=utc("2026-11-01"), **ASK)
    old = {name: value for name, value in asked.facts.items() if name != "rates"}
    waiting = FinanceRequest.objects.create(kind="prices", facts=old, asked_by=PREPARER,
                                            asked_at=NOW)  # fmt: skip
    with pytest.raises(WrongState, match="ask for them again"):
        approve_request(request_id=waiting.id, actor=APPROVER, now=NOW)
    assert RateCardVersion.objects.count() == 1


def test_a_new_list_is_made_and_what_is_none_is_refused(database, world):
    database.login("owner")
    new = {**ASK, "code": "cost", "name": "Cost", "audience": "internal",
           "valid_from": utc("2026-10-01")}  # fmt: skip
    approve_request(request_id=ask_prices(lines="lookups 0.0001", **new).id, actor=APPROVER,
                    now=NOW)  # fmt: skip
    assert RateCard.objects.get(code="cost").audience == "internal"
    start = {**ASK, "valid_from": utc("2026-11-01")}
    for given, error in (
        ({**start, "lines": FIRST}, BadTerms),  # the same prices
        ({**start, "lines": "wishes 1"}, BadTerms),
        ({**start, "lines": DEARER, "valid_from": utc("2026-11-01T00:30")}, BadPeriod),
        ({**new, "code": "other", "name": "", "lines": "stores 1"}, BadTerms),
        ({**new, "code": "other", "currency": "XXX", "lines": "stores 1"}, BadMoney),
        ({**new, "code": "other", "audience": "partner", "lines": "stores 1"}, BadTerms),
        ({**start, "lines": "stores 1\ntoo: stores 2"}, BadTerms),
    ):
        with pytest.raises(error):
            ask_prices(**given)
