"""What passes between a door and the pipeline: what was asked, what to fetch or run, the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cache_api.hot.marks import Stamp
from cache_api.hot.problems import CONTENT_TYPE, Problem
from cache_api.rules.events import UsageEvent

JSON = b"application/json"
CACHE, EVENTS, TIER = "cache", "events", "tier"
HOME = "home"  # the home region's `events`: purges are made there
Headers = Mapping[bytes, bytes]
Command = tuple[bytes, ...]
Reply = Any  # what the lane's server answers: bytes, a number, a list, or None for nothing
Replies = Sequence[Reply] | None


@dataclass(slots=True)
class Asked:
    """One request as a door received it. Header names are lower case; `now_ms` is Unix time.

    `tail` is what follows a verb's path where that ends in "/"; `query` is raw, without its "?".
    """

    body: bytes
    headers: Headers
    now_ms: int
    tail: str = ""
    query: bytes = b""
    request_id: str = ""  # the caller's own, once the body is read: errors repeat it
    voice: "Voice | None" = None  # set by the pipeline: how this path's refusals are said


@dataclass(slots=True)
class Fetch:
    """Snapshot keys to GET from `events`; give the replies to `snapshot.absorb`, then begin again.

    When `events` does not answer, call `snapshot.outage` and begin again.
    """

    names: list[bytes]


class Work(Protocol):
    """A verb's work in progress: it knows what the replies to its commands mean."""

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> "Run | Answer":
        """The next step. One reply per command; None when the lane did not answer in time.

        `elapsed_us` is the time spent on this request so far. Raises Problem.
        """


@dataclass(slots=True)
class Run:
    """Commands for one lane (`cache`, `tier`, …), one pipeline; then `pipeline.resume`."""

    commands: list[Command]
    work: Work
    where: str = CACHE
    asked: Asked | None = None  # set by the pipeline


@dataclass(slots=True)
class Answer:
    """A finished answer. `events` must be durable before it is sent; `alarms` are to be counted.

    `later` are commands by lane that the door runs afterwards and nobody waits for. `learned` are
    facts (name, value) that this process need not read first: the door absorbs them at once.
    """

    status: int
    body: bytes
    content_type: bytes = JSON
    events: tuple[UsageEvent, ...] = ()
    alarms: tuple[str, ...] = ()
    about: str = ""  # whom the alarms concern, for the log
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    later: tuple[tuple[str, list[Command]], ...] = ()
    learned: tuple[tuple[bytes, bytes], ...] = ()


Step = Fetch | Run | Answer
Voice = Callable[[Answer], Answer]


def plainly(answer: Answer) -> Answer:
    """A refusal as the problem document it is."""
    return answer


def refused(problem: Problem, request_id: str = "") -> Answer:
    """The answer that tells a problem."""
    headers = []
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if problem.retryable:
        headers.append((b"retry-after", b"1"))
    alarms = (problem.alarm,) if problem.alarm else ()
    body = problem.document(request_id)
    return Answer(problem.status, body, CONTENT_TYPE, (), alarms, problem.about, headers)
