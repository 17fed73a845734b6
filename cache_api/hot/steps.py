"""What the pipeline hands a door: facts to fetch, commands to run, or the finished answer."""

from dataclasses import dataclass, field
from typing import Any

from cache_api.hot.problems import CONTENT_TYPE, Problem
from cache_api.rules.events import UsageEvent

JSON = b"application/json"
Command = tuple[bytes, ...]
Reply = bytes | None


@dataclass(slots=True)
class Fetch:
    """Snapshot keys to GET from `events`; give the replies to `snapshot.absorb`, then plan again.

    When `events` does not answer, call `snapshot.outage` and plan again.
    """

    names: list[bytes]


@dataclass(slots=True)
class Run:
    """Commands for `cache`, one pipeline; give the replies (None: no answer) to `conclude`."""

    commands: list[Command]
    plan: Any  # LookupPlan or StorePlan: conclude knows what to do with it


@dataclass(slots=True)
class Answer:
    """A finished answer. `event` must be durable before it is sent; `alarms` are to be counted."""

    status: int
    body: bytes
    content_type: bytes = JSON
    event: UsageEvent | None = None
    alarms: tuple[str, ...] = ()
    about: str = ""  # whom the alarms concern, for the log
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


Step = Fetch | Run | Answer


def refused(problem: Problem, request_id: str = "") -> Answer:
    """The answer that tells a problem."""
    headers = []
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if problem.retryable:
        headers.append((b"retry-after", b"1"))
    alarms = (problem.alarm,) if problem.alarm else ()
    body = problem.document(request_id)
    return Answer(problem.status, body, CONTENT_TYPE, None, alarms, problem.about, headers)
