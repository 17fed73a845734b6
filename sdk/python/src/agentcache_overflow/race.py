"""One read: who is asked when, and whose answer it is (BEHAVIOUR.md, "A read through a wrapper").

No threads, no event loop, no I/O: a driver (`reading`, `areading`) does what is asked for and tells
what came of it.
"""

import time
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from agentcache_overflow import answer
from agentcache_overflow.answer import Answer
from agentcache_overflow.breaker import Breaker, Budget
from agentcache_overflow.core import Core
from agentcache_overflow.counts import NO_ANSWER
from agentcache_overflow.errors import OverflowFailed
from agentcache_overflow.wire import Named

PRIMARY, OVERFLOW = "primary", "overflow"
MOST_DIVERTED = 10_000


class Primary:
    """What is known of one primary: its name, its breaker, its hedges, what it could not take."""

    def __init__(self, core: Core, name: str) -> None:
        self.core, self.name = core, name
        self.start()
        core.adopt(self)

    def start(self) -> None:
        """Fresh locks and memory."""
        self.breaker, self.budget = Breaker(), Budget(self.core.options.hedge_budget)
        self.diverted: dict[str, None] = {}

    def divert(self, ident: str) -> None:
        """This key's value is in the overflow only."""
        if len(self.diverted) >= MOST_DIVERTED:
            self.diverted.clear()  # found by a miss from then on
        self.diverted[ident] = None


@dataclass(slots=True)
class Race:
    """A read on its way. `final` is its answer, `error` what the caller gets instead."""

    primary: Primary
    named: Named
    final: Answer | None = None
    error: BaseException | None = None
    reason: str = ""
    began: float = field(default_factory=time.monotonic)
    silent: bool = False
    _because: str = ""  # why the primary was not asked at first
    _runs: dict[str, bool] = field(default_factory=dict)  # who was asked: still running?
    _value: Answer | None = None  # what the overflow said
    _failed: BaseException | None = None  # what the primary said

    def begin(self) -> str:
        """Whom to ask first."""
        core, primary = self.primary.core, self.primary
        core.counts.add("calls")
        primary.budget.earn()
        if self.named.ident in primary.diverted:
            self._because = "capacity"
        elif primary.breaker.admits():
            return self._asks(PRIMARY)
        else:
            self._because = primary.breaker.because
        return self._overflow(self._because)

    def still(self) -> str:
        """The threshold has passed and the primary is silent."""
        core, primary = self.primary.core, self.primary
        self.silent = True
        primary.breaker.failed("slow")
        if not primary.breaker.is_open and not primary.budget.take():
            core.counts.add("hedges_capped")
            return ""
        core.counts.add("hedges")
        return self._overflow("slow")

    def told(self, value: Any, *, found: bool) -> str:
        """The primary has answered."""
        if not self.silent and not self._because:
            self.primary.breaker.succeeded()
        self._runs[PRIMARY] = False
        if found:
            self._finish(answer.hit(value, PRIMARY), "primary_hits")
            return ""
        return self._primary_has_nothing("miss")

    def failed(self, error: BaseException) -> str:
        """The primary has failed."""
        if not self.silent and not self._because:
            self.primary.breaker.failed("error")
        self._runs[PRIMARY], self._failed = False, error
        return self._primary_has_nothing("error")

    def refused(self, error: BaseException) -> str:
        """An error that is the caller's own."""
        self._runs[PRIMARY], self.error = False, error
        return ""

    def heard(self, found: Answer) -> str:
        """The overflow has answered, or is not to be asked."""
        self._runs[OVERFLOW], self._value = False, found
        if found.hit:
            # A copy: others may wait for the same lookup.
            self._finish(copy(found), "overflow_hits" if found.answered_by == OVERFLOW else "")
            return ""
        if self.primary.core.options.strict and found.reason in NO_ANSWER:
            self.error = OverflowFailed(found.reason)
            return ""
        if self._because and PRIMARY not in self._runs and self._may_help(found):
            return self._asks(PRIMARY)
        return self._nobody() if not self._runs.get(PRIMARY) else ""

    @property
    def is_over(self) -> bool:
        """Whether there is something to give back."""
        return self.final is not None or self.error is not None

    @property
    def age_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    @property
    def waits_for_silence(self) -> bool:
        """Whether the threshold counts: the primary runs alone."""
        return not self.silent and not self._because and bool(self._runs.get(PRIMARY))

    @property
    def hears(self) -> bool:
        """Whether the overflow is under way."""
        return bool(self._runs.get(OVERFLOW))

    def _may_help(self, found: Answer) -> bool:
        """Whether the primary that was passed over is asked after all."""
        no_answer = found.reason in NO_ANSWER
        if self._because == "capacity" and not no_answer:
            # It is not there any more: another process may have set what does fit.
            self.primary.diverted.pop(self.named.ident, None)
            return True
        return self._because == "slow" or (self._because == "error" and no_answer)

    def _asks(self, who: str) -> str:
        self._runs[who] = True
        return who

    def _overflow(self, reason: str) -> str:
        self.reason = reason
        return self._asks(OVERFLOW)

    def _primary_has_nothing(self, reason: str) -> str:
        if OVERFLOW not in self._runs:
            return self._overflow(reason)
        return self._nobody() if not self._runs[OVERFLOW] else ""

    def _nobody(self) -> str:
        said = answer.miss("") if self._value is None else self._value
        if self._failed is not None and said.reason in NO_ANSWER:
            self.error = self._failed
            return ""
        self._finish(answer.miss(said.reason), "misses")
        return ""

    def _finish(self, found: Answer, counted: str) -> None:
        found.overflow_reason = self.reason
        found.latency_ms = (time.monotonic() - self.began) * 1000
        if counted:
            self.primary.core.counts.add(counted)
        self.final = found

    def metadata(self) -> dict[str, Any]:
        """What the overflow is told of it."""
        waited_ms = round((time.monotonic() - self.began) * 1000, 3)
        told: dict[str, Any] = {"primary": self.primary.name, "reason": self.reason}
        if self.reason != "capacity":
            told["primary_latency"] = waited_ms
        return told
