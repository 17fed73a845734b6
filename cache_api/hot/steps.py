"""What passes between a door and the pipeline: what was asked, what to fetch or run, the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cache_api.hot.look import DEFAULT, NO_STORE, Look
from cache_api.hot.problems import CONTENT_TYPE, Problem

if TYPE_CHECKING:
    from cache_api.hot.limits import Gate
    from cache_api.hot.marks import Stamp

JSON = b"application/json"
CACHE, EVENTS, TIER, EMBEDDER = "cache", "events", "tier", "embedder"
HOME = "home"  # the home region's `events`: purges are made there
Headers = Mapping[bytes, bytes]
Command = tuple[bytes, ...]
Reply = Any  # what the lane's server answers: bytes, a number, a list, or None for nothing
Replies = Sequence[Reply] | None
Mark = tuple[int, bytes]  # a usage event: its place in the process's row, its bytes in the stream


@dataclass(slots=True)
class Heard:
    """What came of a request's headers, kept by a door that meets the same ones again.

    `caller` is `admit.name_of` them. `said` is what the body's reading depends on besides the body,
    under the facts of `key` and `partner`.
    """

    caller: bytes
    said: tuple[object, ...] = ()
    key: object = None
    partner: object = None


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
    gate: "Gate | None" = None  # the limits it was counted in by; the door lets it `leave`
    look: Look | None = None  # whose brand the answer bears, once the partner is known
    heard: Heard | None = None  # from a door that met the same headers before


@dataclass(slots=True)
class Fetch:
    """What must be read before a request can begin: facts from `events`, tokens of a limit.

    Run the commands on the lane, call `absorb` with the replies (None: no answer in time), and
    begin again.
    """

    commands: list[Command]
    absorb: Callable[[Replies], None]
    where: str = EVENTS


class Work(Protocol):
    """A verb's work in progress: it knows what the replies to its commands mean."""

    def conclude(self, replies: Replies, stamp: "Stamp", elapsed_us: int) -> "Run | Answer":
        """The next step. One reply per command; None when the lane did not answer in time.

        `elapsed_us` is the time spent on this request so far. Raises Problem.
        """


class Apart(list[Command]):
    """Commands of several who do with their own part of the replies, LOST where there was none.

    Only a store that is several servers gives parts; any other answers all of them or none.
    """


LOST = object()


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

    `fields` are header lines as bytes, each with its CRLF: what is formatted at once. `later` are
    commands by lane that the door runs afterwards and nobody waits for. `learned` are facts (name,
    value) that this process need not read first: the door absorbs them at once.
    """

    status: int
    body: bytes
    content_type: bytes = JSON
    events: tuple[Mark, ...] = ()
    alarms: tuple[str, ...] = ()
    about: str = ""  # whom the alarms concern, for the log
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    later: tuple[tuple[str, list[Command]], ...] = ()
    learned: tuple[tuple[bytes, bytes], ...] = ()
    fields: bytes = b""

    def field_pairs(self) -> list[tuple[bytes, bytes]]:
        """`fields` in pairs."""
        lines = self.fields.split(b"\r\n")[:-1]
        return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]

    def all_headers(self) -> list[tuple[bytes, bytes]]:
        """`headers` and `fields` in pairs, for a door that takes them so."""
        return [*self.headers, *self.field_pairs()]


Step = Fetch | Run | Answer
Voice = Callable[[Answer], Answer]


def plainly(answer: Answer) -> Answer:
    """A refusal as the problem document it is."""
    return answer


def refused(problem: Problem, request_id: str = "", look: Look | None = None) -> Answer:
    """The answer that tells a problem; without a `look`, to somebody nobody knows."""
    headers = []
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if problem.retryable:
        headers.append((b"retry-after", b"%d" % problem.retry_after_s))
    alarms = (problem.alarm,) if problem.alarm else ()
    body = problem.document(request_id, look or DEFAULT)
    fields = problem.fields + (look.problem(problem.code) if look else NO_STORE)
    return Answer(
        problem.status, body, CONTENT_TYPE, (), alarms, problem.about, headers, fields=fields
    )
