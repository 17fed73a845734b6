"""A partner leaves: in order, whole, proved by a receipt; the other one is not touched."""

import io
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command

from billing.actions import offboard as module
from billing.actions.offboard import CannotLeave, offboard_partner, receipt_problems
from billing.actions.terminate import approve_termination, ask_termination
from billing.models import Agreement, Document
from billing.queries.leaving import hindrances
from billing.rules.archive import archive_problems
from cache_api.actions.publish_snapshot import snapshot
from cache_api.models import Customer, HookEndpoint
from tenants import resolve, schema
from tenants.accounts.models import User
from tenants.actions.keys import create_key
from tenants.models import ApiKey, AuditEntry, DataKey, Domain, Partner
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.world import NOW, breaches, documents, fingerprint, issue, review

LEAVES, KEK = utc("2026-10-01"), b"k" * 32


@pytest.fixture
def leaving(world, database):
    """Both partners have a key and a webhook; September is in review."""
    database.login("owner")
    redis, _ = world
    for partner in world:
        create_key(partner_id=partner.pk, livemode=True, actor="kim", now=NOW)
        with schema.in_partner(partner):
            HookEndpoint.objects.create(url="https://hook.example", types=[], secret=b"s",
                                        created_by="x", created_at=NOW)  # fmt: skip
    agreement = Agreement.objects.get(partner_id=redis.pk)
    database.login("settle")
    review()
    return world, agreement


def terminate(agreement):
    given = {"agreement_id": agreement.id, "now": NOW}
    ask_termination(ends_at=LEAVES, reason="they go", actor=PREPARER, **given)
    approve_termination(approved_by=APPROVER, **given)


def leave(partner, folder):
    return offboard_partner(partner_id=partner.pk, folder=folder, kek=KEK, actor="kim", now=NOW)


def of_schema(database, partner):
    """Every row of one partner's schema, and its own rows in the shared tables."""
    with database.psql() as boss:
        tables = boss.execute(
            "select format('%%I.%%I', n.nspname, c.relname), n.nspname = 'public' from pg_class c"
            " join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and (n.nspname ="
            " %s or (n.nspname = 'public' and exists (select 1 from pg_attribute a where"
            " a.attrelid = c.oid and a.attname in ('partner_id', 'tenant_id')))) order by 1",
            (partner.schema_name,),
        ).fetchall()
        return {
            name: sorted(map(str, boss.execute(
                f"select to_jsonb(t) from {name} t" + (
                    " where coalesce(to_jsonb(t)->>'partner_id', to_jsonb(t)->>'tenant_id')"
                    f" = '{partner.pk}'" if is_shared else ""
                )
            ).fetchall()))
            for name, is_shared in tables
        }  # fmt: skip


def command(*arguments, **options):
    out = io.StringIO()
    call_command("offboard_partner", *arguments, stdout=out, **options)
    return out.getvalue()


def test_what_comes_first_is_named_and_nothing_changes_before(leaving, database, tmp_path):
    (redis, pinecone), agreement = leaving
    database.login("owner")
    assert hindrances(redis.pk, NOW) == [
        f"Agreement {agreement.code} is in force or to come: terminate it, and wait."
    ]
    database.login("settle")
    issue()
    database.login("owner")
    terminate(agreement)
    early = utc("2026-09-30")
    assert len(hindrances(redis.pk, early)) == len(hindrances(pinecone.pk, NOW)) == 1
    assert hindrances(redis.pk, NOW) == []
    assert "pinecone cannot leave yet" in command("pinecone")
    before = of_schema(database, pinecone)

    for slug, confirm, message in (
        ("pinecone", "pinecone", "Nothing was changed:\nAgreement"),
        ("redis-labs", "pinecone", "--confirm must repeat"),
        ("nobody", "nobody", "no partner"),
    ):
        with pytest.raises(CommandError, match=message):
            command(slug, folder=tmp_path, actor="kim", confirm=confirm)

    assert of_schema(database, pinecone) == before and list(tmp_path.iterdir()) == []
    assert {one.state for one in Partner.objects.all()} == {"active"}


