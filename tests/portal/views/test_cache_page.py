"""`/cache/`: hits by kind and what was said of them; a purge goes through the API's own verb."""

import json
import os
import uuid

import pytest
import time_machine
from django.test import Client

from cache_api.gateways import blocking, config
from cache_api.models import Customer
from cache_api.rules.corrections import said
from tenants import resolve, schema
from tenants.accounts.models import User
from tenants.models import AuditEntry
from tests.billing import world
from tests.cache_api.doors import CHAT
from tests.cache_api.valkeys import PATIENT_MS, Valkeys
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text

PAGE, PURGE = "/cache/", "/cache/purge/"
PEOPLE = ("customer_owner", "customer_developer", "customer_billing", "customer_viewer")


@pytest.fixture(scope="module")
def judged(django_db_blocker, tmp_path_factory):
    """Acme's hits, some reported, at both partners; zeta at Redis has none. A real door answers."""
    valkeys = Valkeys(tmp_path_factory.mktemp("valkeys"))
    resolve.forget()
    with fresh_database(django_db_blocker) as database, pytest.MonkeyPatch.context() as patch:
        partners = two_partners()
        for partner in partners:
            for name in ("acme", "zeta"):
                world.customer(partner, name, name=name.title())
            with schema.in_partner(partner):
                ids = dict(Customer.objects.values_list("external_id", "id"))
            for role in PEOPLE:
                cast.person(partner, role, ids["acme"])
            with schema.in_partner(partner):
                User.objects.create_user("zeta@example.com", None, role="customer_owner",
                                              customer_id=ids["zeta"])  # fmt: skip
            report(partner)
        database.login("web")
        for name, value in {
            "CACHE_URL": valkeys.cache.url(), "EVENTS_URL": valkeys.events.url(),
            "KEK_FILE": str(valkeys.kek_file), "DATA_DIR": str(tmp_path_factory.mktemp("data")),
            "TIER_URL": "off", "STORE_DEADLINE_MS": str(PATIENT_MS),
        }.items():  # fmt: skip
            patch.setenv(name, value)
        known = valkeys.cast()
        keys = {host: known.open(partner.slug, hosts=[host], partner_id=partner.pk)
                for partner, host in zip(partners, (REDIS, PINECONE), strict=True)}  # fmt: skip
        service = blocking.BlockingService(config.load())
        service.start()
        patch.setattr(blocking, "_service", (os.getpid(), service))
        yield keys
        service.stop()
    valkeys.stop()
    resolve.forget()


def report(partner):
    """Ten exact and four semantic hits of acme; three of them wrong, one unused."""
    hits = [world.hit(partner, f"2026-10-04T08:{n:02}", "acme") for n in range(10)]
    hits += [world.hit(partner, f"2026-10-04T09:{n:02}", "acme", outcome="semantic_hit")
             for n in range(4)]  # fmt: skip
    world.record(*hits, now=NOW)
    told = [(0, False), (10, False), (11, False), (12, True)]
    world.record(*(
        world.hit(partner, f"2026-10-04T10:{n:02}", "acme", kind="feedback", outcome="unmatched",
                  reason=said(hits[n].event_id, unused=unused))
        for n, unused in told
    ), now=NOW)  # fmt: skip


def audited():
    """What Redis's audit log holds of purges, the newest first."""
    with schema.in_partner(resolve.resolve_host(REDIS)):
        return list(AuditEntry.objects.filter(verb="cache.purged").order_by("-at", "-id"))


def kinds(host, role):
    with time_machine.travel(NOW, tick=False):
        view = signed_in(host, role).get(f"{PAGE}?range=7d").context["view"]
    return [(one.kind, one.answered, one.wrong, one.unused) for one in view.kinds]


def test_hits_stand_as_they_were_answered_with_what_was_said_of_them(judged):
    for host in (REDIS, PINECONE):
        assert kinds(host, "customer_owner") == [("exact", 10, 1, 0), ("semantic", 4, 2, 1)]
    assert kinds(REDIS, "zeta") == [("exact", 0, 0, 0), ("semantic", 0, 0, 0)]


def test_who_has_no_hit_reads_what_the_page_will_show_and_may_purge_all_the_same(judged):
    page = signed_in(REDIS, "zeta").get(PAGE)
    assert "No hit in this time" in text(page) and f'action="{PURGE}"' in page.content.decode()


@pytest.mark.parametrize(("role", "status"), [
    ("customer_owner", 200), ("customer_developer", 200), ("customer_billing", 403),
    ("customer_viewer", 403),
])  # fmt: skip
def test_who_may(judged, role, status):
    client = signed_in(REDIS, role)
    assert client.get(PAGE).status_code == client.get(PURGE).status_code == status
    if status == 403:
        assert client.post(PURGE, {"what": "all", "mode": "live"}).status_code == 403


