"""Webhooks by page: made, shown once, tried, rolled, removed; of one partner and one customer."""

import json
import re
from datetime import UTC, datetime

import pytest
from django.conf import settings
from standardwebhooks import Webhook

from cache_api.actions.hooks import deliver
from cache_api.models import Customer, HookDelivery, HookEndpoint
from cache_api.rules.hooks import signing
from tenants import schema
from tenants.models import AuditEntry
from tenants.rules.ids import uuid7
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text
from tests.receiver import receiver

SECRET = re.compile(r"whsec_[0-9A-Za-z+/=]+")
TYPES = ["key.created", "invoice.issued"]


@pytest.fixture
def there():
    with receiver() as one:
        yield one


def make(client, url, path="/manage/webhooks/", **more):
    return client.post(f"{path}new/", {"url": url, "label": "", "types": TYPES, **more})


def only(partner):
    with schema.in_partner(partner):
        return HookEndpoint.objects.get()


def run(partner, database):
    database.login("settle")
    with schema.in_partner(partner):
        sent = deliver.deliver_due(kek=settings.KEK, loopback=True, now=cast.NOW)
    database.login("web")
    return sent


def test_an_endpoint_is_made_tried_and_its_secret_is_shown_once(empty_portal, database, there):
    owner = signed_in(REDIS, "owner")

    answer = make(owner, there.url())

    secret = SECRET.search(answer.content.decode())[0].replace("&#x2B;", "+")
    assert answer["Cache-Control"] == "no-store"
    row = only(empty_portal.redis)
    at = f"/manage/webhooks/{row.id}/"
    assert "On its way" in text(owner.post(f"{at}test/", follow=True))
    assert run(empty_portal.redis, database) == 1
    [(_, headers, body)] = there.got
    assert json.loads(body)["type"] == "webhook.test"
    assert headers["webhook-signature"] == Webhook(secret).sign(
        headers["webhook-id"], cast.NOW, body
    )
    with schema.in_partner(empty_portal.redis):
        delivery = HookDelivery.objects.get()
    pages = [owner.get(one) for one in (at, "/manage/webhooks/", f"{at}{delivery.id}/")]
    assert all("Delivered" in text(one) for one in pages)
    assert headers["webhook-id"] in text(pages[2]) and "204" in text(pages[2])
    assert not any(SECRET.search(one.content.decode()) for one in pages)
    with schema.in_partner(empty_portal.redis):
        assert AuditEntry.objects.filter(verb="webhook.added", target=str(row.id)).count() == 1


def test_an_endpoint_is_changed_disabled_enabled_rolled_and_removed(empty_portal, there):
    owner = signed_in(REDIS, "owner")
    make(owner, there.url())
    row = only(empty_portal.redis)
    at = f"/manage/webhooks/{row.id}/"

    seen = owner.get(f"{at}edit/").context["form"]["seen"].value()
    given = {"url": there.url("/b"), "label": "Books", "types": ["payout.paid"], "seen": seen}
    assert "Saved." in text(owner.post(f"{at}edit/", given, follow=True))
    stale = owner.post(f"{at}edit/", {**given, "label": "Other"})
    assert "Somebody else changed this meanwhile" in text(stale)
    owner.post(f"{at}disable/")
    assert "enable it first" in text(owner.post(f"{at}test/", follow=True))
    assert "Disabled on" in text(owner.get(at))
    owner.post(f"{at}enable/")
    rolled = owner.post(f"{at}roll/", {"overlap": "7d"})
    assert SECRET.search(rolled.content.decode()) and rolled["Cache-Control"] == "no-store"
    assert "rolled already" in text(owner.post(f"{at}roll/", {"overlap": "7d"}, follow=True))

    changed = only(empty_portal.redis)
    assert (changed.url, changed.label, changed.types) == (there.url("/b"), "Books",
                                                           ["payout.paid"])  # fmt: skip
    assert bytes(changed.old_secret) == bytes(row.secret) != bytes(changed.secret)
    owner.post(f"{at}remove/")
    assert owner.get(at).status_code == 404
    assert "No endpoint yet" in text(owner.get("/manage/webhooks/"))


