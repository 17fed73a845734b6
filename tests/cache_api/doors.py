"""Both doors of the overflow API as running processes, and the cast that knocks."""

import base64
import dataclasses
import http.client
import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import redis

from cache_api.gateways.stream import EventStream
from cache_api.rules import events
from tenants.gateways import valkeys
from tenants.rules import datakeys, ids, keys
from tests.cache_api import nursery
from tests.patience import PATIENCE_S, wait_for

ROOT = Path(__file__).resolve().parents[2]
REDIS_HOST, PINECONE_HOST = "cache.redis.localhost", "cache.pinecone.localhost"
NEUTRAL_HOST = "redis-labs.partners.agentcache.localhost"  # in the portal, in nobody's snap:host
JSON = {"content-type": "application/json"}
CHAT = {"provider": "openai", "model": "gpt-4", "messages": [{"role": "user", "content": "hi"}]}
REPLY = (
    '{ "id":"chatcmpl-1", "model":"gpt-4-0613",\n "choices":[{"message":{"content":"caf\\u00e9 é"},'
    '"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":100},"x":1.50e1}'
)


@dataclasses.dataclass
class Partner:
    """A partner as the snapshot knows it, with its keys."""

    slug: str
    partner_id: uuid.UUID
    data_key: bytes
    live: str = ""
    test: str = ""
    acme: str = ""  # a key bound to the customer "acme"


class Cast:
    """Two partners (and two awkward ones) in the snapshot of one events Valkey."""

    def __init__(self, events_url: str, cache_url: str, kek: bytes) -> None:
        self.events_url, self.events = events_url, redis.Redis.from_url(events_url)
        self.cache = valkeys.client(cache_url)
        self.kek = kek
        self.redis = self.open("redis-labs", hosts=[REDIS_HOST], partner_share_bps=3000)
        self.pinecone = self.open("pinecone", hosts=[PINECONE_HOST], partner_share_bps=2000)
        self.strict = self.open(
            "strict-co", unknown_customer_policy="strict", customers=["known", "frozen"],
            customers_suspended=["frozen"],
        )  # fmt: skip
        self.suspended = self.open("suspended-co", state="suspended")

    def open(self, slug, *, hosts=(), partner_id=None, **facts):
        """Write a partner's facts and three keys; `partner_id`: the one in Postgres."""
        partner = Partner(slug, partner_id or ids.uuid7(), datakeys.new_data_key())
        wrapped = datakeys.wrap(self.kek, partner.data_key, partner_id=partner.partner_id, number=1)
        body = {
            "partner_id": str(partner.partner_id), "slug": slug, "state": "active",
            "unknown_customer_policy": "auto", "generation": 0, "partner_share_bps": 0,
            "data_keys": [{"n": 1, "wrapped": base64.b64encode(wrapped).decode()}],
            "customers_suspended": [], "hosts": list(hosts), **facts,
        }  # fmt: skip
        self.events.set(f"snap:partner:{partner.partner_id}", json.dumps(body))
        for host in hosts:
            self.lead(host, partner)
        partner.live = self.key(partner)
        partner.test = self.key(partner, livemode=False)
        partner.acme = self.key(partner, customer="acme")
        return partner

    def lead(self, host, partner):
        """Let a host be the partner's, whoever had it before."""
        self.events.set(f"snap:host:{host}", json.dumps({"partner_id": str(partner.partner_id)}))

    def key(self, partner, *, livemode=True, customer=None, prefix="acp", **facts):
        """A new key of a partner; its text."""
        minted = keys.mint(livemode=livemode, prefix=prefix)
        body = {
            "key_id": minted.key_id, "partner_id": str(partner.partner_id), "customer": customer,
            "livemode": livemode, "secret_sha256": minted.secret_sha256.hex(), "expires_at": None,
            "revoked": False, **facts,
        }  # fmt: skip
        self.events.set(f"snap:key:{minted.key_id}", json.dumps(body))
        return minted.text

    def all_events(self):
        """Every usage event in the stream."""
        page = EventStream(self.events_url).read_after(events.STREAM, "0-0", 1_000_000)
        return [events.decode(payload) for _, payload in page.entries]

    def event(self, event_id):
        """The one event of an id, in the stream by now. Fails when there is not exactly one."""
        (found,) = [one for one in self.all_events() if str(one.event_id) == event_id]
        return found

    def counters(self):
        """What all processes counted, by their last heartbeats."""
        total = {}
        for beat in self.events.hvals("usage:heartbeats"):
            for name, count in json.loads(beat)["counters"].items():
                total[name] = total.get(name, 0) + count
        return total