def call(host, path, key, **members):
    answer = Client(HTTP_HOST=host).post(
        f"/api/overflow{path}", json.dumps(members), content_type="application/json",
        headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    return answer.status_code, json.loads(answer.content)


def store(keys):
    """One answer of each kind; how each is looked up again: {name: (host, key, place)}."""
    mine, theirs, word = keys[REDIS], keys[PINECONE], uuid.uuid4().hex
    places = {
        "faq": (REDIS, mine.live, {"customer_id": "acme"}, ["faq"]),
        "plain": (REDIS, mine.live, {"customer_id": "acme"}, []),
        "valued": (REDIS, mine.live, {"customer_id": "acme"}, {"team": "search"}),
        "test": (REDIS, mine.test, {"customer_id": "acme"}, ["faq"]),
        "zeta": (REDIS, mine.live, {"customer_id": "zeta"}, ["faq"]),
        "theirs": (PINECONE, theirs.live, {"customer_id": "acme"}, ["faq"]),
    }
    asked = {}
    for name, (host, key, place, tags) in places.items():
        request = {**CHAT, "messages": [{"role": "user", "content": f"{word} {name}"}]}
        asked[name] = (host, key, {**place, "original_request": request})
        status, _ = call(host, "/store", key, **asked[name][2], tags=tags, response={"a": name})
        assert status == 201
    return asked


def found(asked):
    return {name for name, (host, key, members) in asked.items()
            if call(host, "", key, **members)[1]["hit"]}  # fmt: skip


@pytest.mark.parametrize(("given", "gone"), [
    ({"what": "tag", "tag": "faq", "mode": "live"}, {"faq"}),
    ({"what": "tag", "tag": "team=search", "mode": "live"}, {"valued"}),
    ({"what": "tag", "tag": "faq", "mode": "test"}, {"test"}),
    ({"what": "all", "tag": "faq", "mode": "live"}, {"faq", "plain", "valued"}),
])  # fmt: skip
def test_a_confirmed_purge_takes_what_it_names_of_the_own_customer_and_is_audited(
    judged, given, gone
):
    asked, client = store(judged), signed_in(REDIS, "customer_developer")
    before = len(audited())
    assert "Nothing has changed yet" in text(client.get(PURGE, given))
    assert found(asked) == set(asked)

    for _ in range(2):  # once more changes nothing
        done = client.post(PURGE, given, follow=True)
        assert done.redirect_chain == [(PAGE, 302)] and "Purged." in text(done)

    assert found(asked) == set(asked) - gone
    rows = audited()
    assert len(rows) == before + 2
    assert (rows[0].actor, rows[0].target) == ("customer_developer@example.com", "acme")
    assert rows[0].data["livemode"] is (given["mode"] == "live")
    assert ("all" in rows[0].data) is (given["what"] == "all")


NOTHING = (
    {}, {"what": "tag", "tag": "", "mode": "live"}, {"what": "tag", "tag": "=x", "mode": "live"},
    {"what": "tag", "tag": "x" * 65, "mode": "live"},
    {"what": "tag", "tag": "a\nb", "mode": "live"}, {"what": "tag", "tag": "\0", "mode": "live"},
    {"what": "some", "tag": "faq", "mode": "live"}, {"what": "all", "mode": "both"},
)  # fmt: skip


def test_what_names_nothing_purges_nothing(judged):
    asked, client, before = store(judged), signed_in(REDIS, "customer_owner"), len(audited())

    for given in NOTHING:
        for answer in (client.get(PURGE, given), client.post(PURGE, given)):
            assert answer.status_code == 200 and "could not be saved" in text(answer), given

    assert found(asked) == set(asked) and len(audited()) == before


def test_a_store_that_is_away_purges_nothing_and_says_so(judged, monkeypatch, tmp_path):
    """Whoever is told of a purge can rely on it; here nothing listens."""
    for name in ("CACHE_URL", "EVENTS_URL"):
        monkeypatch.setenv(name, "redis://127.0.0.1:1/0")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    service = blocking.BlockingService(config.load())
    monkeypatch.setattr(blocking, "_service", (os.getpid(), service))
    before = len(audited())

    given = {"what": "all", "mode": "live"}
    answer = signed_in(REDIS, "customer_owner").post(PURGE, given)

    assert answer.status_code == 200 and "could not be saved" in text(answer)
    assert len(audited()) == before


def test_the_partner_sees_all_customers_one_of_them_and_purges_after_a_second_word(judged):
    """Acme reported three wrong and one unused; the page of one customer has its similarity."""
    page, purge = "/manage/cache/", "/manage/cache/purge/"
    for host in (REDIS, PINECONE):
        resolve.forget()
        with schema.in_partner(resolve.resolve_host(host)):
            for role in ("owner", "support"):
                User.objects.get_or_create(email=f"staff_{role}@example.com",
                                           defaults={"role": role})  # fmt: skip
    with time_machine.travel(NOW, tick=False):
        client = signed_in(REDIS, "staff_owner")
        every = client.get(f"{page}?range=7d")
        one = client.get(f"{page}?range=7d&customer=acme")
        assert client.get(f"{page}?customer=nobody").status_code == 404
    counts = [(r.customer.external_id, r.wrong_exact, r.wrong_semantic, r.unused)
              for r in every.context["reported"]]  # fmt: skip
    assert counts == [("acme", 1, 2, 1)]
    assert (every.context["view"].answered, one.context["similarity"].is_known) == (14, True)
    assert signed_in(REDIS, "staff_support").get(page).status_code == 403

    client = signed_in(REDIS, "staff_owner")  # a session of today
    asked, given = store(judged), {"customer": "acme", "what": "tag", "tag": "faq", "mode": "live"}
    assert "no customer with this id" in text(client.post(purge, {**given, "customer": "nobody"}))
    assert "Nothing has changed yet" in text(client.get(purge, given))
    assert found(asked) == set(asked)
    assert "Purged." in text(client.post(purge, given, follow=True))
    assert found(asked) == set(asked) - {"faq"}
