"""What a client sends, and which events an answer has promised. Pure."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

PATHS = {
    "lookup": "/api/overflow", "store": "/api/overflow/store", "batch": "/api/overflow/batch",
    "purge": "/api/overflow/purge", "feedback": "/api/overflow/feedback",
}  # fmt: skip
# Of a hundred requests.
MIX = {"lookup": 55, "store": 20, "batch": 10, "purge": 5, "feedback": 10}
KEYS, CUSTOMERS, BATCH = 40, 5, 4


@dataclass(frozen=True)
class Request:
    """One request; `events`: how many usage events it can make."""

    kind: str
    body: dict[str, Any]
    events: int = 1

    @property
    def path(self) -> str:
        """Where it goes."""
        return PATHS[self.kind]


@dataclass(frozen=True)
class Promise:
    """What an answer says will be billed. `hits`: of lookups that hit, with their customer.

    `corrections`: the hit that feedback took back → the id that the answer named.
    """

    events: tuple[UUID, ...] = ()
    hits: tuple[tuple[UUID, str], ...] = ()
    corrections: dict[UUID, UUID] = field(default_factory=dict)
    refused: int = 0  # items of a batch that were told to come again
    wrong: str = ""  # an answer that nothing explains


def choose(dice: random.Random, hits: list[tuple[UUID, str]]) -> Request:
    """The next request of a client; feedback takes one of its `hits` away."""
    [kind] = dice.choices(list(MIX), list(MIX.values()))
    if kind == "feedback" and not hits:
        kind = "lookup"
    if kind == "batch":
        items = [
            {"op": op, **_member(dice, op)} for op in dice.choices(("lookup", "store"), k=BATCH)
        ]
        return Request(kind, {"items": items}, BATCH)
    if kind == "feedback":
        hit, customer = hits.pop(dice.randrange(len(hits)))
        wrong = dice.random() < 0.5
        said = {"correct": False} if wrong else {"reason": "unused"}
        return Request(kind, {"event_id": str(hit), "customer_id": customer, **said})
    if kind == "purge":
        return Request(kind, _purge(dice), 0)
    return Request(kind, _member(dice, kind))


def promised(request: Request, status: int, body: dict[str, Any]) -> Promise:
    """What an answered request has promised."""
    if request.kind == "batch" and status == 200:
        return _of_batch(request, body["items"])
    if status not in (200, 201, 202):
        return Promise(wrong=f"{request.kind} {status} {json.dumps(body)[:200]}")
    if request.kind == "purge":
        return Promise()
    if request.kind == "feedback":
        return Promise(corrections={UUID(body["event_id"]): UUID(body["correction_id"])})
    return _of_one(request.body, body)


def _of_batch(request: Request, items: list[dict[str, Any]]) -> Promise:
    parts = list(_parts(request, items))
    return Promise(
        tuple(event for part in parts for event in part.events),
        tuple(hit for part in parts for hit in part.hits),
        refused=sum(part.refused for part in parts),
        wrong="; ".join(part.wrong for part in parts if part.wrong),
    )


def _parts(request: Request, items: list[dict[str, Any]]) -> Iterator[Promise]:
    for asked, told in zip(request.body["items"], items, strict=True):
        if told["status"] in (200, 201):
            yield _of_one(asked, told["body"])
        elif told["status"] == 503:
            yield Promise(refused=1)
        else:
            yield Promise(wrong=f"item {json.dumps(told)[:200]}")


def _of_one(asked: dict[str, Any], body: dict[str, Any]) -> Promise:
    event = UUID(body["billing"]["event_id"])
    hits = ((event, asked["customer_id"]),) if body.get("hit") else ()
    return Promise((event,), hits)


def _member(dice: random.Random, op: str) -> dict[str, Any]:
    who = {"customer_id": f"customer-{dice.randrange(CUSTOMERS)}",
           "cache_key": f"key-{dice.randrange(KEYS)}"}  # fmt: skip
    if op == "lookup":
        return who
    text = str(dice.getrandbits(64)) * 10
    return {**who, "response": {"answer": text}, "tags": ["soak"], "ttl": 600}


def _purge(dice: random.Random) -> dict[str, Any]:
    who = {"customer_id": f"customer-{dice.randrange(CUSTOMERS)}"}
    return who | ({"tags": ["soak"]} if dice.random() < 0.3
                  else {"cache_key": f"key-{dice.randrange(KEYS)}"})  # fmt: skip
