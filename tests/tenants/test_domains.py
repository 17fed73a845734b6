"""A host from the first wish to the last visitor: claims, checks, takeovers, release. Real DNS."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from tenants import queries, resolve, schema
from tenants.accounts.models import User
from tenants.actions import domain_checks, domains
from tenants.actions.domain_notices import tell_partners
from tenants.models import AuditEntry, Domain, DomainClaim, DomainProbe
from tenants.rules.custom_hosts import HostRefused, custom_host
from tenants.rules.domain_states import CertSeen
from tests.tenants.domain_world import HOST, NOW, OURS, World


@pytest.fixture
def world(database, partners, dns_zone):
    resolve.forget()
    yield World(database, partners, *dns_zone)
    resolve.forget()


def test_from_a_wish_to_a_served_host_and_back(world):
    redis = world.partners.redis
    claim = world.claim(redis)
    assert (world.check(claim).routing, world.owner_of()) == ("pending", None)

    world.set_records(claim)
    found = world.check(claim)

    assert (found.routing, found.cert, world.owner_of()) == ("verified", "allowed", "redis-labs")
    assert world.owner_of("cache.redis.localhost") == "redis-labs"
    before = world.check(claim)
    again = world.check(claim)
    assert (again.routing, again.verified_at) == (before.routing, before.verified_at)
    assert Domain.objects.filter(domain=HOST).count() == 1
    assert [p.verdict for p in queries.domain_probes(claim.pk)] == ["passed"] * 3 + ["failed"]

    assert world.do(domains.release, claim, actor="ann") is True
    assert world.do(domains.release, claim, actor="ann") is False
    assert world.owner_of() is None
    world.database.login("owner")
    verbs = AuditEntry.objects.filter(target=HOST).order_by("at", "id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "domain.claimed", "domain.verified", "domain.released"
    ]  # fmt: skip


def test_a_second_claim_gets_the_partners_target_and_a_fresh_token(world):
    first, second = world.live(world.partners.redis), None
    world.do(domains.release, first, actor="ann")

    second = world.claim(world.partners.redis)
    world.set_records(first)
    found = world.check(second)

    assert second.target == first.target and second.token != first.token
    assert found.routing == "pending"  # the old token proves nothing
    world.set_records(second)
    assert world.check(second).routing == "verified"


def test_a_released_name_is_not_the_next_ones_without_its_own_proof(world):
    old = world.live(world.partners.redis)
    world.do(domains.release, old, actor="ann")
    new = world.claim(world.partners.pinecone)

    assert new.target != old.target
    assert world.check(new).routing == "pending" and world.owner_of() is None
    world.set_records(new)
    assert world.check(new).routing == "verified" and world.owner_of() == "pinecone"


def test_a_name_that_is_served_stays_its_owners_until_dns_says_otherwise(world):
    """Pinecone proves the name and leads it to itself: Redis is asked again and gives way."""
    held = world.live(world.partners.redis)
    taker = world.claim(world.partners.pinecone)
    world.set_records(taker, held, target_of=taker)

    assert world.check(taker).routing == "pending" and world.owner_of() == "redis-labs"
    world.database.login("settle")
    assert queries.last_probe(taker.pk, "dns").seen["held"] is True
    assert DomainClaim.objects.get(pk=held.pk).contested is True

    assert world.check(held).routing == "warning"
    assert world.check(held).routing == "moved" and world.owner_of() is None
    assert world.check(taker).routing == "verified" and world.owner_of() == "pinecone"


def test_both_proofs_at_once_leave_the_name_where_it_is(world):
    held = world.live(world.partners.redis)
    taker = world.claim(world.partners.pinecone)
    world.set_records(held, taker)
    del world.zone.records[HOST, "CNAME"]
    world.zone.set(HOST, "A", OURS)

    assert world.check(taker).routing == "pending"
    assert world.check(held).routing == "verified" and world.owner_of() == "redis-labs"


def test_a_host_that_a_partner_was_opened_with_can_never_be_taken(world):
    taker = world.claim(world.partners.pinecone, "cache.redis.com")
    world.database.login("owner")
    Domain.objects.filter(domain="cache.redis.localhost").update(domain="cache.redis.com")
    world.set_records(taker)

    assert world.check(taker).routing == "pending"
    assert world.owner_of("cache.redis.com") == "redis-labs"


def test_silence_of_dns_takes_nobody_off_the_air(world):
    claim = world.live(world.partners.redis)
    world.zone.set(custom_host(HOST).challenge, "TXT", "SERVFAIL")
    world.zone.set(HOST, "CNAME", "SERVFAIL")

    for _ in range(12):
        found = world.check(claim)

    assert (found.routing, found.failures) == ("verified", 0)


def test_ten_failures_move_a_host_and_the_fallback_leads_again(world, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    world.database.login("owner")
    with schema.in_partner(world.partners.redis):
        User.objects.create_user("admin@redis.example", None, role="admin")
        User.objects.create_user("dev@redis.example", None, role="developer")
    claim = world.live(world.partners.redis)
    assert world.do(domains.make_primary, claim, actor="ann") is True
    assert world.do(domains.make_primary, claim, actor="ann") is False
    mail.outbox = []
    told = []
    world.zone.set(HOST, "CNAME", "elsewhere.example.net.")
    for _ in range(10):
        found = world.check(claim)
        told.append(tell_partners(now=NOW))

    assert found.routing == "moved" and world.owner_of() is None
    assert told == [1, *[0] * 8, 1]
    people = {"admin@redis.example", "owner@redis.example"}
    assert {m.to[0] for m in mail.outbox[:2]} == people
    assert {m.subject for m in mail.outbox} == {
        f"{HOST}: DNS records have changed", f"{HOST} is served no more"
    }  # fmt: skip
    assert "redis-labs.partners." in mail.outbox[-1].body
    hosts = {h.domain: h.is_primary for h in queries.hosts_of(world.partners.redis.id)}
    assert [host for host, leads in hosts.items() if leads] == [
        "redis-labs.partners.agentcache.localhost"
    ]


def test_the_old_host_leads_to_the_new_one_for_thirty_days(world, client):
    import time_machine

    claim = world.live(world.partners.redis)
    now = timezone.now()
    world.do(domains.make_primary, claim, now=now, actor="ann")
    resolve.forget()
    old = {"HTTP_HOST": "cache.redis.localhost:8000"}

    answer = client.post("/accounts/login/?next=/usage/", **old)

    assert (answer.status_code, answer["Location"]) == (
        308, f"http://{HOST}:8000/accounts/login/?next=/usage/",
    )  # fmt: skip
    assert client.get("/api/v1/metrics", **old).status_code == 401
    fallback = {"HTTP_HOST": "redis-labs.partners.agentcache.localhost"}
    assert client.get("/accounts/login/", **fallback).status_code == 200
    assert client.get("/accounts/login/", HTTP_HOST=HOST).status_code == 200
    with time_machine.travel(now + timedelta(days=30, minutes=1)):
        resolve.forget()
        assert client.get("/accounts/login/", **old).status_code == 200


def test_a_host_without_a_certificate_does_not_lead_where_there_is_https(world, settings):
    settings.HTTPS = True
    claim = world.live(world.partners.redis)
    with pytest.raises(domains.DomainRefused, match="not_live"):
        world.do(domains.make_primary, claim, actor="ann")

    ends = NOW + timedelta(days=80)
    world.tls = lambda host, target: CertSeen("served", "R3", NOW - timedelta(days=10), ends)
    found = world.check(claim)

    assert (found.cert, found.cert_issuer, found.cert_not_after) == ("active", "R3", ends)
    assert world.do(domains.make_primary, claim, actor="ann") is True
    world.tls = lambda host, target: CertSeen("expired", detail="certificate has expired")
    assert world.check(claim).cert == "error"


@pytest.mark.parametrize("text", ["cache.redis.localhost", "10.0.0.1", "co.uk"])
def test_names_nobody_may_bring_leave_no_row(world, text):
    with pytest.raises(HostRefused):
        world.claim(world.partners.redis, text)
    world.database.login("owner")
    assert not DomainClaim.objects.exists()


def test_the_same_name_twice_and_too_many_are_refused(world):
    world.claim(world.partners.redis)
    with pytest.raises(domains.DomainRefused, match="yours_already"):
        world.claim(world.partners.redis)
    for number in range(domains.MOST_OPEN - 1):
        world.claim(world.partners.redis, f"c{number}.shop.com")
    with pytest.raises(domains.DomainRefused, match="too_many"):
        world.claim(world.partners.redis, "one-more.shop.com")
    world.claim(world.partners.pinecone)


def test_one_partner_cannot_touch_the_others_claim(world):
    claim = world.live(world.partners.redis)
    theirs = world.partners.pinecone
    world.database.login("web")
    with schema.in_partner(theirs):
        for verb, more in ((domains.ask_check, {}), (domains.release, {"actor": "eve"}),
                           (domains.make_primary, {"actor": "eve"})):  # fmt: skip
            for partner_id in (theirs.id, claim.partner_id):
                with pytest.raises(domains.DomainRefused, match="unknown"):
                    verb(partner_id=partner_id, claim_id=claim.pk, now=NOW, **more)
    assert world.owner_of() == "redis-labs"


def test_the_sweep_queues_what_is_due_once_and_ends_what_nobody_proved(world, monkeypatch):
    queued = []
    monkeypatch.setattr(domain_checks, "enqueue_on_commit",
                        lambda name, **kwargs: queued.append(kwargs["claim_id"]))  # fmt: skip
    mine, theirs = world.claim(world.partners.redis), world.claim(world.partners.pinecone)
    world.database.login("settle")

    assert domain_checks.sweep_claims(now=NOW) == 2
    assert domain_checks.sweep_claims(now=NOW) == 0
    assert sorted(queued) == sorted(str(row.pk) for row in (mine, theirs))

    later = NOW + timedelta(days=30, minutes=1)
    domain_checks.sweep_claims(now=later)
    assert set(DomainClaim.objects.values_list("routing", flat=True)) == {"released"}
    assert not DomainProbe.objects.exists()
