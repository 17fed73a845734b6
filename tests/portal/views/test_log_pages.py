"""The request log: own requests only, narrowed in the address, by keyset, never a text."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cache_api.queries import requests
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

LIVE = "/manage/logs/?range=7d"


def rows(answer):
    """(outcome, customer) of each row shown, from what the page was given."""
    return [(row.outcome, row.customer) for row in answer.context["rows"]]


def test_a_partner_sees_its_requests_and_a_customer_its_own(portal):
    owner, carl = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")

    mine = rows(owner.get("/manage/logs/?range=30d"))
    own = rows(carl.get("/logs/?range=30d"))

    assert mine == [("hit", "acme"), ("hit", "zeta"), ("miss", "acme"), ("hit", "acme")]
    assert own == [("hit", "acme"), ("miss", "acme"), ("hit", "acme")]
    assert rows(signed_in(PINECONE, "owner").get("/manage/logs/?range=30d")) == [("hit", "acme")]
    assert rows(carl.get("/logs/?range=30d&customer=zeta")) == own


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("outcome=miss", 1), ("outcome=hit", 3), ("customer=zeta", 1), ("model=gpt-4o", 1),
        ("model=gpt-4o-mini&customer=acme", 3), ("mode=test", 0), ("mode=live", 4),
        ("kind=store", 0), ("key_id=nothing", 0),
    ],
)  # fmt: skip
def test_a_filter_leaves_what_has_the_value(portal, query, left):
    answer = signed_in(REDIS, "owner").get(f"/manage/logs/?range=30d&{query}")

    assert len(rows(answer)) == left
    if not left:
        assert "Nothing matches" in text(answer)


def test_a_row_shows_all_that_is_recorded_and_the_other_partners_is_not_there(portal):
    owner = signed_in(REDIS, "owner")
    first = owner.get(LIVE).context["rows"][0]

    page = text(owner.get(f"/manage/logs/{first.event_id}/"))

    assert str(first.event_id) in page and "gpt-4o-mini" in page and "0.9 ms" in page
    for stranger in (PINECONE,):
        assert (
            signed_in(stranger, "owner").get(f"/manage/logs/{first.event_id}/").status_code == 404
        )
    zeta = owner.get("/manage/logs/?range=30d&customer=zeta").context["rows"][0]
    assert signed_in(REDIS, "customer_owner").get(f"/logs/{zeta.event_id}/").status_code == 404


def test_pages_follow_one_another_without_a_gap(portal, monkeypatch):
    monkeypatch.setattr("portal.views.logs.PAGE_SIZE", 3)
    owner = signed_in(REDIS, "owner")

    first = owner.get("/manage/logs/?range=30d")
    last = first.context["last"]
    second = owner.get(f"/manage/logs/?range=30d&before={last}")

    assert f"before={last}" in first.content.decode()
    assert rows(first) + rows(second) == rows(owner.get("/manage/logs/?range=30d")) + rows(second)
    assert len(rows(first)) == 3 and len(rows(second)) == 1 and second.context["last"] is None


def test_one_look_at_the_events(portal):
    owner = signed_in(REDIS, "owner")
    with CaptureQueriesContext(connection) as seen:
        owner.get("/manage/logs/?range=30d")

    asked = [one["sql"] for one in seen if "usage_event" in one["sql"]]
    assert len(asked) == 1 and "LIMIT 51" in asked[0]


def test_a_search_that_takes_too_long_is_told(portal, monkeypatch):
    monkeypatch.setattr(requests, "PATIENCE_MS", 1)
    slow = "(select pg_sleep(0.5) is not null)"
    real = requests.UsageEvent.objects.filter

    def slowed(**more):
        return real(**more).extra(where=[slow])

    monkeypatch.setattr(requests.UsageEvent.objects, "filter", slowed)

    assert "That took too long" in text(signed_in(REDIS, "owner").get("/manage/logs/?range=30d"))


def test_nothing_yet_teaches_the_first_request(empty_portal):
    page = text(signed_in(REDIS, "owner").get("/manage/logs/"))

    assert "No request yet" in page and "cache.redis.localhost/api/overflow" in page


@pytest.mark.parametrize("query", ["range=9y", "before=x", "mode=odd", "model=%00", "model=a%0ab"])
def test_an_address_that_makes_no_sense_is_refused(portal, query):
    assert signed_in(REDIS, "owner").get(f"/manage/logs/?{query}").status_code == 400


def test_an_id_that_is_nobodys(portal):
    assert signed_in(REDIS, "owner").get(f"/manage/logs/{uuid.uuid4()}/").status_code == 404