def test_it_leaves_whole_once_and_alone(leaving, database, tmp_path, monkeypatch):
    (redis, pinecone), agreement = leaving
    issue()
    database.login("owner")
    terminate(agreement)
    for partner in (redis, pinecone):  # what no issued paper says
        with schema.in_partner(partner):
            Customer.objects.update(billing={"legal_name": "Marker of acme"})
    other, books = of_schema(database, pinecone), fingerprint(database)
    mine = of_schema(database, redis)
    (tmp_path / "redis-labs.zip").write_bytes(b"damaged")
    with pytest.raises(CannotLeave, match="move it away"):
        leave(redis, tmp_path)
    assert of_schema(database, redis) == mine
    (tmp_path / "redis-labs.zip").unlink()
    with monkeypatch.context() as broken:
        broken.setattr(module, "erase_customers", boom)
        with pytest.raises(RuntimeError, match="power"):
            leave(redis, tmp_path)

    made = leave(redis, tmp_path)
    receipt, archive = made.receipt.read_bytes(), made.archive.read_bytes()

    assert leave(redis, tmp_path) == made and made.receipt.read_bytes() == receipt
    assert "has left" in command("redis-labs", folder=tmp_path, actor="kim", confirm="redis-labs")
    assert "as they were signed" in command("redis-labs", folder=tmp_path, verify=True)
    assert AuditEntry.objects.filter(verb="partner.offboarded").count() == 1
    assert of_schema(database, pinecone) == other and fingerprint(database) == books
    require_gone(redis, pinecone, database)
    require_taken_along(redis, receipt, archive)
    database.login("settle")
    assert breaches() == []


def boom():
    raise RuntimeError("the power went")


def require_gone(redis, pinecone, database):
    """No host, no key, no data key, no person, no name of a customer; billed usage stands."""
    resolve.forget()
    with pytest.raises(resolve.UnknownHost):
        resolve.resolve_host("cache.redis.localhost")
    assert resolve.resolve_host("cache.pinecone.localhost").slug == "pinecone"
    assert not ApiKey.objects.filter(partner=redis, revoked_at=None).exists()
    assert not DataKey.objects.filter(partner=redis, wrapped__isnull=False).exists()
    facts = snapshot(None)
    mine = json.loads(facts[f"snap:partner:{redis.pk}"])
    assert (mine["state"], mine["data_keys"], mine["hosts"]) == ("closed", [], [])
    assert Domain.objects.exclude(tenant=pinecone).count() == 0
    left = str(of_schema(database, redis))
    for marker in ("owner@redis.example", "Marker of acme", "hook.example"):
        assert marker not in left
    with schema.in_partner(redis):
        assert not any(one.is_active or one.has_usable_password() for one in User.objects.all())
    assert len(documents(redis)) > 0


def require_taken_along(redis, receipt, archive):
    """The archive holds what was theirs, and the receipt is for it and nothing else."""
    assert archive_problems(archive) == [] and receipt_problems(receipt, archive) == []
    with zipfile.ZipFile(io.BytesIO(archive)) as bundle:
        people = bundle.read("people.csv").decode()
        papers = [name for name in bundle.namelist() if name.startswith("documents/")]
    assert "owner@redis.example" in people and b"owner@redis.example" not in receipt
    assert len(papers) == Document.objects.filter(partner_id=redis.pk).count()
    told = json.loads(receipt)
    assert told["erased"]["api_keys_revoked"] == told["erased"]["data_keys_destroyed"] == 1
    assert told["kept"]["documents"] == len(papers) and told["kept"]["usage_events"] == 2
    for changed in (receipt.replace(b'"slug":"redis-labs"', b'"slug":"pinecone"'), b"{}", b"x"):
        assert receipt_problems(changed, archive)
    assert receipt_problems(receipt, archive + b" ")
