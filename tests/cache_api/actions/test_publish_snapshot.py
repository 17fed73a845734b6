"""What the edge may know of partners and keys, and how soon it learns of a change."""

import json
from datetime import timedelta

import pytest
import redis

from cache_api.actions.announce_customer import announce_customer
from cache_api.actions.entitle import entitle, set_quota
from cache_api.actions.publish_snapshot import SnapshotPublisher, publish_snapshot
from cache_api.gateways.snapshots import MARKER, SnapshotStore
from cache_api.gateways.stream import EventsUnavailable
from cache_api.hot import facts
from tenants import schema
from tests.cache_api.cast import NOW, sql
from tests.conftest import own_valkey


@pytest.fixture
def valkey(database, partners):
    """An events Valkey of this test's own, and the recorder's login."""
    url = own_valkey("EVENTS_URL")
    client = redis.Redis.from_url(url)
    database.login("recorder")
    yield client, SnapshotStore(url)
    client.close()


def add_key(database, partner, key_id, **members):
    row = {"customer_external_id": None, "expires_at": None, "revoked_at": None, **members}
    sql(database, "INSERT INTO tenants_apikey (id, partner_id, customer_external_id, livemode,"
                  " label, secret_sha256, created_at, expires_at, revoked_at) VALUES (%s, %s, %s,"
                  " true, '', %s, now(), %s, %s)", key_id, partner.pk, row["customer_external_id"],
        b"\x01" * 32, row["expires_at"], row["revoked_at"])  # fmt: skip


def add_customer(database, partner, name, state):
    text = "VALUES (gen_random_uuid(), %s, '', %s, '', '{}', now())"
    sql(database, f"INSERT INTO {partner.schema_name}.cache_api_customer {text}", name, state)


def read(client, key):
    raw = client.get(key)
    return json.loads(raw) if raw is not None else None


def test_partners_hosts_and_keys_are_written_as_the_doors_read_them(valkey, database, partners):
    client, store = valkey
    add_key(database, partners.redis, "key1", customer_external_id="acme", expires_at=NOW)
    add_key(database, partners.pinecone, "key2")
    for name, state in (("acme", "active"), ("late", "suspended")):
        add_customer(database, partners.redis, name, state)
    publish_snapshot(store=store)
    mine = read(client, f"snap:partner:{partners.redis.pk}")
    assert mine["slug"] == "redis-labs"
    assert (mine["state"], mine["unknown_customer_policy"]) == ("active", "auto")
    assert mine["customers_suspended"] == ["late"]
    assert "customers" not in mine
    assert [one["n"] for one in mine["data_keys"]] == [1]
    assert "cache.redis.localhost" in mine["hosts"]
    theirs = read(client, f"snap:partner:{partners.pinecone.pk}")
    assert theirs["customers_suspended"] == []
    assert theirs["data_keys"] != mine["data_keys"]
    assert read(client, "snap:host:cache.redis.localhost") == {"partner_id": str(partners.redis.pk)}
    assert read(client, "snap:key:key1") == {
        "key_id": "key1", "partner_id": str(partners.redis.pk), "customer": "acme",
        "livemode": True, "secret_sha256": "01" * 32, "expires_at": NOW.isoformat(),
        "revoked": False,
    }  # fmt: skip
    assert read(client, "snap:key:key2")["customer"] is None


def test_only_addresses_that_a_key_may_travel_to_are_published(valkey, database, partners):
    client, store = valkey
    good = {"openai": "https://api.openai.com/v1"}
    given = {**good, "groq": "http://api.groq.com/openai/v1", "mistral": 7}
    sql(
        database,
        "INSERT INTO tenants_entitlement (partner_id, name, value, updated_at)"
        " VALUES (%s, 'upstreams', %s, now())",
        partners.redis.pk, json.dumps(given),
    )  # fmt: skip

    publish_snapshot(store=store)

    name = f"snap:partner:{partners.redis.pk}"
    assert facts.parse(name.encode(), client.get(name)).upstreams == good
    theirs = f"snap:partner:{partners.pinecone.pk}"
    assert facts.parse(theirs.encode(), client.get(theirs)).upstreams == {}


