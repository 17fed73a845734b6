"""`python -m tests.cache_api.edge.player [compiled]`: plays scripts from stdin on an edge.

A script is a line of JSON, a list of moves; the answer is a line: the digest of all bytes that
left, and of what the edge then holds. Clocks, ids and chance are the script's, so that the same
script is the same bytes, whatever plays it.
"""

import hashlib
import json
import random
import sys
from itertools import count

import pytest

from cache_api.edge import compiled

if "compiled" in sys.argv and not compiled.use():
    sys.exit("not compiled")

from cache_api.edge import express, protocol, service
from cache_api.edge.protocol import EdgeProtocol
from cache_api.hot import memo
from cache_api.hot.steps import CACHE, EVENTS
from tenants.rules import ids
from tests.cache_api.edge.driven import Edge, request, store
from tests.cache_api.hot.pipeline import NOW_MS

FACTS = ({}, {"limits": {"key_rps": 5, "concurrency": 3}}, {"quotas": {"acme": {"day": 40}}})
LINKS = 3


def certain(patch, seed):
    """Take chance and ids from `seed`."""
    dice, numbers = random.Random(seed), count(1)
    patch.setattr("os.urandom", dice.randbytes)
    patch.setattr("secrets.token_bytes", dice.randbytes)
    patch.setattr("secrets.choice", dice.choice)

    def mint():
        return ids.uuid7_at(NOW_MS, next(numbers).to_bytes(10, "big"))

    patch.setattr(ids, "uuid7", mint)
    patch.setattr(ids, "uuid7_bytes", lambda: ((made := mint()).bytes, str(made).encode()))


class Play:
    """One script on one edge."""

    def __init__(self, patch, facts):
        memo.forget_all()
        certain(patch, 7)
        self.edge = Edge(patch)
        self.edge.pipe.rewrite(self.edge.pipe.redis[0], **facts)
        self.micros = 0
        for module in (express, protocol):
            patch.setattr(module, "time_ns", lambda: self.edge.pipe.now_ms * 1_000_000)
        patch.setattr(service.time, "time_ns", lambda: self.edge.pipe.now_ms * 1_000_000)
        patch.setattr(service.time, "perf_counter_ns", self._tick)
        patch.setattr(express, "perf_counter_ns", self._tick)
        self.links = [self.edge.connect() for _ in range(LINKS)]
        self.told = []

    def _tick(self):
        self.micros += 137_000
        return self.micros

    def move(self, name, *given):
        """One move of a script."""
        getattr(self, name)(*given)
        self.told += [link.transport.taken() for link in self.links]

    def ask(self, link, number, cut, members):
        """A lookup in one piece, or cut in two."""
        self._send(link, request(self._key, number, **members), cut)

    def store(self, link, number, text):
        """A store."""
        self._send(link, store(self._key, number, text), 0)

    def raw(self, link, text):
        """Any bytes."""
        self._send(link, text.encode("latin-1"), 0)

    def turn(self):
        """One turn of the loop, which may leave requests under way."""
        self.edge.turn()

    def settle(self):
        """Turns until nothing happens."""
        self.edge.settle()

    def lose(self, number):
        """An entry is evicted."""
        keys = sorted(self.edge.pipe.cache)
        if keys:
            del self.edge.pipe.cache[keys[number % len(keys)]]

    def damage(self, number):
        """A value is not what it was."""
        keys = sorted(self.edge.pipe.cache)
        if keys:
            key = keys[number % len(keys)]
            self.edge.pipe.cache[key] = self.edge.pipe.cache[key][:-1]

    def deaf(self):
        """The store says nothing for longer than anybody waits."""
        self.edge.run_calls()
        for _ in range(3):
            self.edge.loop.pass_time(0.06)
        self.edge.cache.transport.taken()

    def later(self, ms):
        """Time passes."""
        self.edge.pipe.now_ms += ms

    def hang_up(self, link):
        """A client goes, another comes."""
        if not self.links[link].transport.is_closed:
            self.links[link].connection_lost(None)
        self.told.append(self.links[link].transport.taken())
        self.links[link] = self.edge.connect()

    def shut_down(self, link):
        """The server is about to stop."""
        self.links[link].shutdown()

    @property
    def _key(self):
        return self.edge.pipe.redis[1]

    def _send(self, link, data, cut):
        pieces = [data[:cut], data[cut:]] if cut else [data]
        for piece in pieces:
            if not self.links[link].transport.is_closed:
                self.links[link].data_received(piece)

    def summary(self):
        """What left, what was asked, what is held."""
        edge, stamp = self.edge, self.edge.pipe.stamp
        loads = edge.pipe.snapshot.site.stocks._loads
        parts = {
            "answers": self.told, "events": edge.facts.events, "cache": edge.cache.asked,
            "facts": edge.facts.asked, "row": [stamp.settled_through(), dict(stamp.answers)],
            "loads": [(name, load.count) for name, load in sorted(loads.items())],
            "failures": [edge.lanes[name].failures for name in (CACHE, EVENTS)],
            "counted": edge.service.door.counters.read(),
        }  # fmt: skip
        digests = {k: hashlib.sha256(repr(v).encode()).hexdigest() for k, v in parts.items()}
        answers = b"".join(self.told)
        return digests | {
            "seen": {"answers": answers.count(b"HTTP/1.1 "), "hits": answers.count(b'"hit":true'),
                     "events": len(edge.facts.events)},
        }  # fmt: skip


def play(script):
    """A script's summary."""
    patch = pytest.MonkeyPatch()
    try:
        played = Play(patch, FACTS[script["facts"]])
        for name, *given in script["moves"]:
            played.move(name, *given)
        played.move("settle")
        return played.summary()
    finally:
        patch.undo()


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"protocol": type(EdgeProtocol.data_received).__name__}) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(play(json.loads(line))) + "\n")
        sys.stdout.flush()
