"""Lookups a customer may make in a UTC day and month: beyond them a lookup is a miss, or refused.

Counted for all regions in the home's `events`, which forgets nothing, by one atomic script, in
chunks: a process takes up to 100 lookups (a thousandth of the smaller quota) at a time. Never more
than the quota is let through while the home answers; less by one chunk per process at most, when a
process or a day ends with a chunk unused. While it is away everything is let through and counted
later: we sit in front of production. Test mode is counted apart.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from cache_api.hot.admit import Caller
from cache_api.hot.facts import Quota
from cache_api.hot.problems import Problem
from cache_api.hot.steps import HOME, Asked, Command, Fetch, Replies
from cache_api.hot.stock import ASKED_MS, REMEMBERED

OVER = "quota"
PREFIX = b"quota:"
DAY_MS = 86_400_000
RETRY_MS = 1_000
_KEEP_S = (b"172800", b"2764800")  # two days; a month and a day
_NONE = b"-1"

# KEYS: counters. ARGV: wanted, owed from before, then (limit or -1, seconds to keep) per counter.
# → granted, and the number of the counter that granted less than was wanted (0: none).
TAKE = b"""
local granted, short = tonumber(ARGV[1]), 0
for i, key in ipairs(KEYS) do
  local used = redis.call('INCRBY', key, ARGV[2])
  redis.call('EXPIRE', key, ARGV[2 + 2 * i])
  local limit = tonumber(ARGV[1 + 2 * i])
  if limit >= 0 and limit - used < granted then
    granted, short = math.max(0, limit - used), i
  end
end
for _, key in ipairs(KEYS) do redis.call('INCRBY', key, granted) end
return {granted, short}
"""


class Allowance:
    """What is left of the last chunk of one customer's quota."""

    __slots__ = (
        "alone_until_ms", "asked_until_ms", "chunk", "closed_until_ms", "day", "left", "name",
        "owed", "quota", "short",
    )  # fmt: skip

    def __init__(self, name: bytes, quota: Quota) -> None:
        self.name = name
        self.day = self.left = self.owed = 0
        self.closed_until_ms = self.alone_until_ms = self.asked_until_ms = 0
        self.short = 1  # which counter is used up: 1 the day's, 2 the month's
        self.configure(quota)

    def configure(self, quota: Quota) -> None:
        """Another quota counts at once."""
        smaller = min(limit for limit in (quota.day, quota.month) if limit is not None)
        self.quota, self.chunk = quota, max(1, min(100, smaller // 1000))

    def spend(self, now_ms: int) -> bool | None:
        """Count one lookup: True within the quota, False beyond it, None to ask first."""
        day = now_ms // DAY_MS
        if day != self.day:
            self.day, self.left, self.closed_until_ms = day, 0, 0
        if self.left > 0:
            self.left -= 1
            return True
        if now_ms < self.closed_until_ms:
            return False
        if now_ms < self.alone_until_ms:
            self.owed += 1
            return True
        return None

    def fetch(self, now_ms: int) -> Fetch:
        """The way to the next chunk; to one lookup while another's chunk is on its way."""
        owed, self.owed = self.owed, 0
        want = 1 if now_ms < self.asked_until_ms else self.chunk
        self.asked_until_ms = now_ms + ASKED_MS

        def absorb(replies: Replies) -> None:
            self.asked_until_ms = 0
            if replies is None:
                self.owed += owed
                self.alone_until_ms = now_ms + RETRY_MS
                return
            granted, self.short = replies[0]
            self.left += granted
            if not granted:
                self.closed_until_ms = now_ms + RETRY_MS  # a raised quota works a moment later

        return Fetch([self._command(now_ms, want, owed)], absorb, HOME)

    def ends_in_s(self, now_ms: int) -> int:
        """Seconds until the used-up day or month is over."""
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.short == 2:
            end = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        else:
            end = start + timedelta(days=1)
        return max(1, int((end - now).total_seconds()))

    def _command(self, now_ms: int, want: int, owed: int) -> Command:
        day = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%d").encode("ascii")
        numbers = []
        for limit, keep_s in zip((self.quota.day, self.quota.month), _KEEP_S, strict=True):
            numbers += [_NONE if limit is None else b"%d" % limit, keep_s]
        counters = (self.name + day, self.name + day[:6])
        return (b"EVAL", TAKE, b"2", *counters, b"%d" % want, b"%d" % owed, *numbers)


def spend(who: Caller, customer: str, asked: Asked) -> str | Fetch:
    """Count a lookup of a customer: "" within its quota, OVER beyond it, a Fetch to ask first.

    Raises Problem where the customer's own setting is to be stopped hard.
    """
    quota = who.partner.quotas.get(customer)
    if quota is None or (quota.day is None and quota.month is None):
        return ""
    allowance = _allowance(who, customer, quota)
    within = allowance.spend(asked.now_ms)
    if within is None:
        return allowance.fetch(asked.now_ms)
    if within:
        return ""
    if not quota.hard:
        return OVER
    period = ("day", "month")[allowance.short - 1]
    raise Problem(
        "quota-exceeded",
        f"This customer's lookups of the {period} are used up.",
        reason=period,
        retry_after_s=allowance.ends_in_s(asked.now_ms),
        members={"violated-policies": [period]},
    )


def _allowance(who: Caller, customer: str, quota: Quota) -> Allowance:
    known: dict[bytes, Any] = who.site.stocks.allowances
    mode = b":live:" if who.key.livemode else b":test:"
    # One hash slot for both counters, were `events` ever a cluster.
    owner = str(who.partner.partner_id).encode("ascii") + mode + customer.encode("utf-8")
    found: Allowance | None = known.get(owner)
    if found is None:
        if len(known) >= REMEMBERED:
            known.clear()
        found = known[owner] = Allowance(PREFIX + b"{" + owner + b"}:", quota)
    elif found.quota is not quota:
        found.configure(quota)
    return found
