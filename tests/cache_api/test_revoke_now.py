"""A key in wrong hands: stopped in every region first, without PostgreSQL if need be."""

import io
from datetime import timedelta

import pytest
import redis
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from cache_api.actions.publish_snapshot import publish_snapshot
from cache_api.actions.record_events import record_events
from cache_api.gateways import servers
from cache_api.gateways.servers import Region
from cache_api.gateways.snapshots import SnapshotStore
from tenants.actions.keys import create_key
from tenants.models import ApiKey, AuditEntry
from tests.cache_api.cast import event
from tests.conftest import own_valkey


@pytest.fixture
def home(database, partners, settings, monkeypatch):
    """The home region's server and its keys; a second region is away."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    url = own_valkey("EVENTS_URL")
    client = redis.Redis.from_url(url)
    regions = [Region("eu", "", url), Region("us", "", "redis://127.0.0.1:1/0")]
    monkeypatch.setattr(servers, "regions", lambda: tuple(regions))
    made = [create_key(partner_id=one.pk, livemode=True, actor="kim", now=timezone.now())[0].id
            for one in partners]  # fmt: skip
    database.login("recorder")
    now = timezone.now()
    mine = [event(partners.redis, now - timedelta(hours=1), key_id=made[0], quantity=3),
            event(partners.redis, now - timedelta(hours=2), key_id=made[0], outcome="miss"),
            event(partners.redis, now - timedelta(hours=25), key_id=made[0], customer="old"),
            event(partners.pinecone, now, key_id=made[1], customer="theirs")]  # fmt: skip
    record_events(events=mine, source="test", now=now)
    publish_snapshot(store=SnapshotStore(url))
    database.login("web")
    yield client, *made, url
    client.close()
    client.close()


def stop(key_id, slug="redis-labs"):
    out, err = io.StringIO(), io.StringIO()
    call_command("revoke_key", slug, key_id, actor="kim", emergency=True, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_is_stopped_told_and_written_down_once(home, database):
    client, mine, theirs, url = home

    out, err = stop(mine)
    again, _ = stop(mine)

    assert "eu: stopped" in out and "us: snapshot not readable" in out and "Repeat" in err
    assert "4 requests were recorded in the last 24 hours" in out
    assert "By outcome: hit 3, miss 1." in out and "By customer: acme 4." in out
    assert "old" not in out and "theirs" not in out
    assert "1 people were mailed" in out and "revoked already" in again
    (letter,) = mail.outbox
    assert letter.to == ["owner@redis.example"] and mine in letter.subject
    assert "4 requests" in letter.body and "Redis Edge Cache" in letter.body
    database.login("recorder")
    publish_snapshot(store=SnapshotStore(url))
    assert client.exists(f"snap:tombstone:{mine}") and not client.exists(f"snap:tombstone:{theirs}")
    database.login("owner")
    assert AuditEntry.objects.filter(verb="key.revoked", target=mine).count() == 1
    assert dict(ApiKey.objects.filter(id__in=[mine, theirs]).values_list("id", "revoked_at"))[
        theirs
    ] is None  # fmt: skip


def test_without_postgres_it_is_stopped_and_the_rest_is_made_good_later(home, monkeypatch):
    client, mine, _, _ = home
    port = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = "1"

    with pytest.raises(CommandError, match="is stopped, but PostgreSQL does not know it"):
        stop(mine)
    assert client.exists(f"snap:tombstone:{mine}") and mail.outbox == []

    connection.close()
    connection.settings_dict["PORT"] = port
    assert "\nrevoked\n" in stop(mine)[0] and len(mail.outbox) == 1


@pytest.mark.parametrize("slug", ["pinecone", "nobody"])
def test_another_partners_key_is_not_touched(home, slug):
    client, mine, _, _ = home

    for key_id in (mine, "nosuchkey000"):
        with pytest.raises(CommandError, match="nothing was written"):
            stop(key_id, slug)

    assert client.keys("snap:tombstone:*") == []
    assert mail.outbox == []
