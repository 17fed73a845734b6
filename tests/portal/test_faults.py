"""What each part of the service does while another one is down, or silent: the matrix, live.

An edge and a web process on servers of their own. Behind a proxy each, every dependency is cut
off, then made silent; lookup, store, purge, usage and pages are tried meanwhile, on both doors.
The table of docs/operating.md names these cells.
"""

import base64
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

import pytest
import redis
from allauth.mfa.totp.internal import auth as totp
from django.template.loader import render_to_string
from django.utils import timezone

from billing.actions.payout_details import ask_payout_details
from portal import env
from portal.celery import app
from portal.servers import identity, leash, ports
from portal.views import files
from tenants import schema
from tenants.accounts.models import User
from tenants.actions.domains import claim_host
from tenants.actions.serve_hosts import publish_hosts
from tenants.gateways.served_hosts import ServedHosts
from tests import faults
from tests.asking import Kept, Load
from tests.cache_api import doors
from tests.cache_api.test_contract import fresh
from tests.cache_api.valkeys import Valkeys
from tests.conftest import Database, fresh_database, two_partners
from tests.faults import Wire
from tests.patience import PROMPT_S, wait_for
from tests.plugin import ROOT
from tests.portal import canaries
from tests.portal.readable import of_mail
from tests.portal.views.cast import PINECONE, REDIS, signed_in

TROUBLES = {"down": "refuse", "slow": "hold"}
# What pages and requests wait for anything. An answer on a busy machine is no late one.
PAGE_DEADLINE_MS, STORE_DEADLINE_MS = 2_000, 1_000
KEK = b"K" * 32
PURGE = "/api/overflow/purge", {"tag": "nothing has it", "namespace": "elsewhere"}
BANNERS = {
    "answers": "Cached answers are impaired.",
    "metering": "Usage is recorded late: figures here are not complete yet.",
    "settlement": "Jobs wait: documents, mails and checks come later.",
}
PRODUCTS = {REDIS: "Redis Edge Cache", PINECONE: "Pinecone Edge Cache"}


@dataclass(frozen=True)
class Expected:
    """What is answered while one dependency is away."""

    hit: bool = True
    store: tuple[int, ...] = (200, 201)
    purge: int = 202
    page: int = 200


MATRIX = {
    "cache": Expected(hit=False, store=(503,), purge=503),
    "events": Expected(purge=503),
    "postgres": Expected(page=503),
    "broker": Expected(),
    "stripe": Expected(),
}


@dataclass
class Site:
    """The processes, the wires in front of what they need, and who asks."""

    cast: doors.Cast
    edge: doors.Door
    web: doors.Door
    wires: dict[str, Wire]
    database: Database
    more_edge: Callable[[Path], doors.Door]
    broker_url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def page(self, host, path="/manage/"):
        """A page for the partner's signed-in owner: (status, text)."""
        answer = self.web.call("GET", path, b"", self.person(host))
        return answer.status, answer.body.decode()

    def person(self, host):
        """The headers of that owner's browser."""
        return {"host": host, "cookie": self.cookies[host]}

    def press(self, host, path):
        """A button of a page, by the same person: the answer's status."""
        token = "t" * 32
        answer = self.web.call("POST", path, f"csrfmiddlewaretoken={token}".encode(), {
            "host": host, "cookie": f"{self.cookies[host]}; csrf={token}",
            "content-type": "application/x-www-form-urlencoded",
        })  # fmt: skip
        return answer.status


def through(url, wire):
    """The same server by way of the wire."""
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{wire.proxy.port}"))


