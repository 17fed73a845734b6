"""Keys by command: shown once, of one partner, revoked by their id."""

import pytest
from django.core.management import CommandError, call_command

from tenants.models import ApiKey, AuditEntry
from tenants.rules.keys import matches, parse

ACTOR = "kim@example.com"


@pytest.fixture
def web(database, partners):
    database.login("web")
    return database


def make(capsys, slug="redis-labs", **options):
    call_command("create_key", slug, actor=ACTOR, **options)
    return parse(capsys.readouterr().out.strip())


def test_a_key_is_its_partners_and_only_its_hash_is_kept(web, partners, capsys):
    key = make(capsys, customer="acme", test=True, label="first")
    web.login("owner")

    row = ApiKey.objects.get(id=key.key_id)
    assert (row.partner_id, row.livemode, row.customer_external_id, row.label) == (
        partners.redis.id, False, "acme", "first",
    )  # fmt: skip
    assert matches(key, bytes(row.secret_sha256))
    assert (
        AuditEntry.objects.filter(verb="key.created", actor=ACTOR, target=key.key_id).count() == 1
    )


def test_revoking_twice_changes_it_once(web, capsys):
    key = make(capsys)

    call_command("revoke_key", "redis-labs", key.key_id, actor=ACTOR)
    call_command("revoke_key", "redis-labs", key.key_id, actor=ACTOR)

    assert capsys.readouterr().out.split("\n")[:2] == [
        "revoked", "it was revoked already; nothing changed",
    ]  # fmt: skip
    web.login("owner")
    assert ApiKey.objects.get(id=key.key_id).revoked_at is not None


def test_another_partners_key_or_partner_is_refused(web, capsys):
    key = make(capsys)

    with pytest.raises(CommandError, match=r"pinecone has no key .*nothing was changed"):
        call_command("revoke_key", "pinecone", key.key_id, actor=ACTOR)
    with pytest.raises(CommandError, match="no partner 'nobody'; nothing was made"):
        call_command("create_key", "nobody", actor=ACTOR)

    web.login("owner")
    assert ApiKey.objects.get(id=key.key_id).revoked_at is None
