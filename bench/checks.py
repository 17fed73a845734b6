"""What makes a round count: pure comparisons. A figure from a round that fails one is no figure."""

import hashlib
from collections import Counter
from dataclasses import dataclass


class Untrue(Exception):
    """The round measured something else than what it claims; the text says what differed."""


@dataclass(frozen=True)
class Tally:
    """What the load generator saw of one round.

    `sent` whole requests and `answers`; of these `ok` had status 200, `hits` said so, and `same`
    carried the stored value byte for byte. `broken`: connections refused, reset or timed out.
    """

    seconds: float
    sent: int
    answers: int
    ok: int
    hits: int
    same: int
    broken: int
    p50_us: int
    p99_us: int

    @property
    def per_s(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


def check_answers(tally: Tally, connections: int) -> None:
    """Every answer is a 200, a hit and the stored value. Raises Untrue.

    A generator may end with at most one request under way on each connection.
    """
    if tally.answers == 0:
        raise Untrue("no request was answered: is the server up?")
    if tally.broken:
        raise Untrue(f"{tally.broken} connections broke during the round")
    if not tally.answers == tally.ok == tally.hits:
        raise Untrue(f"{tally.answers} answers, {tally.ok} with 200, {tally.hits} hits")
    if tally.same != tally.answers:
        raise Untrue(f"{tally.answers} answers, but only {tally.same} with the stored value")
    if not 0 <= tally.sent - tally.answers <= connections:
        raise Untrue(
            f"{tally.sent} requests were sent and {tally.answers} answered: {connections} "
            "connections cannot have more under way than one each"
        )


def check_durable(tally: Tally, hit_events: int, other_events: int) -> None:
    """Each request sent left one durable hit event, and nothing else came. Raises Untrue.

    Compared with `sent`, not `answers`: a request under way when the generator hung up is metered
    too, so this is exact.
    """
    if hit_events != tally.sent or other_events:
        raise Untrue(
            f"{tally.sent} requests were sent ({tally.hits} hits answered), but the stream holds "
            f"{hit_events} hit events and {other_events} others of this round"
        )


def check_rows(events: Counter[str], rows: Counter[str]) -> None:
    """The recorder made one row of each event, by `kind:outcome`. Raises Untrue."""
    if events != rows:
        raise Untrue(f"the stream held {dict(events)}, but the event rows are {dict(rows)}")


def check_flat(tally: Tally, asked_upstream: int) -> None:
    """A round of cached answers asked the provider behind nothing. Raises Untrue."""
    if asked_upstream:
        raise Untrue(
            f"{tally.answers} answers, but the provider was asked {asked_upstream} times: "
            "these were not cached"
        )


def check_stored(statuses: Counter[int], wanted: int) -> None:
    """Every response was stored before anything is measured. Raises Untrue."""
    if set(statuses) != {wanted}:
        raise Untrue(f"storing was answered {dict(statuses)} (status: how often), not {wanted}")


def check_body(answer: bytes, value_after: bytes, stored: bytes) -> str:
    """The SHA-256 (hex) of the value inside an answer. Raises Untrue when it is not the stored one.

    `value_after` is the text right before the value; b"" when the value is the whole body.
    """
    rest = answer.partition(value_after)[2] if value_after else answer
    found = hashlib.sha256(rest[: len(stored)]).hexdigest()
    wanted = hashlib.sha256(stored).hexdigest()
    if found != wanted:
        raise Untrue(
            f"the answer's value has SHA-256 {found[:16]}…, the stored one {wanted[:16]}…; "
            f"it begins {answer[:200]!r}"
        )
    return found
