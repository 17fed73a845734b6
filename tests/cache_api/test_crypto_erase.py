"""A partner's destroyed data key erases its entries and nobody else's; a fresh one takes new ones.

Database rows → the snapshot as it is published → the pipeline, with one cache store throughout.
"""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.utils import ProgrammingError

from cache_api.actions.publish_snapshot import snapshot
from cache_api.hot import memo
from tenants.actions.datakeys import destroy_data_keys
from tenants.actions.keys import create_key
from tenants.models import AuditEntry, DataKey
from tenants.rules import datakeys
from tests.cache_api.cast import NOW
from tests.cache_api.hot.pipeline import KEK, Pipeline, body


@pytest.fixture
def kek(settings):
    settings.KEK = KEK
    return KEK


@pytest.fixture
def api(database, partners, kek):
    """The pipeline over what the database says, and a live key of each partner."""
    pipe = Pipeline()
    pipe.now_ms = int(NOW.timestamp() * 1000)
    texts = []
    for partner in partners:
        DataKey.objects.filter(partner=partner).update(
            wrapped=datakeys.wrap(KEK, datakeys.new_data_key(), partner_id=partner.pk, number=1)
        )
        _, text = create_key(partner_id=partner.pk, livemode=True, actor="test", now=NOW)
        texts.append(text)
    publish(pipe)
    return pipe, *texts


def publish(pipe):
    pipe.facts = {name.encode(): value.encode() for name, value in snapshot(None).items()}
    pipe.now_ms += 5_000


def destroy(partner, **more):
    return destroy_data_keys(partner_id=partner.pk, kek=KEK, actor="kim", now=NOW, **more)


def test_old_entries_are_gone_and_new_ones_can_be_stored(api, partners):
    pipe, mine, theirs = api
    pipe.store(mine, '"old"', cache_key="k")
    (old,) = pipe.cache.values()
    pipe.store(theirs, '"old"', cache_key="k")
    before = set(pipe.cache)
    assert body(pipe.lookup(mine, cache_key="k"))["hit"]

    assert destroy(partners.redis) == 1
    publish(pipe)

    assert body(pipe.lookup(theirs, cache_key="k"))["response"] == "old"
    assert body(pipe.lookup(mine, cache_key="k"))["hit"] is False
    assert body(pipe.store(mine, '"new"', cache_key="k"))["status"] == "stored"
    (new_key,) = set(pipe.cache) - before
    assert body(pipe.lookup(mine, cache_key="k"))["response"] == "new"
    memo.forget_all()
    pipe.cache[new_key] = old  # even in the place where it would be looked for
    assert body(pipe.lookup(mine, cache_key="k"))["hit"] is False


def test_the_key_itself_is_wiped_and_the_deed_written_down(database, partners, kek):
    destroy(partners.redis)

    old, fresh = DataKey.objects.filter(partner=partners.redis).order_by("key_number")
    assert (old.wrapped, old.destroyed_at) == (None, NOW)
    assert (fresh.key_number, fresh.destroyed_at) == (2, None)
    assert datakeys.unwrap(KEK, bytes(fresh.wrapped), partner_id=partners.redis.pk, number=2)
    (entry,) = AuditEntry.objects.filter(verb="datakeys.destroyed")
    assert (entry.partner_id, entry.actor, entry.data) == (
        partners.redis.pk, "kim", {"destroyed": 1, "fresh": 2},
    )  # fmt: skip
    (untouched,) = DataKey.objects.filter(partner=partners.pinecone)
    assert (untouched.key_number, untouched.destroyed_at) == (1, None)
    assert destroy(partners.redis) == 1
    assert DataKey.objects.filter(partner=partners.redis, destroyed_at=None).get().key_number == 3


def test_a_partner_that_leaves_gets_no_fresh_key(api, partners):
    pipe, mine, theirs = api
    pipe.store(mine, cache_key="k")

    assert destroy(partners.redis, renew=False) == 1
    assert destroy(partners.redis, renew=False) == 0
    publish(pipe)

    assert pipe.lookup(mine, cache_key="k").status == 503
    assert pipe.lookup(theirs, cache_key="k").status == 200


def test_the_command_asks_twice(database, partners, kek):
    def run(slug, confirm=""):
        out = io.StringIO()
        call_command("destroy_data_keys", slug, actor="kim", confirm=confirm, stdout=out)
        return out.getvalue()

    for slug, confirm in (("redis-labs", "pinecone"), ("nobody", "nobody")):
        with pytest.raises(CommandError, match="nothing was changed"):
            run(slug, confirm)
    assert run("redis-labs").startswith("1 data keys of redis-labs would be destroyed")
    assert not AuditEntry.objects.filter(verb="datakeys.destroyed").exists()
    assert run("redis-labs", "redis-labs") == "1 data keys of redis-labs destroyed\n"


def test_no_serving_login_can_destroy_a_key(database, partners):
    for login in ("web", "recorder", "settle"):
        database.login(login)
        with pytest.raises(ProgrammingError, match="permission denied"):
            destroy(partners.redis)
