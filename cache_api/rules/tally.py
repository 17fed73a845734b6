"""What is counted of recorded events for monitoring: answers by kind, and how long they took. Pure.

Fields of one hash of counters that only grow, in each region's durable store (`KEY`):
`answers:OUTCOME:REASON`, `took:OUTCOME:BUCKET` (a bucket of `histogram`) and `took_us:OUTCOME`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cache_api.rules import histogram
from cache_api.rules.events import UsageEvent
from cache_api.rules.reports import OutcomeLatency

KEY = "usage:tally"


@dataclass(frozen=True)
class Tally:
    """`answers` by outcome and reason ("" for none); `took`: one row per outcome that was timed."""

    answers: dict[tuple[str, str], int]
    took: tuple[OutcomeLatency, ...]


NOTHING = Tally({}, ())


def tally(events: Iterable[UsageEvent]) -> Counter[str]:
    """How much to add to which field. Feedback is no answer, and its reasons are hits' ids."""
    answers: Counter[tuple[str, str]] = Counter()
    took: Counter[tuple[str, int]] = Counter()
    spent: Counter[str] = Counter()
    for one in events:
        if one.kind == "feedback":
            continue
        answers[one.outcome, one.reason] += one.quantity
        if one.latency_us is not None:
            took[one.outcome, histogram.index(one.latency_us)] += one.quantity
            spent[one.outcome] += one.latency_us * one.quantity
    return Counter({
        **{f"answers:{outcome}:{reason}": n for (outcome, reason), n in answers.items()},
        **{f"took:{outcome}:{bucket}": n for (outcome, bucket), n in took.items()},
        **{f"took_us:{outcome}": n for outcome, n in spent.items()},
    })  # fmt: skip


def read(raw: Mapping[bytes, bytes]) -> Tally:
    """The hash as figures. What another version wrote is left out."""
    answers: dict[tuple[str, str], int] = {}
    buckets: dict[str, list[int]] = {}
    spent: dict[str, int] = {}
    for name, value in raw.items():
        kind, _, rest = name.decode().partition(":")
        outcome, _, which = rest.partition(":")
        if kind == "answers":
            answers[outcome, which] = int(value)
        elif kind == "took_us":
            spent[outcome] = int(value)
        elif kind == "took" and which.isdecimal() and int(which) < histogram.BUCKETS:
            buckets.setdefault(outcome, histogram.empty())[int(which)] = int(value)
    took = [OutcomeLatency(name, buckets[name], spent.get(name, 0)) for name in sorted(buckets)]
    return Tally(answers, tuple(took))
