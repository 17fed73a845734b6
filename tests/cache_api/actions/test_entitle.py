"""Granting limits, a brand and quotas: checked, audited, and once."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cache_api.actions.announce_customer import announce_customer
from cache_api.actions.entitle import UnknownCustomer, entitle, set_quota
from cache_api.models import Customer
from cache_api.rules.entitlements import BadEntitlement
from tenants import schema
from tenants.actions.keys import create_key
from tenants.models import AuditEntry, Entitlement
from tests.cache_api.cast import NOW

BRAND = {
    "header_prefix": "Redis-Cache", "cache_name": "RedisOverflow",
    "problem_base": "https://cache.redis.example/problems/", "key_prefix": "rcp",
}  # fmt: skip
ME = "op@agentcache.example"


def granted(partner):
    return dict(Entitlement.objects.filter(partner_id=partner.pk).values_list("name", "value"))


def verbs():
    rows = AuditEntry.objects.filter(actor=ME).exclude(verb="customer.announced")
    return list(rows.values_list("verb", "target"))


def test_a_grant_replaces_the_one_before_it(partners):
    before = granted(partners.pinecone)
    for limits in ({"key_rps": 5}, {"concurrency": 3}):
        entitle(partner_id=partners.redis.pk, name="limits", value=limits, actor=ME, now=NOW)

    assert granted(partners.redis)["limits"] == {"concurrency": 3}
    assert granted(partners.pinecone) == before
    assert verbs() == [("partner.entitled", "limits")] * 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limits", {"key_rps": 0}),
        ("brand_api", {}),
        ("hide_powered_by", {"granted": "yes"}),
        ("partner_share_bps", 9000),
    ],
)
def test_what_makes_no_sense_or_is_not_ours_to_grant_changes_nothing(partners, name, value):
    before, audited = granted(partners.redis), verbs()

    with pytest.raises(BadEntitlement):
        entitle(partner_id=partners.redis.pk, name=name, value=value, actor=ME, now=NOW)

    assert (granted(partners.redis), verbs()) == (before, audited)


def test_a_quota_is_set_once_and_taken_back(partners):
    mine = {"partner_id": partners.redis.pk, "external_id": "acme", "actor": ME, "now": NOW}
    with schema.in_partner(partners.redis):
        announce_customer(name="Acme", **mine)

        assert set_quota(quota={"day": 5}, **mine) is True
        assert set_quota(quota={"day": 5}, **mine) is False
        assert Customer.objects.get().quota == {"day": 5, "hard": False}
        assert set_quota(quota=None, **mine) is True
        assert Customer.objects.get().quota is None
        with pytest.raises(BadEntitlement):
            set_quota(quota={"day": -1}, **mine)
        with pytest.raises(UnknownCustomer, match="nobody"):
            set_quota(quota=None, **{**mine, "external_id": "nobody"})
    with schema.in_partner(partners.pinecone):
        assert not Customer.objects.exists()
        with pytest.raises(UnknownCustomer):
            set_quota(quota={"day": 5}, **mine)
    assert verbs() == [("customer.quota", "acme")] * 2


def test_a_key_bears_the_partners_own_prefix(partners):
    entitle(partner_id=partners.redis.pk, name="brand_api", value=BRAND, actor=ME, now=NOW)

    texts = {
        partner.slug: create_key(partner_id=partner.pk, livemode=True, actor=ME, now=NOW)[1]
        for partner in partners
    }

    assert texts["redis-labs"].startswith("rcp_live_")
    assert texts["pinecone"].startswith("acp_live_")


def test_the_commands_say_what_they_did(partners, capsys):
    with schema.in_partner(partners.redis):
        announce_customer(
            partner_id=partners.redis.pk, external_id="acme", name="", actor=ME, now=NOW
        )
    who = ["--as", ME]

    call_command("entitle", "redis-labs", "limits", '{"key_rps": 5}', *who)
    for _ in range(2):
        call_command("set_quota", "redis-labs", "acme", '{"day": 5}', *who)
    call_command("set_quota", "redis-labs", "acme", "null", *who)

    assert capsys.readouterr().out.splitlines() == [
        "granted", "set", "it was so already; nothing changed", "set",
    ]  # fmt: skip
    assert granted(partners.redis)["limits"]["key_burst"] == 5


@pytest.mark.parametrize(
    ("model", "said"),
    [("none", "EMBEDDER=none"), ("tests.cache_api.gateways.models:Failing", "ready")],
)
def test_who_turns_semantic_matching_on_hears_whether_the_model_is_there(
    partners, capsys, monkeypatch, model, said
):
    pytest.importorskip("numpy", reason="semantic extra absent")
    monkeypatch.setenv("EMBEDDER", model)

    call_command("entitle", "redis-labs", "semantic", '{"threshold": 0.95}', "--as", ME)

    first, second = capsys.readouterr().out.splitlines()
    assert first == "granted"
    assert second.startswith("the model on this machine: ") and said in second
    assert granted(partners.redis)["semantic"]["threshold"] == 0.95


@pytest.mark.parametrize(
    "arguments",
    [("entitle", "nobody", "limits", "{}"), ("entitle", "redis-labs", "limits", "{"),
     ("entitle", "redis-labs", "limits", json.dumps({"rps": 1})),
     ("set_quota", "nobody", "acme", "null"), ("set_quota", "redis-labs", "acme", "null"),
     ("set_quota", "redis-labs", "acme", "x")],
)  # fmt: skip
def test_the_commands_refuse_in_plain_words(partners, arguments):
    with pytest.raises(CommandError, match=r"no partner|nothing was changed"):
        call_command(*arguments, "--as", ME)
