"""`ask`: loopback only, from memory, closed to strangers, standing when everything else is down."""

import logging
from collections import Counter

import pytest
from django.test import Client

from tenants import ask
from tenants.actions.serve_hosts import publish_hosts
from tenants.gateways.served_hosts import HostsUnavailable, ServedHosts
from tenants.models import Partner

LOCAL = {"HTTP_HOST": "127.0.0.1:8000", "REMOTE_ADDR": "127.0.0.1"}
REDIS, PINECONE = "cache.redis.localhost", "cache.pinecone.localhost"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def store(own_events):
    """The list in a real Valkey."""
    ask.permission.cache_clear()
    yield ServedHosts(own_events)
    ask.permission.cache_clear()


def asked(domain, **headers):
    return Client().get(ask.PATH, {"domain": domain}, **{**LOCAL, **headers}).status_code


def test_served_hosts_of_both_partners_and_the_console_are_allowed(database, partners, store):
    database.login("settle")
    assert publish_hosts(store=store) == 5
    assert publish_hosts(store=store) == 5

    allowed = (REDIS, PINECONE, REDIS.upper(), "pinecone.partners.agentcache.localhost",
               "console.agentcache.localhost")  # fmt: skip
    assert {asked(host) for host in allowed} == {200}
    refused = ("", "cache.shop.com", "localhost", "127.0.0.1", f"x.{REDIS}", "*", "é" * 300, "a\0b")
    assert {asked(host) for host in refused} == {404}


def test_hosts_of_a_closed_partner_are_refused(database, partners, store):
    Partner.objects.filter(pk=partners.redis.pk).update(state="closed")
    publish_hosts(store=store)

    assert (asked(REDIS), asked(PINECONE)) == (404, 200)


def test_it_needs_no_database(database, partners, store, django_db_blocker):
    publish_hosts(store=store)
    with django_db_blocker.block():  # any query would fail the test
        assert (asked(REDIS), asked("cache.shop.com")) == (200, 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_HOST": REDIS},
        {"HTTP_HOST": "localhost.example"},
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.1"},
    ],
)
def test_nobody_from_outside_learns_anything(database, partners, store, headers):
    publish_hosts(store=store)
    database.login("web")

    known, unknown = asked(PINECONE, **headers), asked("cache.shop.com", **headers)

    assert known == unknown and known in (302, 404, 421)


def test_without_a_list_everything_is_refused(store):
    assert asked(REDIS) == 503


def test_the_last_list_stays_when_the_server_is_gone_and_strangers_stay_out():
    clock, answers = Clock(), [frozenset({REDIS})]

    def read():
        if not answers:
            raise HostsUnavailable("away")
        return answers.pop()

    permission = ask.Permission(read, clock)
    assert permission.answer(REDIS) == "allowed"
    for _ in range(5):
        clock.now += 3600.0
        assert (permission.answer(REDIS), permission.answer(PINECONE)) == ("allowed", "unknown")


def test_a_host_verified_a_moment_ago_is_found_and_a_released_one_goes():
    clock, hosts = Clock(), {REDIS}
    permission = ask.Permission(lambda: frozenset(hosts), clock)
    assert permission.answer(PINECONE) == "unknown"
    hosts.add(PINECONE)
    clock.now = 0.6
    assert permission.answer(PINECONE) == "allowed"
    hosts.remove(PINECONE)
    clock.now = 5.7
    assert permission.answer(PINECONE) == "unknown"


def test_scanners_cost_two_reads_a_second_and_sixty_lines_a_minute(caplog):
    clock, reads = Clock(), []
    permission = ask.Permission(lambda: reads.append(1) or frozenset({REDIS}), clock)
    with caplog.at_level(logging.INFO, "tenants.ask"):
        for number in range(1000):
            clock.now = number / 1000
            permission.answer(f"h{number}.shop.com")

    assert len(reads) <= 3
    assert len(caplog.records) == ask.LOG_LINES_A_MINUTE
    assert permission.counts == Counter(unknown=1000)
