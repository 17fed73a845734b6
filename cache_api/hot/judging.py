"""What was learnt about wrong semantic hits: one budget state a customer, in the durable store.

There because it must not be evicted: a lost state would serve again what was found wrong. It ends
by itself when nothing was judged for a month.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from cache_api.hot.admit import Caller
from cache_api.hot.keyring import KEY_PREFIX
from cache_api.hot.marks import Stamp, Subject
from cache_api.hot.steps import EVENTS, Answer, Command, Replies, Reply, Run
from cache_api.hot.work import BUDGET, GET
from cache_api.rules.semantic import budget
from cache_api.rules.semantic.budget import State
from cache_api.rules.semantic.policy import Policy

KEEP_MS = b"%d" % (30 * 86_400_000)
PREFIX = b"semantic:"
MAX_TRIES = 4
# Set if it still is what was read; else what it is now.
_SWAP = b"""
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] then return found end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
"""
Then = Callable[[Stamp, int], Run | Answer]


def name_of(subject: Subject) -> bytes:
    """Where a customer's state lies: live and test mode apart, all namespaces together."""
    return name_for(subject.who, subject.customer)


def name_for(who: Caller, customer: str) -> bytes:
    """The same for a caller and one of its customers."""
    scope = who.partner.scope(who.ring, who.key.livemode, customer, "")
    key = who.ring.entry_key(scope, BUDGET, b"")
    return PREFIX + key.removeprefix(KEY_PREFIX).hex().encode("ascii")


def reading(subject: Subject) -> Command:
    """The command that reads the state."""
    return (GET, name_of(subject))


def state_of(policy: Policy, raw: Reply) -> State:
    """The state in a reply. One that cannot be read proves nothing: it begins again, closed."""
    if not raw:
        return budget.begin(policy)
    try:
        return msgspec.json.decode(raw, type=State)
    except msgspec.DecodeError:
        return budget.begin(msgspec.structs.replace(policy, prove_first=True))


@dataclass(slots=True)
class Judgement:
    """One judgement on its way into the state; then the request goes on."""

    name: bytes
    policy: Policy
    similarity_bps: int
    right: bool
    then: Then
    tries: int = 0
    is_read: bool = False

    def run(self) -> Run:
        """Read the state first."""
        return Run([(GET, self.name)], self, EVENTS)

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """Write the new state unless another judgement came between; then try again."""
        is_written = self.is_read and replies is not None and replies[0] is None
        if replies is None or is_written or self.tries == MAX_TRIES:
            return self.then(stamp, elapsed_us)  # one judgement less is no harm
        self.is_read = True
        self.tries += 1
        before = replies[0] or b""
        state = budget.judged(
            self.policy,
            state_of(self.policy, before),
            self.similarity_bps,
            right=self.right,
        )
        after = msgspec.json.encode(state)
        return Run([(b"EVAL", _SWAP, b"1", self.name, before, after, KEEP_MS)], self, EVENTS)


def judgement(
    subject: Subject, similarity_bps: int, *, right: bool, then: Then
) -> Judgement | None:
    """A judgement to be written down, or None where the partner has no semantic matching (more)."""
    policy = subject.who.partner.semantic
    if policy is None:
        return None
    return Judgement(name_of(subject), policy, similarity_bps, right, then)
