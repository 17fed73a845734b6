"""Feedback events: from "this hit was wrong" to a correction with that hit's numbers. Pure.

An edge only knows the id of the hit and what is said of it (in `reason`): wrong, or unused, which
is no judgement: the answer came, but another one was taken. A correction carries the hit's
dimensions, its numbers and its time, so that it is subtracted where the hit was added; its id
follows from the hit's, so that it exists once.
"""

import hashlib
from uuid import UUID

import msgspec

from cache_api.rules.events import UsageEvent
from tenants.rules.ids import uuid7_at

# A hit's outcome → that of its correction. Queries subtract all of these from hits.
WRONG = {"hit": "wrong_hit", "semantic_hit": "wrong_semantic_hit"}
UNUSED = {"hit": "unused_hit", "semantic_hit": "unused_semantic_hit"}
TAKEN_BACK = (*WRONG.values(), *UNUSED.values())
_UNUSED_MARK = "unused "


def said(hit_id: UUID, *, unused: bool) -> str:
    """The `reason` of a feedback event."""
    return f"{_UNUSED_MARK if unused else ''}{hit_id}"


def speaks_of(event: UsageEvent) -> UUID | None:
    """The hit that a feedback event is about; None for any other event or an unreadable id."""
    if event.kind != "feedback" or event.outcome != "unmatched":
        return None
    try:
        return UUID(event.reason.removeprefix(_UNUSED_MARK))
    except ValueError:
        return None


def may_be_spoken_of(event: UsageEvent) -> bool:
    """Whether feedback can fit this event."""
    return event.kind == "lookup" and event.outcome in WRONG


def correction(feedback: UsageEvent, hit: UsageEvent | None) -> UsageEvent:
    """What is recorded for feedback: the correction, or the feedback as it is (it counts nothing).

    It fits only a hit of the same partner, customer and mode.
    """
    if hit is None or hit.outcome not in WRONG or _whose(feedback) != _whose(hit):
        return feedback
    words = UNUSED if feedback.reason.startswith(_UNUSED_MARK) else WRONG
    return msgspec.structs.replace(
        feedback,
        event_id=correction_id(hit.event_id),
        outcome=words[hit.outcome],
        quantity=1,
        provider=hit.provider,
        model=hit.model,
        tokens_in=hit.tokens_in,
        tokens_out=hit.tokens_out,
        bytes=hit.bytes,
        namespace=hit.namespace,
        cost_saved_micros=hit.cost_saved_micros,
        price_version=hit.price_version,
        region=hit.region,
        latency_us=None,
    )


def correction_id(hit_id: UUID) -> UUID:
    """The id of a hit's only correction, at the hit's own time: what is said first counts."""
    return uuid7_at(hit_id.int >> 80, hashlib.sha256(b"feedback\0" + hit_id.bytes).digest())


def _whose(event: UsageEvent) -> tuple[UUID, str, bool]:
    return event.partner_id, event.customer, event.livemode
