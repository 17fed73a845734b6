"""Keys by page: shown once, of one partner and one customer, rotated, revoked."""

import json
import re
import shlex
from html import unescape

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cache_api.models import Customer
from cache_api.queries.requests import TooWide
from tenants import schema
from tenants.models import ApiKey, AuditEntry
from tenants.rules.keys import matches, parse
from tests.billing import world
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

SECRET = re.compile(r"acp_(?:live|test)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}")


def make(client, path="/manage/keys/new/", **fields):
    """The page after the form, and the key on it."""
    answer = client.post(path, {"label": "checkout", "mode": "live", **fields})
    return answer, parse(SECRET.search(answer.content.decode())[0])


def row(partner, key):
    with schema.in_partner(partner):
        return ApiKey.objects.get(id=key.key_id)


def test_a_key_is_shown_once_and_its_hash_is_kept(empty_portal):
    owner = signed_in(REDIS, "owner")

    answer, key = make(owner, customer="new")

    assert answer["Cache-Control"] == "no-store"
    kept = row(empty_portal.redis, key)
    assert matches(key, bytes(kept.secret_sha256))
    assert (kept.livemode, kept.label, kept.customer_external_id) == (True, "checkout", "new")
    listed = owner.get("/manage/keys/").content.decode()
    assert f"acp_live_{key.key_id}…" in listed and "owner@example.com" in listed
    assert not SECRET.search(listed + owner.get(f"/manage/keys/{key.key_id}/").content.decode())
    assert key.key_id not in signed_in(PINECONE, "owner").get("/manage/keys/").content.decode()


def test_a_rotation_leaves_both_working_and_cannot_be_repeated(empty_portal):
    owner = signed_in(REDIS, "owner")
    _, old = make(owner, customer="new")

    answer, key = make(owner, f"/manage/keys/{old.key_id}/rotate/", overlap="1d")
    again = owner.post(f"/manage/keys/{old.key_id}/rotate/", {"overlap": "1d"}, follow=True)

    ends, made = row(empty_portal.redis, old), row(empty_portal.redis, key)
    assert (ends.expires_at - cast.NOW).total_seconds() == 86_400 and ends.revoked_at is None
    assert (made.customer_external_id, made.livemode, made.expires_at) == ("new", True, None)
    assert "The old key" in text(answer) and "ends already; make a new one" in text(again)
    assert "Ends soon" in text(owner.get("/manage/keys/"))
    with schema.in_partner(empty_portal.redis):
        assert ApiKey.objects.count() == 2


def test_a_revoked_key_stays_revoked_and_says_so(empty_portal):
    owner = signed_in(REDIS, "owner")
    _, key = make(owner)

    first = owner.post(f"/manage/keys/{key.key_id}/revoke/", follow=True)
    second = owner.post(f"/manage/keys/{key.key_id}/revoke/", follow=True)

    assert "Revoked. It stops" in text(first) and "It was revoked already" in text(second)
    assert row(empty_portal.redis, key).revoked_at == cast.NOW
    assert "cannot be brought back" in text(owner.get(f"/manage/keys/{key.key_id}/"))
    with schema.in_partner(empty_portal.redis):
        assert AuditEntry.objects.filter(verb="key.revoked", target=key.key_id).count() == 1


def test_a_customer_handles_its_own_keys_only(empty_portal):
    with schema.in_partner(empty_portal.redis):
        Customer.objects.create(external_id="other", name="Other", created_at=cast.NOW)
    owner, carl = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")
    foreign = [make(owner)[1], make(owner, customer="other")[1]]

    _, own = make(carl, "/keys/new/", customer="other")

    assert row(empty_portal.redis, own).customer_external_id == "new"
    listed = carl.get("/keys/").content.decode()
    assert own.key_id in listed and not any(key.key_id in listed for key in foreign)
    for key in foreign:
        assert carl.get(f"/keys/{key.key_id}/").status_code == 404
        assert carl.post(f"/keys/{key.key_id}/revoke/").status_code == 404
        assert carl.post(f"/keys/{key.key_id}/rotate/", {"overlap": "0"}).status_code == 404
        assert row(empty_portal.redis, key).revoked_at is None


def test_another_partners_key_does_not_exist(empty_portal):
    _, key = make(signed_in(PINECONE, "owner"))
    owner = signed_in(REDIS, "owner")

    answers = [owner.get(f"/manage/keys/{key.key_id}/"),
               owner.post(f"/manage/keys/{key.key_id}/revoke/"),
               owner.post(f"/manage/keys/{key.key_id}/rotate/", {"overlap": "0"})]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 3
    assert row(empty_portal.pinecone, key).revoked_at is None