def test_what_belongs_to_another_does_not_exist(empty_portal, there):
    with schema.in_partner(empty_portal.redis):
        other = Customer.objects.create(external_id="other", created_at=cast.NOW)
        cast.User.objects.create_user("else@example.com", role="customer_owner",
                                      customer_id=other.id)  # fmt: skip
    owner, carl = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")
    make(signed_in(PINECONE, "owner"), there.url())
    foreign = only(empty_portal.pinecone)
    make(carl, there.url(), "/webhooks/")
    own = only(empty_portal.redis)
    assert own.customer_id is not None
    other = signed_in(REDIS, "else")

    seen = [(owner, f"/manage/webhooks/{foreign.id}/"), (owner, f"/manage/webhooks/{own.id}/"),
            (carl, f"/webhooks/{foreign.id}/"), (other, f"/webhooks/{own.id}/")]  # fmt: skip
    for client, at in seen:
        assert [client.get(at).status_code, client.get(f"{at}edit/").status_code] == [404, 404]
        for verb in ("roll", "test", "replay", "enable", "disable", "remove"):
            given = {"overlap": "1d", "start": "2026-10-01", "end": "2026-10-05"}
            assert client.post(f"{at}{verb}/", given).status_code == 404
    assert carl.get(f"/webhooks/{own.id}/").status_code == 200
    assert only(empty_portal.pinecone).secret == foreign.secret
    assert str(own.id) not in owner.get("/manage/webhooks/").content.decode()


def test_what_cannot_be_says_why_and_makes_nothing(empty_portal):
    owner, carl = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")
    said = {
        ("url", "http://example.com/"): "begins with https",
        ("url", "https://169.254.169.254/latest/meta-data/"): "no public host name",
        ("url", "https://example.com:6379/"): "Use one of the ports 443, 8443",
        ("url", "x" * 1001): "at most 1000 characters",
        ("types", ()): "Choose at least one event",
        ("types", ("made.up",)): "Select a valid choice",
        ("label", "x" * 81): "at most 80 characters",
    }

    for (name, value), reason in said.items():
        answer = make(owner, **{"url": "https://example.com/", name: value})
        assert reason in text(answer), (name, value)
    answer = make(carl, "https://example.com/", "/webhooks/", types=["payout.paid"])
    assert "Select a valid choice" in text(answer)
    with schema.in_partner(empty_portal.redis):
        assert not HookEndpoint.objects.exists()


def test_loopback_is_refused_where_the_installation_says_so(empty_portal, settings, there):
    settings.WEBHOOK_LOOPBACK = False

    assert "begins with https" in text(make(signed_in(REDIS, "owner"), there.url()))


@pytest.mark.parametrize("query", ["?state=odd", "?type=odd", "?page=0"])
def test_an_odd_address_of_a_list(empty_portal, there, query):
    owner = signed_in(REDIS, "owner")
    make(owner, there.url())

    assert owner.get(f"/manage/webhooks/{only(empty_portal.redis).id}/{query}").status_code in (
        400, 404,
    )  # fmt: skip


def snippets(page):
    found = re.findall(r'<code data-snippet="(\w+)">(.*?)</code>', page, flags=re.S)
    return {name: code.replace("&lt;", "<").replace("&gt;", ">") for name, code in found}


def test_the_snippets_of_the_docs_check_a_signature(empty_portal):
    shown = snippets(signed_in(REDIS, "owner").get("/manage/webhooks/events/").content.decode())
    key, body = signing.new_secret(), '{"type":"webhook.test","data":{}}'
    now = datetime.now(UTC)
    headers = signing.headers(uuid7(), body, [signing.new_secret(), key], now)

    assert sorted(shown) == ["library", "plain"]
    for code in shown.values():
        names = {"secret": signing.secret_text(key), "body": body, "headers": headers}
        exec(code, names)
        assert names["data"] == json.loads(body)
        for bad in ({"body": body + " "}, {"secret": signing.secret_text(signing.new_secret())}):
            with pytest.raises(Exception, match=r"not from us|No matching signature"):
                exec(code, {**names, **bad})
