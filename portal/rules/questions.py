"""What the usage explorer is asked: everything in its address, read once, and written back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from portal.rules.ranges import COMPARE, BadRange, Range, compared, in_units, parse_range
from tenants.rules.sayings import Said

ROLLED_UP = ("customer", "model", "provider", "region")
FROM_EVENTS = ("key", "tag", "overflow", "reason")
DIMENSIONS = (*ROLLED_UP, *FROM_EVENTS)
SORTS = ("lookups", "hits", "saved", "bytes")
TOPS = (5, 10, 25, 50)
ONLY = ("model", "provider", "region")
# What the address leaves out, because it is meant without it.
DEFAULTS = {"compare": COMPARE[0], "by": "model", "sort": SORTS[0], "top": "10"}
LONGEST_LABEL = 300


class BadQuestion(ValueError):
    """A part of the address that the explorer does not know; says which and what it may be."""


@dataclass(frozen=True)
class Question:
    """A range in buckets, what it is compared with, and how its usage is cut.

    `only` are the models, providers and regions it is narrowed to; `tag` names the tag of
    `by=tag`; `customer` is an external id, '' for all.
    """

    range: Range
    compare: str
    by: str
    tag: str
    sort: str
    top: int
    only: Mapping[str, str]
    customer: str = ""

    @property
    def from_events(self) -> bool:
        """Whether it needs single events: rollups do not hold what it groups by."""
        return self.by in FROM_EVENTS

    @property
    def query(self) -> str:
        """The address that asks the same: only what differs from a plain one, in a fixed order."""
        return urlencode([("range", self.range.key), *self.carried])

    @property
    def carried(self) -> list[tuple[str, str]]:
        """Everything but the range: what another range keeps."""
        given = {
            "unit": self.range.granularity, "compare": self.compare, "by": self.by,
            "tag": self.tag, "sort": self.sort, "top": str(self.top), "customer": self.customer,
            **self.only,
        }  # fmt: skip
        return [(name, text) for name, text in given.items() if text and DEFAULTS.get(name) != text]


def read_question(
    given: Mapping[str, str], now: datetime, *, dimensions: tuple[str, ...] = DIMENSIONS
) -> Question:
    """The question in the members of an address, as of `now`.

    `from` and `until` (UTC days, both included) stand for a range, as a form sends them. A bucket
    that the range is too long or too short for gives way to the range's own. Raises BadQuestion
    naming the member and what it may be.
    """
    days = [given.get(name, "") for name in ("from", "until")]
    try:
        window = parse_range("..".join(days) if all(days) else given.get("range", ""), now)
        window = compared(window, given.get("compare") or COMPARE[0])
        window = in_units(window, given.get("unit") or window.granularity)
    except BadRange as error:
        raise BadQuestion(str(error)) from error
    return Question(
        range=window,
        compare=given.get("compare") or COMPARE[0],
        by=_one_of("by", given, dimensions),
        tag=_label("tag", given),
        sort=_one_of("sort", given, SORTS),
        top=int(_one_of("top", given, tuple(map(str, TOPS)))),
        only={name: text for name in ONLY if (text := _label(name, given))},
        customer=given.get("customer", ""),
    )


def _one_of(name: str, given: Mapping[str, str], known: tuple[str, ...]) -> str:
    text = given.get(name) or DEFAULTS[name]
    if text not in known:
        raise BadQuestion(
            Said(
                "%(name)s=%(text)s is unknown: use one of %(known)s.",
                name=name,
                text=f"{text!r}",
                known=", ".join(known),
            )
        )
    return text


def _label(name: str, given: Mapping[str, str]) -> str:
    text = given.get(name, "")
    if len(text) > LONGEST_LABEL or (text and not text.isprintable()):
        raise BadQuestion(
            Said(
                "%(name)s must be at most %(most)s printable characters, not %(text)s.",
                name=name,
                most=LONGEST_LABEL,
                text=f"{text[:40]!r}",
            )
        )
    return text