def test_the_list_costs_the_same_at_one_key_and_at_sixty(empty_portal):
    owner = signed_in(REDIS, "owner")
    make(owner)

    def cost():
        owner.get("/manage/keys/")
        with CaptureQueriesContext(connection) as seen:
            owner.get("/manage/keys/")
        return len(seen)

    before = cost()
    with schema.in_partner(empty_portal.redis):
        ApiKey.objects.bulk_create(
            ApiKey(id=f"k{n}", partner_id=empty_portal.redis.id, livemode=True,
                   secret_sha256=b"", created_at=cast.NOW) for n in range(60)
        )  # fmt: skip

    assert cost() == before
    assert "1–50 of 61" in text(owner.get("/manage/keys/"))


def test_the_list_counts_each_keys_requests_of_a_day_or_says_that_they_are_too_many(
    empty_portal, database, monkeypatch
):
    owner, carl = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")
    key, own = make(owner)[1], make(carl, "/keys/new/")[1]
    database.login("owner")
    world.record(
        world.hit(empty_portal.redis, "2026-10-05T10:00", "new", 60, key_id=key.key_id),
        world.hit(empty_portal.redis, "2026-10-05T10:01", "new", 40, key_id=key.key_id,
                  outcome="miss"),
        world.hit(empty_portal.redis, "2026-10-04T10:00", "new", 7, key_id=key.key_id),
        world.hit(empty_portal.redis, "2026-10-05T10:00", "new", 3, key_id=own.key_id),
        world.hit(empty_portal.pinecone, "2026-10-05T10:00", "new", 9, key_id=key.key_id),
        now=cast.NOW,
    )  # fmt: skip
    database.login("web")

    listed, mine = text(owner.get("/manage/keys/")), text(carl.get("/keys/"))
    monkeypatch.setattr("cache_api.queries.key_activity.patiently", too_wide)
    uncounted = text(owner.get("/manage/keys/"))

    assert " 100 60.0 %" in listed and " 3 100.0 %" in listed
    assert " 3 100.0 %" in mine and "60.0 %" not in mine
    assert "60.0 %" not in uncounted and "checkout" in uncounted


def too_wide(_look, _patience_ms):
    raise TooWide


def test_a_key_that_cannot_be_made_says_why(empty_portal):
    owner = signed_in(REDIS, "owner")
    said = {
        ("customer", "nobody"): "You have no customer with this id",
        ("mode", "free"): "Select a valid choice",
        ("label", "x" * 81): "at most 80 characters",
    }

    for (name, value), reason in said.items():
        answer = owner.post("/manage/keys/new/", {"mode": "live", name: value})
        assert reason in text(answer) and not SECRET.search(answer.content.decode())
    with schema.in_partner(empty_portal.redis):
        assert ApiKey.objects.count() == 0


def test_a_partner_role_cannot_change_a_secret_or_anothers_key(empty_portal, database):
    _, key = make(signed_in(PINECONE, "owner"))
    with database.psql("web") as web:
        web.execute(f'set role "{empty_portal.redis.schema_name}"')
        touched = web.execute("update tenants_apikey set revoked_at = now()").rowcount
        for attempt in (
            "update tenants_apikey set secret_sha256 = ''",
            "delete from tenants_apikey",
            "insert into tenants_apikey (id, partner_id, livemode, label, secret_sha256,"
            f" created_at) values ('x', '{empty_portal.pinecone.id}', true, '', '', now())",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(attempt)

    assert touched == 0 and row(empty_portal.pinecone, key).revoked_at is None


def test_what_to_try_with_a_new_key_can_be_copied(empty_portal):
    host = f"{REDIS}:8000"
    facts = {"label": "x", "mode": "test"}
    made = signed_in(REDIS, "owner").post("/manage/keys/new/", facts, HTTP_HOST=host)
    page = made.content.decode()
    secret = SECRET.search(page)[0]

    shown = unescape(re.search(r"<code>(.*?)</code>", page, re.DOTALL)[1])
    store, lookup = [shlex.split(one) for one in shown.replace("\\\n", " ").split("curl ")[1:]]

    assert store[2] == f"http://{host}/api/overflow/store"
    assert lookup[2] == f"http://{host}/api/overflow"
    for words in (store, lookup):
        assert f"Authorization: Bearer {secret}" in words
        assert json.loads(words[-1])["cache_key"] == "hello"
