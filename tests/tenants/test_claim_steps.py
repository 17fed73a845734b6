"""The database holds the same steps as the rules, one owner a host, and probes as written."""

import uuid

import psycopg
import pytest
from django.utils import timezone

from tenants.models import DomainClaim, DomainProbe
from tenants.rules.domain_states import CERT_STEPS, ROUTING_STEPS, Cert, Routing

INSERT = (
    "insert into tenants_domainclaim (id, partner_id, host, target, token, routing, cert, failures,"
    " tries, cert_tries, contested, cert_issuer, cert_detail, told, share_number, created_by,"
    " created_at) values (%s, %s, %s, %s, 't', 'draft', 'none', 0, 0, 0, false, '', '', '', 0, 'x',"
    " now())"
)


def claim(boss, partner, host="cache.shop.com", target="one"):
    row = uuid.uuid4()
    boss.execute(INSERT, [row, partner.id, host, target])
    return row


def put(boss, row, routing, cert="none"):
    """Into any state, past the guard: for the test of the next step."""
    boss.execute("set session_replication_role = replica")
    boss.execute(
        "update tenants_domainclaim set routing = %s, cert = %s where id = %s", [routing, cert, row]
    )
    boss.execute("set session_replication_role = default")


def may(boss, row, column, value):
    try:
        boss.execute(f"update tenants_domainclaim set {column} = %s where id = %s", [value, row])
    except psycopg.errors.CheckViolation:
        return False
    return True


def test_every_step_of_both_machines_is_as_the_rules_say(database, partners):
    with database.psql() as boss:
        row = claim(boss, partners.redis)
        steps, cert_steps = set(), set()
        for before in Routing:
            for after in Routing:
                put(boss, row, before)
                if before != after and may(boss, row, "routing", after):
                    steps.add((before, after))
        for before in Cert:
            for after in Cert:
                put(boss, row, "verified", before)
                if before != after and may(boss, row, "cert", after):
                    cert_steps.add((before, after))

    assert steps == ROUTING_STEPS
    assert cert_steps == CERT_STEPS


def test_leaving_service_takes_the_certificate_along(database, partners):
    with database.psql() as boss:
        row = claim(boss, partners.redis)
        put(boss, row, "warning", "active")
        boss.execute("update tenants_domainclaim set routing = 'moved' where id = %s", [row])
        found = boss.execute("select cert from tenants_domainclaim").fetchall()

    assert found == [("none",)]


def test_one_owner_per_host_and_many_who_ask(database, partners):
    with database.psql() as boss:
        mine, theirs = claim(boss, partners.redis), claim(boss, partners.pinecone, target="two")
        put(boss, mine, "verified")
        with pytest.raises(psycopg.errors.UniqueViolation, match="one_owner_per_host"):
            put(boss, theirs, "warning")
        boss.execute("set session_replication_role = default")
        with pytest.raises(psycopg.errors.UniqueViolation, match="one_open_claim_per_host"):
            claim(boss, partners.redis)
        put(boss, mine, "released")
        put(boss, theirs, "verified")


def test_a_target_is_one_partners(database, partners):
    with database.psql() as boss:
        claim(boss, partners.redis, target="same")
        claim(boss, partners.redis, host="other.shop.com", target="same")
        with pytest.raises(psycopg.errors.ExclusionViolation, match="target_of_one_partner"):
            claim(boss, partners.pinecone, target="same")


def test_a_claim_keeps_its_token_and_probes_stay(database, partners):
    with database.psql() as boss:
        row = claim(boss, partners.redis)
    DomainProbe.objects.create(claim_id=row, partner_id=partners.redis.id, at=timezone.now(),
                               kind="dns", seen={}, verdict="passed", routing="pending",
                               cert="none")  # fmt: skip
    with database.psql("owner") as owner:
        for statement in (
            "update tenants_domainclaim set token = 'other'",
            "update tenants_domainclaim set host = 'other.shop.com'",
            "update tenants_domainprobe set verdict = 'passed'",
            "delete from tenants_domainprobe",
            "truncate tenants_domainprobe",
        ):
            with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.RaiseException)):
                owner.execute(statement)
    assert DomainClaim.objects.get().token == "t"


@pytest.fixture
def as_redis(database, partners):
    """Redis Labs' role, with a claim of each partner."""
    with database.psql() as boss:
        for partner in partners:
            claim(boss, partner, target=partner.slug)
    with database.psql("web") as connection:
        connection.execute(f'set role "{partners.redis.schema_name}"')
        yield connection


def test_a_partner_sees_and_changes_its_own_claims_only(as_redis, partners):
    found = as_redis.execute("select target from tenants_domainclaim").fetchall()
    changed = as_redis.execute("update tenants_domainclaim set routing = 'pending'").rowcount
    gone = as_redis.execute("delete from tenants_domain").rowcount

    assert (found, changed, gone) == ([("redis-labs",)], 1, 0)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_redis.execute(INSERT, [uuid.uuid4(), partners.pinecone.id, "x.shop.com", "x"])


@pytest.mark.parametrize(
    "statement",
    [
        "update tenants_domainclaim set routing = 'verified' where routing = 'pending'",
        "update tenants_domainclaim set cert = 'allowed'",
        "update tenants_domainclaim set verified_at = now()",
        "insert into tenants_domain (domain, tenant_id, is_primary) select 'x.com', id, false"
        " from tenants_partner",
        "insert into tenants_domainprobe (id) values (gen_random_uuid())",
        "update tenants_domain set domain = 'x.com'",
        "delete from tenants_domainclaim",
    ],
)
def test_what_dns_says_is_not_the_partners_to_write(as_redis, statement):
    as_redis.execute("update tenants_domainclaim set routing = 'pending'")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_redis.execute(statement)