@pytest.fixture(scope="module")
def site(django_db_blocker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        database = stack.enter_context(fresh_database(django_db_blocker))
        partners = two_partners()
        for partner in partners:
            with schema.in_partner(partner):
                User.objects.create_user("owner@example.com", None, role="owner")
        pair = Valkeys(folder / "servers")
        stack.callback(pair.stop)
        wires = {
            "cache": Wire(pair.cache.port), "events": Wire(pair.events.port),
            "postgres": Wire(urlsplit(database.url("web")).port),
            "broker": Wire(pair.events.port), "stripe": Wire(ports.pick()),
        }  # fmt: skip
        for wire in wires.values():
            stack.callback(wire.stop)
        made = start(folder, pair, wires, database)
        stack.callback(made.edge.stop, signal.SIGKILL)
        stack.callback(made.web.stop, signal.SIGKILL)
        for host in (REDIS, PINECONE):
            made.cookies[host] = f"sid={signed_in(host, 'owner').cookies['sid'].value}"
            assert made.page(host)[0] == 200
        yield made


def start(folder, pair, wires, database):
    cast = pair.cast()
    for name, host, partner in zip(("redis", "pinecone"), PRODUCTS, two_partners(), strict=True):
        setattr(cast, name, cast.open(partner.slug, hosts=[host], partner_id=partner.pk))
    ways = {
        "CACHE_URL": through(pair.cache.url(), wires["cache"]),
        "EVENTS_URL": through(pair.events.url(), wires["events"]),
        "BROKER_URL": through(pair.events.url(1), wires["broker"]),
        "STRIPE_API_BASE": f"http://127.0.0.1:{wires['stripe'].proxy.port}",
        "STRIPE_API_KEY": "sk_test_nobody", "TIER_URL": "off",
    }  # fmt: skip
    no_database = dict.fromkeys(
        [f"{login}DATABASE_URL" for login in ("", "OWNER_", "RECORDER_", "SETTLE_")],
        "postgres://nobody@127.0.0.1:1/none",
    )
    edge = pair.edge(folder / "edge", STORE_DEADLINE_MS, **ways, **no_database)
    environ = database.environ(
        **ways, DATABASE_URL=through(database.url("web"), wires["postgres"]), AC_DB_LOGIN="web",
        DATA_DIR=str(env.data_dir()), KEK_FILE=str(pair.kek_file),
        STORE_DEADLINE_MS=str(STORE_DEADLINE_MS), PAGE_DEADLINE_MS=str(PAGE_DEADLINE_MS),
    )  # fmt: skip
    web = doors.web(folder, ports.pick(), environ)
    web.host = REDIS
    return Site(cast, edge, web.wait(), wires, database, lambda folder: pair.edge(folder),
                pair.events.url(1))  # fmt: skip


def timely(ask, *args, **members):
    """The answer, which must not keep anybody waiting."""
    began = time.monotonic()
    answer = ask(*args, **members)
    assert time.monotonic() - began < PROMPT_S
    return answer


def looked_up(door, key, asked, is_hit):
    """The answer; where a hit is owed, a store late for once on a busy machine is asked again."""
    for _ in range(5):
        answer = timely(door.lookup, key, **asked)
        if not is_hit or answer.json.get("reason") != "unavailable":
            break
    return answer


def purged_at(door, key, wanted):
    """Likewise: what could not be written down in time is not done, and is sent again."""
    found = []

    def is_told():
        found.append(timely(door.post, *PURGE, key))
        return found[-1].status == wanted

    wait_for(is_told, PROMPT_S)
    return found[-1]


def is_well(door, key):
    """Whether each of the door's threads has found its servers again."""
    return all(door.post(*PURGE, key).status == 202 for _ in range(6))


@pytest.fixture(params=TROUBLES)
def trouble(request):
    return request.param


@pytest.mark.parametrize("name", MATRIX)
def test_each_part_does_what_it_says_while_another_is_away(site, name, trouble):
    expected, key = MATRIX[name], site.cast.redis.live
    asked = {"original_request": fresh(), "customer_id": "acme"}
    both = (site.edge, site.web)
    for door in both:  # also once the breakers of the case before have closed
        assert wait_for(lambda door=door: door.store(key, **asked).status in (200, 201))
        assert wait_for(lambda door=door: is_well(door, key))
    site.wires[name].set(mode=TROUBLES[trouble])

    looked = [looked_up(door, key, asked, expected.hit) for door in both for _ in range(3)]
    stored = [timely(door.store, key, **{**asked, "original_request": fresh()}) for door in both]
    purged = [purged_at(door, key, expected.purge) for door in both]
    pages = {host: timely(site.page, host) for host in PRODUCTS}
    site.wires[name].set(mode="pass")

    found = [(one.status, one.json.get("hit"), one.json.get("reason")) for one in looked]
    assert {one[:2] for one in found} == {(200, expected.hit)}, found
    assert {one.status for one in stored} <= {*expected.store}
    assert {one.status for one in purged} == {expected.purge}, [one.body for one in purged]
    for refused in [one for one in stored + purged if one.status == 503]:
        assert refused.json["retryable"] and int(refused.headers["retry-after"]) >= 1
    for host, (status, text) in pages.items():
        assert status == expected.page, text[:300]
        assert PRODUCTS[host] in text and "Traceback" not in text
        (other,) = [product for one, product in PRODUCTS.items() if one != host]
        assert other not in text
    # Whatever was answered as usage is in the stream, or comes there from a disk.
    ids = {one.json["billing"]["event_id"] for one in [*looked, *stored] if one.status < 300}
    assert wait_for(lambda: ids <= {str(one.event_id) for one in site.cast.all_events()})
    assert wait_for(lambda: {site.page(host)[0] for host in PRODUCTS} == {200})


def test_without_postgres_a_web_process_that_starts_anew_serves_programs(site, trouble):
    """It cannot be told whose hosts they are; the API's keys and hosts are in its snapshot."""
    key, asked = site.cast.redis.live, {"original_request": fresh(), "customer_id": "acme"}
    assert wait_for(lambda: site.web.store(key, **asked).status in (200, 201))
    site.wires["postgres"].set(mode=TROUBLES[trouble])
    reload(site.web)
    assert wait_for(site.web.is_live)

    looked = [looked_up(site.web, key, asked, is_hit=True) for _ in range(6)]
    foreign = timely(site.web.lookup, site.cast.pinecone.live, **asked)
    read = [timely(site.web.call, "GET", path, b"", {"authorization": f"Bearer {key}"})
            for path in ("/api/overflow/stats", "/api/nothing")]  # fmt: skip
    pages = {host: timely(site.page, host, "/accounts/login/") for host in PRODUCTS}
    site.wires["postgres"].set(mode="pass")

    assert {(one.status, one.json["hit"]) for one in looked} == {(200, True)}
    assert (foreign.status, foreign.json["code"]) == (404, "not-found")  # the host is another's
    for one in read:
        assert (one.status, one.json["code"]) == (503, "overloaded")
        assert int(one.headers["retry-after"]) >= 1
    assert {status for status, _ in pages.values()} == {503}
    assert wait_for(lambda: {site.page(host)[0] for host in PRODUCTS} == {200})


def test_a_file_whose_first_row_does_not_come_is_refused_in_the_hosts_brand(site):
    """Its head would have said 200 by then, and the name of a file."""
    with site.database.psql(autocommit=False) as other:
        other.execute("lock table tenants_auditentry in access exclusive mode")
        refused = {host: timely(site.page, host, "/manage/audit/csv") for host in PRODUCTS}

    for host, (status, text) in refused.items():
        assert status == 503 and PRODUCTS[host] in text
        assert site.page(host, "/manage/audit/csv")[0] == 200


def test_people_sign_in_while_the_cache_store_is_away(site, trouble):
    """Each process counts their tries by itself meanwhile."""
    mail, password = f"ann-{trouble}@example.com", "a long password of ann's"
    site.database.login("owner")
    for partner in two_partners():
        with schema.in_partner(partner):
            User.objects.create_user(mail, password, role="owner")
    site.wires["cache"].set(mode=TROUBLES[trouble])

    wrong = timely(sign_in, site.web, mail, "another password")
    right = timely(sign_in, site.web, mail, password)
    site.wires["cache"].set(mode="pass")

    assert wrong.status == 200 and PRODUCTS[REDIS] in wrong.body.decode()
    assert (right.status, right.headers["location"]) == (302, "/manage/")


def test_pages_say_what_is_late_and_stop_saying_so(site):
    def told(host):
        return [words for words in BANNERS.values() if words in site.page(host)[1]]

    site.wires["events"].set(mode="refuse")
    assert wait_for(lambda: BANNERS["metering"] in told(REDIS))
    site.wires["events"].set(mode="pass")

    assert wait_for(lambda: told(PINECONE) == [BANNERS["settlement"]])  # no worker ever ran
    publish_hosts(store=ServedHosts(site.cast.events_url))  # what a worker's first job does
    assert wait_for(lambda: told(REDIS) == told(PINECONE) == [])


def test_no_page_waits_for_a_broker_that_is_silent(site):
    """What it would have been told is a row, which the sweep finds."""

    def check_a_domain(text):
        partner, _ = two_partners()
        site.database.login("web")
        with schema.in_partner(partner):
            claim = claim_host(partner_id=partner.pk, text=text, actor="ann", now=timezone.now())
        assert timely(site.press, REDIS, f"/manage/domains/{claim.pk}/check/") == 302
        with schema.in_partner(partner):
            claim.refresh_from_db()
        assert claim.routing == "pending" and claim.next_check_at is not None
        return str(claim.pk).encode()

    def queued():
        with redis.Redis.from_url(site.broker_url) as broker:
            bodies = [json.loads(raw)["body"] for raw in broker.lrange("celery", 0, -1)]
        return b"".join(map(base64.b64decode, bodies))

    before = len(site.web.log.read_text())
    assert check_a_domain("heard.shop.com") in queued()  # the wire is the way to it
    site.wires["broker"].set(mode="hold")
    check_a_domain("unheard.shop.com")
    site.wires["broker"].set(mode="pass")

    said = site.web.log.read_text()[before:]
    assert "could not publish tenants.check_domain" in said and "Traceback" not in said


@pytest.mark.parametrize("troubles", [[], ["answers"], ["metering", "settlement"]])
def test_each_trouble_has_its_words(troubles):
    text = render_to_string("parts/banners.html", {"troubles": troubles})

    assert [name for name, words in BANNERS.items() if words in text] == troubles
    assert ("/status/" in text) == bool(troubles)


def test_a_full_disk_below_postgres_is_said_and_reading_goes_on(site, tmp_path):
    keys_page, new = "/manage/keys/", {"label": "no room", "mode": "live"}
    owner = leash.NOBODY if identity.choose() == "drop" else 0
    with (
        faults.small_disk(tmp_path / "disk", "256k", owner) as disk,
        faults.table_on(site.database, "tenants_apikey", disk),
    ):
        faults.fill(disk / "filler")
        site.database.login("web")
        client = signed_in(REDIS, "owner")
        client.raise_request_exception = False

        refused = client.post(f"{keys_page}new/", new)

        assert refused.status_code == 503 and PRODUCTS[REDIS] in refused.content.decode()
        assert site.page(REDIS, keys_page)[0] == 200
        (disk / "filler").unlink()
        assert client.post(f"{keys_page}new/", new).status_code == 200
    assert "no room" in site.page(REDIS, keys_page)[1]
    assert "no room" not in site.page(PINECONE, keys_page)[1]


def test_a_file_for_which_the_web_process_has_no_room_is_refused_in_the_hosts_brand(
    site, tmp_path, monkeypatch
):
    with faults.small_disk(tmp_path / "disk") as disk:
        faults.fill(disk / "filler")
        monkeypatch.setattr(files, "IN_MEMORY", 1)
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        site.database.login("web")
        client = signed_in(REDIS, "owner")
        client.raise_request_exception = False

        refused = client.get("/manage/usage/export.parquet")
        (disk / "filler").unlink()
        made = client.get("/manage/usage/export.parquet")
        made.close()

    assert refused.status_code == 503 and PRODUCTS[REDIS] in refused.content.decode()
    assert (made.status_code, made["Content-Type"]) == (200, "application/octet-stream")


# --- restarts under load ---


def workers_of(door):
    """The worker processes of a gunicorn."""
    pid = door.process.pid
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def reload(door):
    """SIGHUP: new workers in the place of those that are there."""
    before = workers_of(door)
    door.process.send_signal(signal.SIGHUP)
    assert wait_for(lambda: workers_of(door) and not workers_of(door) & before)


def test_a_reload_of_the_web_process_fails_no_page_and_no_lookup(site):
    """Neither on new connections nor on such as are kept."""
    body = json.dumps({"original_request": fresh(), "customer_id": "acme"}).encode()
    headers = {**doors.JSON, "host": REDIS, "authorization": f"Bearer {site.cast.redis.live}"}
    kept = Kept(lambda: [site.web.port])

    with Load(
        lambda: site.page(REDIS)[0],
        lambda: kept.call("GET", "/manage/", b"", site.person(PINECONE))[0],
        lambda: kept.call("POST", "/api/overflow", body, headers)[0],
    ) as load:
        reload(site.web)
        load.more()

    assert load.failures == [] and set(load.answers) == {200}


def test_edges_restarted_one_by_one_fail_no_request_and_count_each_once(site, tmp_path):
    """As a balancer asks, on kept connections; the next one, when a new one ends without a byte."""
    body = json.dumps({"cache_key": str(uuid.uuid4()), "customer_id": "rolled"}).encode()
    headers = {**doors.JSON, "authorization": f"Bearer {site.cast.redis.live}"}
    edges = [site.more_edge(tmp_path / name) for name in ("one", "two")]
    kept = Kept(lambda: [door.port for door in edges])

    with Load(lambda: kept.call("POST", "/api/overflow", body, headers)) as load:
        for number, name in enumerate(("three", "four")):
            edges[number].stop(signal.SIGTERM)
            load.more()
            edges[number] = site.more_edge(tmp_path / name)
            load.more()

    for door in edges:
        door.stop()
    assert load.failures == [] and {status for status, _ in load.answers} == {200}
    told = sorted(json.loads(body)["billing"]["event_id"] for _, body in load.answers)
    marked = [str(one.event_id) for one in site.cast.all_events() if one.customer == "rolled"]
    assert sorted(set(marked)) == told == sorted(set(told))


# --- canaries ---

SECRET = ("prompt", "reply", "key", "iban", "password", "totp")
# Who is a person's or a customer's, by name: the tables, and the mails to the person itself.
MAY_NAME = {"accounts_user", "billing_payoutdetails", "tenants_auditentry", "accounts_signin",
            "account_emailaddress", "usersessions_usersession"}  # fmt: skip
# Jobs that read what partners and customers left behind; the others ask DNS and Stripe.
JOBS = ("billing.deliver_documents", "billing.seal_ledgers", "billing.seal_journal",
        "billing.reconcile", "cache_api.seal_days", "portal.mail_notices", "portal.watch_alerts",
        "portal.forget_sign_ins", "portal.forget_hooks")  # fmt: skip
BY_CUSTOMER = "/manage/usage/export.csv?by=customer"
EXPORTS = (BY_CUSTOMER, "/manage/usage/export.parquet?by=customer", "/manage/audit/csv",
           "/manage/audit/jsonl")  # fmt: skip
PAGES = ("/manage/", "/manage/usage/", "/manage/keys/", "/manage/audit/", "/manage/customers/",
         "/manage/logs/", "/manage/cache/", "/manage/nowhere/", *EXPORTS)  # fmt: skip


def test_secrets_and_prompts_are_where_they_may_be_and_nowhere_else(
    site, caplog, capfd, mailoutbox
):
    """Unique markers of both partners go in by the front doors; then all that is kept, sent or
    shown is searched."""
    marks = {host: left_by(site, host) for host in PRODUCTS}
    told = {
        host: told_to(site, host, marks) for host in PRODUCTS
    }  # the recorder's facts are others
    recorder = subprocess.run(
        [sys.executable, "manage.py", "record", "--once"], check=True, cwd=ROOT,
        capture_output=True, env=site.database.environ(
            EVENTS_URL=site.cast.events_url, AC_DB_LOGIN="recorder"),
    )  # fmt: skip
    with caplog.at_level("DEBUG"):
        jobs_done(site)
    shown = {host: told[host] | seen_by(site, host) for host in PRODUCTS}
    kept = {
        "recorder": recorder.stdout + recorder.stderr, "jobs": capfd.readouterr().err.encode(),
        "cache": canaries.everything_in(site.cast.cache),
        "events": canaries.everything_in(site.cast.events),
        "mail": "".join(map(of_mail, mailoutbox)).encode(),
        "metrics": site.web.call("GET", "/internal/metrics", b"", {"host": "127.0.0.1"}).body,
        **canaries.files_below(site.edge.log.parents[1], env.data_dir() / "mail"),
        **canaries.tables_of(site.database),
    }  # fmt: skip
    with redis.Redis.from_url(site.broker_url) as broker:
        kept["broker"] = canaries.everything_in(broker)

    assert b"agentcache_broker_up" in kept["metrics"] and b"billing.reconcile" in kept["jobs"]
    assert {"edge.log", "web.log"} <= {name.rpartition("/")[2] for name in kept}
    for host, other in ((REDIS, PINECONE), (PINECONE, REDIS)):
        found = {name: canaries.where(kept, mark) for name, mark in marks[host].items()}
        assert not any(found[name] for name in SECRET), found
        named = {place for place in found["mail"] if "/mail/" not in place}
        assert named <= MAY_NAME and found["mail"] != named, found  # the code to sign in by
        assert "usage_event" in str(found["customer"])  # the search does find what is there
        own = canaries.where(shown[host], marks[host]["customer"])
        assert {"/manage/customers/", BY_CUSTOMER} <= own, own
        leaks = {name: canaries.where(shown[other], mark) for name, mark in marks[host].items()}
        assert not any(leaks.values()), leaks


def left_by(site, host) -> dict[str, str]:
    """What a partner and its people send in; by name, what of it is searched for."""
    mark = uuid.uuid4().hex
    prompt, reply, mail = f"prompt{mark}", f"reply{mark}", f"mail{mark}@example.com"
    partner = dict(zip(PRODUCTS, two_partners(), strict=True))[host]
    key = {REDIS: site.cast.redis, PINECONE: site.cast.pinecone}[host].live
    request = {**doors.CHAT, "messages": [{"role": "user", "content": prompt}]}
    answer = doors.REPLY.replace("chatcmpl-1", reply)
    asked = {"original_request": request, "customer_id": f"c{mark}"}
    for door in (site.edge, site.web):
        ask = partial(door.post, "/api/overflow", key=key, host=host)
        store = partial(door.store, key, answer, {"host": host}, **asked)
        assert ask(asked).status == 200
        assert wait_for(lambda store=store: store().status in (200, 201)), store().body
        assert wait_for(lambda ask=ask: reply.encode() in ask(asked).body), ask(asked).body
        for broken in (f'{{"original_request":"{prompt}', f'{{"cache_key":["{prompt}"]}}',
                       f'{{"{prompt}":1}}'):  # fmt: skip
            assert ask(broken.encode()).status in (400, 422)
    password, secret = f"password{mark}", totp.generate_totp_secret()
    digits = f"{int(mark, 16) % 10**14:014}"
    iban = f"GB{98 - int(f'32142829{digits}161100') % 97:02}WEST{digits}"  # W, E, S, T; G, B
    site.database.login("owner")
    with schema.in_partner(partner):
        person = User.objects.create_user(mail, password, role="owner")
        totp.TOTP.activate(person, secret)
    ask_payout_details(partner_id=partner.pk, kind="bank", holder="Anne", account=iban, bic="",
                       kek=KEK, actor=mail, now=timezone.now())  # fmt: skip
    for path, members in (("/accounts/login/", {"login": mail, "password": password}),
                          ("/accounts/login/", {"login": mail, "password": f"{password}no"}),
                          ("/accounts/login/code/", {"email": mail})):  # fmt: skip
        submit(site.web, host, path, members)
    return {"prompt": prompt, "reply": reply, "key": key.rpartition("_")[2], "iban": iban,
            "password": password, "totp": secret, "mail": mail, "customer": f"c{mark}"}  # fmt: skip


def jobs_done(site) -> None:
    """What a worker does with it, with every line that it would log at its most talkative."""
    app.loader.import_default_modules()
    site.database.login("settle")
    for name in JOBS:
        app.tasks[name].apply(throw=True)


def seen_by(site, host) -> dict[str, bytes]:
    """What a partner's owner can look at, exports and an error as well."""
    link = {"host": host, "cookie": site.cookies[host]}
    return {path: canaries.shown(site.web.call("GET", path, b"", link).body) for path in PAGES}


def told_to(site, host, marks) -> dict[str, bytes]:
    """What a partner's key is told of usage, and of what another partner asked and stored."""
    key = {REDIS: site.cast.redis, PINECONE: site.cast.pinecone}[host].live
    link = {"host": host, "authorization": f"Bearer {key}"}
    asks = {path: partial(site.web.call, "GET", path, b"", link)
            for path in ("/api/v1/metrics", "/api/overflow/stats")}  # fmt: skip
    for other in set(marks) - {host}:
        said = [{"role": "user", "content": marks[other]["prompt"]}]
        asked = {"original_request": {**doors.CHAT, "messages": said}, "customer_id": "acme"}
        for door in (site.edge, site.web):
            asks[f"{door.name} lookup"] = partial(door.post, "/api/overflow", asked, key, host=host)
    return {name: body_of(ask) for name, ask in asks.items()}


def body_of(ask) -> bytes:
    """What is answered once a busy machine has the time for it."""
    assert wait_for(lambda: ask().status == 200), ask().body
    return ask().body


def sign_in(door, mail, password):
    """Post the login form of one partner as a browser does: the answer."""
    return submit(door, REDIS, "/accounts/login/", {"login": mail, "password": password})


def submit(door, host, path, members):
    """Post a form as a browser does: the answer."""
    page = door.call("GET", path, b"", {"host": host})
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())[1]
    cookie = page.headers["set-cookie"].partition(";")[0]
    form = urlencode({"csrfmiddlewaretoken": token, **members})
    answer = door.call("POST", path, form.encode(), {
        "content-type": "application/x-www-form-urlencoded", "cookie": cookie, "host": host,
    })  # fmt: skip
    assert answer.status in (200, 302), answer
    return answer
