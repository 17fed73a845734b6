"""Why two provider requests are, or are not, the same: member by member, without their text. Pure.

Two passes over at most 20,000 values each (`strictjson` lets no more in): one over what counts, one
over what was sent. A difference in the second alone was normalised away. At most MAX_FIELDS are
described, those that explain a miss first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cache_api.rules import digest, paths
from cache_api.rules.identity import (
    DENIED_BY_API,
    DENYLIST,
    BadRequestMember,
    Identity,
    identify,
)
from cache_api.rules.paths import ABSENT, Gap, Path

MAX_FIELDS = 100
# What a field can be, the most telling first: the order in which fields are listed.
KINDS = (
    "not_canonical",  # no exact canonical form: the request has no digest at all
    "differs",
    "missing_left",
    "missing_right",
    "normalised",  # sent differently, yet the same
    "denied",  # on the denylist: does not count
    "same",
)
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Field:
    """One place in the requests: a JSON pointer, its kind, and the shape of either side."""

    pointer: str
    kind: str
    left: paths.Shape | None  # None: absent
    right: paths.Shape | None


@dataclass(frozen=True, slots=True)
class Side:
    """How one request was understood. `digest` is None when it has no canonical form."""

    api: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """`same` is whether one entry serves both. `left_out`: fields beyond MAX_FIELDS."""

    same: bool
    left: Side
    right: Side
    fields: tuple[Field, ...]
    left_out: int


def explain(left: Any, right: Any) -> Explanation:
    """Compare two provider requests, as parsed. Neither is changed.

    Raises BadRequestMember with a pointer that begins with /left or /right. Shapes of what counts
    are those after normalising; shapes of kind `normalised` and `denied` are those sent.
    """
    found_left, found_right = _identify(left, "/left"), _identify(right, "/right")
    sides = Side(found_left.api, _digest(found_left)), Side(found_right.api, _digest(found_right))
    placed = sorted(
        _all(left, right, found_left, found_right, sides), key=lambda entry: _RANK[entry[0]]
    )
    fields = tuple(
        Field(paths.pointer(path), kind, paths.shape(a), paths.shape(b))
        for kind, (path, a, b) in placed[:MAX_FIELDS]
    )
    same = sides[0].digest is not None and sides[0].digest == sides[1].digest
    return Explanation(same, *sides, fields, max(0, len(placed) - MAX_FIELDS))


def _identify(request: Any, side: str) -> Identity:
    try:
        return identify(request)
    except BadRequestMember as error:
        raise BadRequestMember(side + error.pointer, error.detail) from error


def _digest(found: Identity) -> str | None:
    try:
        return digest.digest(found)
    except digest.NotCanonical:
        return None


def _all(
    left: dict[str, Any],
    right: dict[str, Any],
    found_left: Identity,
    found_right: Identity,
    sides: tuple[Side, Side],
) -> Iterator[tuple[str, Gap]]:
    one_api = found_left.api == found_right.api
    counted_left = _counted(left, found_left, one_api)
    counted_right = _counted(right, found_right, one_api)
    broken: dict[Path, None] = {}
    for side, counted in zip(sides, (counted_left, counted_right), strict=True):
        if side.digest is None:
            broken.update(dict.fromkeys(paths.without_form(counted)))
    for path in broken:
        yield "not_canonical", (path, paths.at(counted_left, path), paths.at(counted_right, path))
    real = [gap for gap in paths.gaps(counted_left, counted_right) if gap[0] not in broken]
    yield from ((_kind(gap), gap) for gap in real)
    denied = _denied(left, right, found_left, found_right)
    for name in denied:
        yield "denied", ((name,), left.get(name, ABSENT), right.get(name, ABSENT))
    sent_left, sent_right = _without(left, denied), _without(right, denied)
    told = [gap[0] for gap in real] + list(broken)
    sent = paths.gaps(sent_left, sent_right)
    yield from (("normalised", gap) for gap in paths.apart_from(sent, told))
    unlike = {path[0] for path in told} | {gap[0][0] for gap in sent}
    for name, value in sent_left.items():
        if name not in unlike:
            yield "same", ((name,), value, sent_right[name])


def _counted(request: dict[str, Any], found: Identity, one_api: bool) -> dict[str, Any]:
    """What counts of a request. Across two APIs nothing sent differently is known to be the same,
    so there the members are taken as they were sent."""
    if one_api:
        return {"provider": found.provider, "model": found.model, **found.params}
    return {
        name: value
        for name, value in request.items()
        if name in found.params or name in ("provider", "model")
    }


def _kind(gap: Gap) -> str:
    _, left, right = gap
    if left is ABSENT:
        return "missing_left"
    return "missing_right" if right is ABSENT else "differs"


def _denied(
    left: dict[str, Any], right: dict[str, Any], found_left: Identity, found_right: Identity
) -> list[str]:
    """Members that count on neither side though somebody sent them."""
    names = set(DENYLIST)
    names |= DENIED_BY_API.get(found_left.api, frozenset())
    names |= DENIED_BY_API.get(found_right.api, frozenset())
    return [
        name
        for name in {**left, **right}
        if name in names and name not in found_left.params and name not in found_right.params
    ]


def _without(request: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in names}
