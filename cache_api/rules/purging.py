"""Purges as floors: a number below which whatever a selector matches is gone. Pure.

A partner's purges are numbered. An entry keeps the number its writer knew; a purge leaves a floor
under its selector. An entry is purged when its number is below the floor of any selector that
matches it, so no two clocks are ever compared and no entry need be found.

A floor's name is `live|hard|plain` and then the selector, `|model=gpt-4|tag=faq`, values
percent-encoded: mode of the key, how, whether an age bounds it, and what must all match.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple
from urllib.parse import quote, unquote

SELECTORS = ("customer", "namespace", "model", "provider", "tag", "key")
MAX_FLOORS = 1_000  # beyond them, a partner's floors become one for everything
# The newest floors of single keys stay as long as any other; older ones while they are young, up to
# a number. What was made of an entry before its purge (a store, a copy) is written by then.
MAX_KEY_FLOORS, MOST_KEY_FLOORS = 200, 2_000
DAY_MS = 86_400_000
# Longer than any entry can live: the platform's cap of 30 days and the longest `max_stale`.
FLOOR_MS = 40 * DAY_MS
YOUNG_MS = 60_000
# A store that took longer from its request to its writing is refused: half of what floors last.
STORE_MS = YOUNG_MS // 2
KEPT, GONE = 0, -1
Selector = Mapping[str, str]


class Floor(NamedTuple):
    """What a purge left: entries numbered below `seq` (and made before `cutoff_ms`, if not 0)."""

    seq: int
    at_ms: int
    cutoff_ms: int
    soft: bool


class Facts(NamedTuple):
    """What floors are compared with: an entry's own words and those of the place it lies in."""

    customer: str
    namespace: str
    model: str
    provider: str
    tags: Mapping[str, str]
    key: bytes


# By the names that a selector has, the values they must have: a few lookups whatever the number.
Table = dict[tuple[str, ...], dict[tuple[str, ...], list[Floor]]]


def name(selector: Selector, *, livemode: bool, soft: bool, aged: bool) -> str:
    """A floor's name; equal selectors have equal names."""
    head = ("live" if livemode else "test", "soft" if soft else "hard", "aged" if aged else "plain")
    rest = (f"{one}={quote(selector[one], safe='')}" for one in SELECTORS if one in selector)
    return "|".join((*head, *rest))


def tables(floors: Mapping[str, tuple[int, int, int]]) -> dict[bool, Table]:
    """Floors by live or test mode, ready to be compared. Raises ValueError for a strange name."""
    found: dict[bool, Table] = {True: {}, False: {}}
    for text, (seq, at_ms, cutoff_ms) in floors.items():
        mode, how, _, *parts = text.split("|")
        pairs = [part.split("=", 1) for part in parts]
        shape = tuple(pair[0] for pair in pairs)
        values = tuple(unquote(pair[1]) for pair in pairs)
        floor = Floor(seq, at_ms, cutoff_ms, how == "soft")
        found[mode == "live"].setdefault(shape, {}).setdefault(values, []).append(floor)
    return found


def purged_at_ms(table: Table, seq: int, created_at_ms: int, facts: Facts) -> int:
    """KEPT, GONE (hard), or since when the entry is only good as a stale one (soft)."""
    since_ms = KEPT
    for shape, by_values in table.items():
        for values in _values(shape, facts):
            for floor in by_values.get(values, ()):
                if seq >= floor.seq or (floor.cutoff_ms and created_at_ms >= floor.cutoff_ms):
                    continue
                if not floor.soft:
                    return GONE
                since_ms = min(since_ms or floor.at_ms, floor.at_ms)
    return since_ms


def tag_names(tags: Mapping[str, str]) -> Iterator[str]:
    """How a tag can be named in a selector: by its name, or by name and text."""
    for tag, text in tags.items():
        yield tag
        if text:
            yield f"{tag}={text}"


def _values(shape: tuple[str, ...], facts: Facts) -> Iterable[tuple[str, ...]]:
    return product(*(_words(selector, facts) for selector in shape))


def _words(selector: str, facts: Facts) -> Iterable[str]:
    if selector == "tag":
        return tag_names(facts.tags)
    if selector == "key":
        return (facts.key.hex(),)
    return (getattr(facts, selector, ""),)
