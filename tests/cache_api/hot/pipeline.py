"""The pipeline without any door: a dict for each Valkey, and a clock that is an argument."""

import base64
import json
import uuid

from cache_api.hot import pipeline
from cache_api.hot.marks import Stamp
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import Answer, Asked, Fetch
from cache_api.hot.verbs import VERBS
from cache_api.rules import events
from tenants.rules import datakeys, ids, keys

KEK = b"k" * 32
NOW_MS = 1_795_000_000_000
CHAT = {"provider": "openai", "model": "gpt-4", "messages": [{"role": "user", "content": "hi"}]}


class Pipeline:
    """Two partners, one cache, one snapshot."""

    def __init__(self) -> None:
        self.facts, self.cache = {}, {}
        self.snapshot = Snapshot(KEK)
        self.stamp = Stamp(uuid.uuid4(), "test-1")
        self.now_ms = NOW_MS
        self.fetched, self.ran = [], []
        self.redis, self.pinecone = self.open("redis-labs"), self.open("pinecone")

    def open(self, slug, keys_wrapped=None, **facts):
        """A partner and a live key of it: (partner id, key text)."""
        partner_id = ids.uuid7()
        wrapped = keys_wrapped or {1: slug.encode().ljust(32, b".")}
        body = {
            "partner_id": str(partner_id), "slug": slug, "state": "active",
            "data_keys": [
                {"n": n, "wrapped": base64.b64encode(
                    datakeys.wrap(KEK, key, partner_id=partner_id, number=n)).decode()}
                for n, key in wrapped.items()
            ], **facts,
        }  # fmt: skip
        self.facts[b"snap:partner:" + str(partner_id).encode()] = json.dumps(body).encode()
        return partner_id, self.mint(partner_id)

    def mint(self, partner_id, livemode=True, **facts):
        """A new key of a partner."""
        minted = keys.mint(livemode=livemode)
        self.facts[b"snap:key:" + minted.key_id.encode()] = json.dumps({
            "key_id": minted.key_id, "partner_id": str(partner_id), "customer": None,
            "livemode": livemode, "secret_sha256": minted.secret_sha256.hex(), **facts,
        }).encode()  # fmt: skip
        return minted.text

    def rewrite(self, partner_id, **facts):
        """Publish other facts of a partner."""
        name = b"snap:partner:" + str(partner_id).encode()
        self.facts[name] = json.dumps(json.loads(self.facts[name]) | facts).encode()

    def lookup(self, key, answers_events=True, **members):
        """A whole lookup."""
        return self.ask("lookup", json.dumps(members).encode(), key, answers_events)

    def store(self, key, response="[1]", **members):
        """A whole store; `response` is JSON text."""
        body = json.dumps(members)[:-1] + ("," if members else "") + f'"response":{response}}}'
        return self.ask("store", body.encode(), key)

    def asked(self, key, body=b"", **headers):
        """A request with this key."""
        given = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
        known = {b"authorization": f"Bearer {key}".encode(), b"host": b"localhost"}
        return Asked(body, known | given, self.now_ms)

    def ask(self, verb, body, key, answers_events=True, **headers) -> Answer:
        """Any verb, driven to its answer."""
        step = self.begin(verb, self.asked(key, body, **headers), answers_events)
        while not isinstance(step, Answer):
            self.ran.append(step.commands)
            replies = [self._run(one) for one in step.commands]
            step = pipeline.resume(step, replies, self.stamp, 412)
        self.snapshot.learn(step.learned, self.now_ms)
        return step

    def begin(self, verb, asked, answers_events=True):
        """The first Run (or the Answer), all facts fetched."""
        while isinstance(step := pipeline.begin(VERBS[verb], asked, self.snapshot), Fetch):
            self.fetched.append([command[1] for command in step.commands])
            assert len(self.fetched) < 10_000, "the same facts are wanted again and again"
            step.absorb(self._read(step.commands) if answers_events else None)
        return step

    def evaluate(self, command):
        """The reply of a script of limits; None where no server answers."""
        return

    def _read(self, commands):
        if commands[0][0] == b"GET":
            return [self.facts.get(name) for _, name in commands]
        replies = [self.evaluate(command) for command in commands]
        return None if None in replies else replies

    def _run(self, command):
        verb, key, *rest = command
        if verb == b"GET":
            return self.cache.get(key)
        if verb == b"DEL":
            return [self.cache.pop(one, None) for one in (key, *rest)]
        if verb == b"EVAL" and rest[1].startswith(b"quota:"):
            return self.evaluate(command)
        if verb == b"EVAL":  # the purge script: here only a number, no floors
            return [1, self.now_ms, b'{"seq":1,"at_ms":0,"floors":{}}']
        before = self.cache.get(key)
        if b"NX" not in rest or before is None:
            self.cache[key] = rest[0]
        return before if b"GET" in rest else b"OK"


def body(answer):
    """The answer's JSON."""
    return json.loads(answer.body)


def marked(answer):
    """The answer's events, from their bytes, each in its place of the row."""
    found = [events.decode(raw) for _, raw in answer.events]
    assert [event.seq for event in found] == [seq for seq, _ in answer.events]
    return found
