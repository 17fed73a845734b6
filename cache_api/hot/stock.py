"""Tokens that this process holds of shared buckets, so that a request need not ask for its own.

The bucket itself lies in the region's `cache` Valkey and is counted by one atomic script: `cache`,
because `events` syncs every write to disk, and a bucket that was lost is only a full one. A process
takes about 100 ms worth at a time; that much, per process, is what a limit may be exceeded by.
While the server does not answer, the process goes on with a bucket of its own at the same rate.
"""

import math
import threading
from typing import Any

from cache_api.hot.steps import Command

CHUNK_S = 0.1
RETRY_MS = 1_000
ASKED_MS = 50
PAUSE_MS = 20  # after a bucket was found empty: a flood shall not ask for each token
REMEMBERED = 100_000

# KEYS: bucket. ARGV: tokens a second, burst, tokens wanted. → granted, left, ms until the next one.
TAKE = b"""
local rate, burst, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = burst
if held[1] then
  left = math.min(burst, held[1] + math.max(0, now - held[2]) * rate / 1000)
end
local granted = math.min(want, math.floor(left))
left = left - granted
redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return {granted, math.floor(left), math.ceil(math.max(0, 1 - left) / rate * 1000)}
"""


class Stock:
    """What is left of the last chunk of one bucket. Under threads it may be off by one or two."""

    __slots__ = (
        "alone_at_ms", "alone_until_ms", "asked_until_ms", "burst", "closed_until_ms", "left",
        "name", "rate", "there", "there_at_ms",
    )  # fmt: skip

    def __init__(self, name: bytes, rate: float, burst: float) -> None:
        self.name, self.rate, self.burst = name, rate, burst
        self.left = 0.0
        self.there = self.there_at_ms = 0  # tokens in the bucket when it was last asked, and when
        self.closed_until_ms = self.asked_until_ms = 0
        self.alone_at_ms = self.alone_until_ms = 0

    def configure(self, rate: float, burst: float) -> None:
        """Tokens a second, and the most that may be saved up. A change counts at once."""
        if (rate, burst) != (self.rate, self.burst):
            self.rate, self.burst, self.closed_until_ms = rate, burst, 0

    def has(self, now_ms: int) -> bool:
        """Whether a token is here."""
        if self.left >= 1:
            return True
        if now_ms < self.alone_until_ms:
            gained = max(0, now_ms - self.alone_at_ms) * self.rate / 1000
            self.left = min(self.burst, self.left + gained)
            self.alone_at_ms = now_ms
        return self.left >= 1

    def must_wait_ms(self, now_ms: int) -> int:
        """How long until it is worth asking for a token (0: now)."""
        if now_ms < self.closed_until_ms:
            return self.closed_until_ms - now_ms
        if now_ms < self.alone_until_ms:
            return math.ceil((1 - self.left) / self.rate * 1000)
        return 0

    def ask(self, now_ms: int) -> Command:
        """The command that takes a chunk; one token while another request's chunk is on its way."""
        is_asked = now_ms < self.asked_until_ms
        chunk = 1 if is_asked else min(int(self.rate * CHUNK_S), int(self.burst))
        want = max(chunk, math.ceil(1 - self.left))  # what a batch took on credit included
        self.asked_until_ms = now_ms + ASKED_MS
        numbers = (b"%.6f" % self.rate, b"%.6f" % self.burst, b"%d" % want)
        return (b"EVAL", TAKE, b"1", self.name, *numbers)

    def absorb(self, reply: Any, now_ms: int) -> None:
        """What the script answered; None when the server did not."""
        self.asked_until_ms = 0
        if reply is None:
            if now_ms >= self.alone_until_ms + RETRY_MS:  # alone since now
                self.left, self.alone_at_ms = self.burst, now_ms
            self.alone_until_ms = now_ms + RETRY_MS
            return
        granted, self.there, wait_ms = reply
        self.there_at_ms, self.alone_until_ms = now_ms, 0
        self.left += granted
        if not self.there:
            credit_ms = math.ceil(max(0, -self.left) / self.rate * 1000)
            self.closed_until_ms = now_ms + max(PAUSE_MS, wait_ms + credit_ms)

    def estimate(self, now_ms: int) -> int:
        """About how many requests are still possible at once."""
        gained = max(0, now_ms - self.there_at_ms) * self.rate / 1000
        return max(0, int(min(self.burst, self.left + self.there + gained)))


class Load:
    """Requests of one partner that this process is working on. Exact: one lost would stay lost."""

    __slots__ = ("_lock", "count")

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def enter(self, most: float) -> bool:
        """Count one in, unless there are `most` already."""
        with self._lock:
            if self.count >= most:
                return False
            self.count += 1
            return True

    def leave(self) -> None:
        """One is done."""
        with self._lock:
            self.count -= 1


class Stocks:
    """All of one process's stocks, by bucket."""

    def __init__(self) -> None:
        self._stocks: dict[bytes, Stock] = {}
        self._loads: dict[bytes, Load] = {}
        self.allowances: dict[bytes, Any] = {}  # quotas.Allowance by its name

    def stock(self, name: bytes, rate: float, burst: float) -> Stock:
        """The stock of a bucket, at today's rate."""
        found = self._stocks.get(name)
        if found is None:
            if len(self._stocks) >= REMEMBERED:  # keys that came once; a chunk each is forgotten
                self._stocks.clear()
            found = self._stocks[name] = Stock(name, rate, burst)
        else:
            found.configure(rate, burst)
        return found

    def load(self, name: bytes) -> Load:
        """The count of a partner's requests under way. Never forgotten: partners are few."""
        return self._loads.setdefault(name, Load())
