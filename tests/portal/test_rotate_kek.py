"""The platform key is changed while everything runs: nothing that was sealed is lost."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.actions.payout_details import ask_payout_details
from billing.models import PayoutDetails
from billing.rules.sealing import CannotOpen, unseal
from cache_api.actions.hooks import endpoints
from cache_api.actions.publish_snapshot import snapshot
from cache_api.models import HookEndpoint
from tenants import schema
from tenants.accounts.models import Connection
from tenants.actions import sso
from tenants.actions.keys import create_key
from tenants.models import AuditEntry, DataKey
from tenants.rules import datakeys, sealing
from tests.cache_api.cast import NOW
from tests.cache_api.hot.pipeline import KEK as OLD
from tests.cache_api.hot.pipeline import Pipeline, body

NEW = b"N" * 32
BOTH = NEW.hex().encode() + b"\n" + OLD.hex().encode() + b"\n"
SECRET, IBAN = b"s" * 32, "DE89370400440532013000"


@pytest.fixture
def sealed(database, partners, settings):
    """Each partner has an entry in the cache, a webhook secret and bank details, by the old key."""
    settings.KEK = OLD
    pipe, keys = Pipeline(), []
    pipe.now_ms = int(NOW.timestamp() * 1000)
    for partner in partners:
        DataKey.objects.filter(partner=partner).update(
            wrapped=datakeys.wrap(OLD, datakeys.new_data_key(), partner_id=partner.pk, number=1)
        )
        keys.append(create_key(partner_id=partner.pk, livemode=True, actor="kim", now=NOW)[1])
        with schema.in_partner(partner):
            row = HookEndpoint(url="https://h.example", types=[], created_by="x", created_at=NOW)
            row.secret = row.old_secret = datakeys.wrap(OLD, SECRET, partner_id=row.id, number=0)
            row.save()
            idp = Connection(kind="oidc", name="IdP", idp={}, created_by="x", created_at=NOW)
            idp.secret = sealing.seal(OLD, "client", idp.id, sso.PURPOSE)
            idp.save()
        ask_payout_details(
            partner_id=partner.pk, kind="bank", holder=partner.name, account=IBAN, bic="",
            kek=OLD, actor="owner@x.example", now=timezone.now(),
        )  # fmt: skip
    publish(pipe)
    for number, key in enumerate(keys):
        pipe.store(key, f'"{number}"', cache_key="k")
    return pipe, keys


def publish(pipe):
    pipe.facts = {name.encode(): value.encode() for name, value in snapshot(None).items()}
    pipe.now_ms += 5_000


def rotate():
    out = io.StringIO()
    call_command("rotate_kek", actor="kim", stdout=out)
    return out.getvalue()


def wrapped():
    return [
        bytes(raw) for raw in DataKey.objects.order_by("partner").values_list("wrapped", flat=True)
    ]


def test_keys_secrets_and_entries_open_before_during_and_after(sealed, partners, settings):
    pipe, keys = sealed
    settings.KEK = BOTH
    pipe.snapshot.kek = datakeys.parse_kek(BOTH)
    assert [body(pipe.lookup(key, cache_key="k"))["response"] for key in keys] == ["0", "1"]

    first, kept = rotate(), wrapped()
    again = rotate()

    new, old = datakeys.kek_id(NEW).hex(), datakeys.kek_id(OLD).hex()
    assert f"under {new}: 2 data keys and 6 secrets wrapped anew" in first
    assert f"2 payout details are sealed by {old}: keep its line" in first
    assert f"under {new}: 0 data keys and 0 secrets" in again and wrapped() == kept
    assert AuditEntry.objects.filter(verb="datakeys.rewrapped", actor="kim").count() == 1
    for details in PayoutDetails.objects.all():
        kek = datakeys.parse_kek(BOTH)
        assert unseal(kek, bytes(details.sealed), details.partner_id) == IBAN
        with pytest.raises(CannotOpen):
            unseal(NEW, bytes(details.sealed), details.partner_id)
    settings.KEK = NEW  # the old line is taken out
    pipe.snapshot.kek = NEW
    publish(pipe)
    assert [body(pipe.lookup(key, cache_key="k"))["response"] for key in keys] == ["0", "1"]
    for partner in partners:
        with schema.in_partner(partner):
            row = HookEndpoint.objects.get()
            row.old_secret_until = timezone.now() + timedelta(hours=1)
            assert endpoints.secrets_of(row, NEW, timezone.now()) == [SECRET, SECRET]
            idp = Connection.objects.get()
            opened = sealing.unseal(NEW, bytes(idp.secret), idp.id, sso.PURPOSE)
            assert opened == "client"


def test_a_file_without_the_old_key_changes_nothing_and_says_why(sealed, settings):
    before = wrapped()
    settings.KEK = NEW.hex().encode()

    with pytest.raises(CommandError, match="wrapped by another platform key"):
        rotate()

    assert wrapped() == before