def test_a_strict_partner_lists_its_confirmed_customers(valkey, database, partners):
    client, store = valkey
    sql(database, "UPDATE tenants_partner SET unknown_customer_policy = 'strict'"
                  " WHERE slug = 'pinecone'")  # fmt: skip
    for name, state in (("a", "active"), ("s", "suspended"), ("u", "unconfirmed")):
        add_customer(database, partners.pinecone, name, state)
    publish_snapshot(store=store, partner_ids=[partners.pinecone.pk])
    found = read(client, f"snap:partner:{partners.pinecone.pk}")
    assert (found["customers"], found["customers_suspended"]) == (["a", "s"], ["s"])
    assert client.get(f"snap:partner:{partners.redis.pk}") is None


def test_the_publisher_writes_changes_within_a_second_and_nothing_else(valkey, database, partners):
    client, store = valkey
    add_key(database, partners.redis, "key1")
    publisher = SnapshotPublisher(store)
    assert publisher.publish_if_due(now=NOW) >= 5
    assert publisher.publish_if_due(now=NOW + timedelta(milliseconds=500)) == 0
    assert publisher.publish_if_due(now=NOW + timedelta(seconds=1)) == 0
    sql(database, "UPDATE tenants_apikey SET revoked_at = now() WHERE id = 'key1'")
    sql(database, "UPDATE tenants_partner SET state = 'suspended' WHERE slug = 'pinecone'")
    assert publisher.publish_if_due(now=NOW + timedelta(seconds=2)) == 3
    assert read(client, "snap:key:key1")["revoked"] is True
    assert client.get("snap:tombstone:key1")
    assert read(client, f"snap:partner:{partners.pinecone.pk}")["state"] == "suspended"


def test_a_released_host_disappears(valkey, database, partners):
    client, store = valkey
    publisher = SnapshotPublisher(store)
    publisher.publish_if_due(now=NOW)
    sql(database, "DELETE FROM tenants_domain WHERE domain = 'cache.pinecone.localhost'")
    publisher.publish_if_due(now=NOW + timedelta(seconds=1))
    assert client.get("snap:host:cache.pinecone.localhost") is None
    assert client.get("snap:host:cache.redis.localhost")


def test_an_emptied_server_gets_everything_again(valkey, database, partners):
    client, store = valkey
    publisher = SnapshotPublisher(store)
    written = publisher.publish_if_due(now=NOW)
    client.flushdb()
    assert publisher.publish_if_due(now=NOW + timedelta(seconds=1)) == written
    assert client.exists(MARKER)


def test_a_server_that_is_away_is_said_so():
    away = SnapshotStore("redis://127.0.0.1:1/0")
    for call in (away.is_complete, lambda: away.write({"a": "b"}), lambda: away.remove(["a"])):
        with pytest.raises(EventsUnavailable, match="snapshot not"):
            call()


def test_limits_brand_and_quotas_travel_along(valkey, database, partners):
    client, store = valkey
    mine = partners.redis
    database.login("owner")
    brand = {
        "header_prefix": "Redis-Cache", "cache_name": "RedisOverflow", "key_prefix": "rcp",
        "problem_base": "https://cache.redis.example/problems/",
    }  # fmt: skip
    for name, value in (("limits", {"key_rps": 5}), ("brand_api", brand)):
        entitle(partner_id=mine.pk, name=name, value=value, actor="op@x.example", now=NOW)
    with schema.in_partner(mine):
        for customer in ("acme", "free"):
            announce_customer(
                partner_id=mine.pk, external_id=customer, name="", actor="op", now=NOW
            )
        set_quota(
            partner_id=mine.pk, external_id="acme", quota={"day": 7}, actor="op", now=NOW
        )  # fmt: skip
    database.login("recorder")

    publish_snapshot(store=store)

    told = read(client, f"snap:partner:{mine.pk}")
    assert told["limits"] == {"key_rps": 5, "key_burst": 5}
    assert told["brand_api"] == brand
    assert told["quotas"] == {"acme": {"day": 7, "hard": False}}
    host = read(client, "snap:host:cache.redis.localhost")
    assert host == {"partner_id": str(mine.pk), "brand_api": brand}
    theirs = read(client, f"snap:partner:{partners.pinecone.pk}")
    assert {"limits", "brand_api", "quotas"}.isdisjoint(theirs)
    raw = client.get(f"snap:partner:{mine.pk}")
    fact = facts.parse(f"snap:partner:{mine.pk}".encode(), raw)
    assert (fact.limits.key_burst, fact.quotas["acme"].day) == (5, 7)
    assert fact.look.problem_base == brand["problem_base"]
