"""Leases: of many callers that miss the same at once, one is told to ask the provider.

Advisory: nobody is blocked, a lease that is not released ends by itself, and without a cache store
nobody gets one. Its id carries the last purge that was known when it was given, so that what a
leader brings back is as old as its question and a purge in between still finds it.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Stamp, Subject
from cache_api.hot.problems import Problem
from cache_api.hot.steps import CACHE, Answer, Command, Replies, Run
from cache_api.hot.work import LEASE, SET

LEASE_MS = 10_000
_ID = re.compile(r"([0-9a-f]{1,12})-[0-9a-f]{24}")
_RELEASE = b"if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end"
Miss = Callable[[bytes, Stamp, int, tuple[str, ...]], Answer]


def ask(subject: Subject, scope: Scope, alarms: tuple[str, ...], miss: Miss) -> Run:
    """The commands that make this caller leader or follower; then `miss` with the lease."""
    key = _key(subject, scope)
    lease_id = f"{subject.who.purge_seq:x}-{secrets.token_hex(12)}"
    commands: list[Command] = [
        # Answers the lease that is held, or nothing when this one was given.
        (SET, key, lease_id.encode(), b"PX", b"%d" % LEASE_MS, b"NX", b"GET"),
        (b"PTTL", key),
    ]
    return Run(commands, _Asked(lease_id, alarms, miss))


@dataclass(slots=True)
class _Asked:
    lease_id: str
    alarms: tuple[str, ...]
    miss: Miss

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Answer:
        """The miss, with the lease that was given or is held by somebody else."""
        lease: dict[str, Any] = {}
        if replies is not None and replies[0] is None:
            lease = {"id": self.lease_id, "role": "leader", "ttl_ms": LEASE_MS}
        elif replies is not None:
            lease = {"role": "follower", "wait_ms": max(0, replies[1])}
        told = orjson.dumps(lease) if lease else b"null"
        return self.miss(told, stamp, elapsed_us, self.alarms)


def purge_seq(subject: Subject) -> int:
    """The last purge that a store's writer knew when it asked the provider. Raises Problem."""
    lease_id = _id(subject)
    known = subject.who.purge_seq
    return known if lease_id is None else min(known, int(lease_id.partition("-")[0], 16))


def release(subject: Subject, scope: Scope) -> tuple[tuple[str, list[Command]], ...]:
    """What gives a store's lease back, if it has one and holds it still. Raises Problem."""
    lease_id = _id(subject)
    if lease_id is None:
        return ()
    return ((CACHE, [(b"EVAL", _RELEASE, b"1", _key(subject, scope), lease_id.encode())]),)


def _id(subject: Subject) -> str | None:
    given = subject.common.body.get("lease_id")
    if given is None:
        return None
    if type(given) is not str or _ID.fullmatch(given) is None:
        detail = "lease_id must be the id of the lease that a lookup gave."
        raise Problem("invalid-request", detail, pointer="/lease_id")
    return given


def _key(subject: Subject, scope: Scope) -> bytes:
    return subject.who.ring.entry_key(scope, LEASE, subject.digest.encode("utf-8"))
