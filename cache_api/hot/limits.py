"""How many requests a key and its partner may make: token buckets, and how many at once.

Test mode has buckets and counts of its own. A caller without limits never comes here.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from cache_api.hot.facts import KeyFacts, PartnerFacts
from cache_api.hot.problems import Problem
from cache_api.hot.steps import CACHE, Fetch, Replies
from cache_api.hot.stock import Load, Stock, Stocks

PREFIX = b"limit:"
Bar = tuple[bytes, int]  # the policy that bars a caller, and after how many seconds to come again


class Counted(Protocol):
    """A request that is counted in."""

    now_ms: int
    gate: "Gate | None"  # what it came in by


@dataclass(frozen=True, slots=True)
class Gate:
    """What each request of one key passes. `fields` tells its state in every answer."""

    stocks: tuple[tuple[bytes, Stock], ...]  # by the policy's name
    load: Load
    most: float  # requests at once
    policy: bytes

    def is_open(self, now_ms: int) -> bool:
        """Whether a request could enter now: `enter` would neither fetch nor refuse."""
        for _, stock in self.stocks:
            if stock.left < 1 and not stock.has(now_ms):
                return False
        return self.load.count < self.most

    def bar(self, now_ms: int) -> Bar | None:
        """Why `enter` would refuse a request now; None where it would not, or would fetch first."""
        is_open = True
        for name, stock in self.stocks:
            if not stock.has(now_ms):
                is_open, wait_ms = False, stock.must_wait_ms(now_ms)
                if wait_ms:
                    return name, max(1, math.ceil(wait_ms / 1000))
        return (b"concurrency", 1) if is_open and self.load.count >= self.most else None

    def enter(self, asked: Counted) -> Fetch | None:
        """Count a request in: once, however often it begins. A Fetch where tokens are to be got.

        Raises Problem when there are none.
        """
        now_ms = asked.now_ms
        for _, stock in self.stocks:
            if stock.left < 1 and not stock.has(now_ms):
                return self._fetch(now_ms)
        if not self.load.enter(self.most):
            raise refusal(b"concurrency", 1, self.fields(now_ms))
        for _, stock in self.stocks:
            stock.left -= 1
        asked.gate = self
        return None

    def charge(self, more: int) -> None:
        """Count more than one for a request that is in: a batch, on credit if need be."""
        for _, stock in self.stocks:
            stock.left -= more

    def leave(self) -> None:
        """The request is answered."""
        self.load.leave()

    def fields(self, now_ms: int) -> bytes:
        """Header lines: the policies, and what is left of them."""
        states = []
        for name, stock in self.stocks:
            left = stock.estimate(now_ms)
            full_s = math.ceil((stock.burst - left) / stock.rate)
            states.append(b'"%b";r=%d;t=%d' % (name, left, full_s))
        if self.most != math.inf:
            free = max(0, int(self.most) - self.load.count)
            states.append(b'"concurrency";r=%d' % free)
        return b"ratelimit: %b\r\n%b" % (b", ".join(states), self.policy)

    def _fetch(self, now_ms: int) -> Fetch:
        bar = self.bar(now_ms)
        if bar is not None:
            raise refusal(*bar, self.fields(now_ms))
        empty = [stock for _, stock in self.stocks if not stock.has(now_ms)]

        def absorb(replies: Replies) -> None:
            answers = replies if replies is not None else [None] * len(empty)
            for stock, reply in zip(empty, answers, strict=True):
                stock.absorb(reply, now_ms)

        return Fetch([stock.ask(now_ms) for stock in empty], absorb, CACHE)


def refusal(name: bytes, retry_after_s: int, fields: bytes = b"") -> Problem:
    """What a caller is told whom this policy bars; `fields` are the gate's."""
    policy = name.decode("ascii")
    return Problem(
        "rate-limited",
        _DETAILS[policy],
        reason=policy,
        retry_after_s=retry_after_s,
        fields=fields,
        members={"violated-policies": [policy]},
    )


_DETAILS = {
    "key": "This API key sends more requests than it may. Wait as long as Retry-After says.",
    "partner": "All API keys together send more requests than they may. "
    "Wait as long as Retry-After says.",
    "concurrency": "Too many requests are under way at once. Wait for some answers, then go on.",
}


def gate_of(stocks: Stocks, key: KeyFacts, partner: PartnerFacts) -> Gate | None:
    """The gate of a key, or None where its partner has no limits."""
    limits = partner.limits
    if limits is None:
        return None
    mode = b":live" if key.livemode else b":test"
    whole = PREFIX + str(partner.partner_id).encode("ascii") + mode
    buckets = (
        (b"key", PREFIX + key.key_id.encode("ascii"), limits.key_rps, limits.key_burst),
        (b"partner", whole, limits.partner_rps, limits.partner_burst),
    )
    policies, held = [], []
    for name, bucket, rate, burst in buckets:
        if rate is not None:
            burst = burst if burst is not None else max(1.0, rate)
            held.append((name, stocks.stock(bucket, rate, burst)))
            policies.append(b'"%b";q=%d;w=%d' % (name, burst, math.ceil(burst / rate)))
    if limits.concurrency is not None:
        policies.append(b'"concurrency";q=%d;qu="concurrent-requests"' % limits.concurrency)
    if not policies:
        return None
    most = limits.concurrency if limits.concurrency is not None else math.inf
    policy = b"ratelimit-policy: %b\r\n" % b", ".join(policies)
    return Gate(tuple(held), stocks.load(whole), most, policy)