@dataclasses.dataclass
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str
    headers: dict

    @property
    def json(self):
        return json.loads(self.body)


class Door:
    """A running process and how to talk to it."""

    def __init__(self, name, process, port, log: Path, host=NEUTRAL_HOST) -> None:
        self.name, self.process, self.port, self.host, self.log = name, process, port, host, log

    def wait(self):
        """Wait until it answers /livez."""
        assert wait_for(self.is_live), f"{self.name} does not answer:\n{self.log.read_text()}"
        return self

    def is_live(self):
        """Whether it answers /livez by now."""
        assert self.process.poll() is None, f"{self.name} stopped:\n{self.log.read_text()}"
        try:
            return self.call("GET", "/livez").status == 200
        except OSError:
            return False

    def call(self, method, path, body=b"", headers=None, timeout=PATIENCE_S):
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {"host": self.host, **(headers or {})})
            got = connection.getresponse()
            told = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, got.read(), told.get("content-type", ""), told)
        finally:
            connection.close()

    def post(self, path, body, key, **headers):
        """POST JSON (a dict, or bytes as they are) with a key."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call("POST", path, raw, {**JSON, "authorization": f"Bearer {key}", **named})

    def lookup(self, key, **members):
        """POST /api/overflow."""
        return self.post("/api/overflow", members, key)

    def store(self, key, response=REPLY, headers=None, **members):
        """POST /api/overflow/store; `response` is JSON text that goes out as it is."""
        body = json.dumps(members)[:-1] + (", " if members else "") + f'"response": {response} }}'
        return self.post("/api/overflow/store", body.encode(), key, **(headers or {}))

    def stop(self, number=signal.SIGTERM):
        """End it and wait."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def edge(folder: Path, port, *, cache_url, events_url, kek_file, deadline_ms, **more):
    """An edge process with a DATA_DIR of its own."""
    environ = {
        **os.environ, "DATA_DIR": str(folder), "CACHE_URL": cache_url, "EVENTS_URL": events_url,
        "KEK_FILE": str(kek_file), "REGION": "test-1", "PYTHONUNBUFFERED": "1",
        "STORE_DEADLINE_MS": str(deadline_ms), "TIER_DEADLINE_MS": str(deadline_ms),
        "EMBEDDER_DEADLINE_MS": str(deadline_ms), **more,
    }  # fmt: skip
    environ.pop("DJANGO_SETTINGS_MODULE", None)
    log = folder / "edge.log"
    return Door("edge", nursery.Edge(port, environ, log), port, log)


def web(folder: Path, port, environ):
    """A portal web process: the same API behind Django."""
    argv = [
        sys.executable, "-m", "gunicorn", "portal.wsgi:application", f"--bind=127.0.0.1:{port}",
        "--worker-class=gthread", "--workers=1", "--threads=4", "--graceful-timeout=5",
        "--keep-alive=75", "--no-control-socket",
    ]  # fmt: skip
    environ = {**environ, "REGION": "test-1", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    log = folder / "web.log"
    with log.open("ab") as out:
        process = subprocess.Popen(argv, cwd=ROOT, env=environ, stdout=out, stderr=out)
    return Door("web", process, port, log)
