"""Answer bodies, put together from bytes: the stored response goes in as it came."""

from datetime import UTC, datetime
from functools import lru_cache

import orjson

from cache_api.hot.envelope import Entry
from cache_api.hot.facts import PartnerFacts
from cache_api.hot.keyring import KEY_PREFIX
from cache_api.hot.marks import Subject
from cache_api.hot.steps import JSON, Answer
from cache_api.hot.telling import Telling
from cache_api.rules.events import UsageEvent

_ID_FROM = len(KEY_PREFIX)


def hit(
    subject: Subject, entry: Entry, said: bytes, event: UsageEvent, entry_key: bytes
) -> Telling:
    """200 with the stored response as it is said here. `entry.id` names the entry in feedback."""
    start = b'{"hit":true,"response":%b,"latency":' % said
    billing, end = _around_id(subject, event)
    middle = b"".join(
        (
            b',"source":"',
            subject.who.partner.look.source,
            b'","cost_saved":',
            _dollars(event.cost_saved_micros),
            b',"status":"',
            event.outcome.encode("ascii"),
            b'"',
            *_similarity(event, subject),
            b',"entry":',
            entry_of(entry_key, entry),
            billing,
        )
    )

    return Telling(start, middle, end, JSON)


def told(telling: Telling, event_id: bytes, elapsed_us: int, fields: bytes) -> Answer:
    """A hit's answer, still without its event. `event_id` as text."""
    body, fields = telling.body(event_id, elapsed_us), fields + telling.line(event_id)
    return Answer(200, body, telling.content_type, fields=fields)


def entry_of(entry_key: bytes, entry: Entry) -> bytes:
    """An entry as it is named to callers, JSON: the same bytes as long as it is the same entry."""
    return b"".join(
        (
            b'{"id":"',
            entry_key[_ID_FROM:].hex().encode("ascii"),
            b'","created_at":"',
            _instant(entry.meta.created_at_ms),
            b'","expires_at":"',
            _instant(entry.meta.expires_at_ms),
            b'"}',
        )
    )


def miss(subject: Subject, event: UsageEvent, elapsed_us: int, lease: bytes = b"") -> bytes:
    """200 as well: a miss is not an error. The reason is a plain word of ours; `lease` is JSON."""
    return b"".join(
        (
            b'{"hit":false,"response":null,"latency":',
            _milliseconds(elapsed_us),
            b',"source":"',
            subject.who.partner.look.source,
            b'","cost_saved":0,"status":"miss","reason":"',
            event.reason.encode("ascii"),
            b'","lease":' + lease if lease else b'"',
            _tail(subject, event),
        )
    )


def stored(
    subject: Subject, entry: Entry, outcome: str, cache_key: str, event: UsageEvent
) -> bytes:
    """201 or 200: under which key, until when."""
    meta = entry.meta
    return b"".join(
        (
            b'{"stored":true,"status":"',
            outcome.encode("ascii"),
            b'","cache_key":',
            orjson.dumps(cache_key),
            b',"expires_at":"',
            _instant(meta.expires_at_ms),
            b'","ttl":',
            b"%d" % max(0, (meta.expires_at_ms - subject.now_ms) // 1000),
            b',"bytes":',
            b"%d" % len(entry.response),
            _tail(subject, event),
        )
    )


def not_stored(subject: Subject) -> bytes:
    """200 as well: the caller itself asked to keep nothing. Nothing happened, so no event."""
    start = b'{"stored":false,"status":"bypass","reason":"no_store"'
    return b"".join((start, *_request_id(subject), b"}"))


def _tail(subject: Subject, event: UsageEvent) -> bytes:
    """`billing`, region and request id: what every answer ends with."""
    start, end = _around_id(subject, event)
    return start + str(event.event_id).encode("ascii") + end


def _around_id(subject: Subject, event: UsageEvent) -> tuple[bytes, bytes]:
    """The same, before and after the event's id."""
    # A customer's key does not learn what the partner earns.
    start = _billing(subject.who.partner, with_share=subject.who.key.customer is None)
    parts = [b'"}']
    if event.region:
        parts += (b',"region":', orjson.dumps(event.region))
    parts += _request_id(subject)
    parts.append(b"}")
    return start, b"".join(parts)


def _request_id(subject: Subject) -> tuple[bytes, ...]:
    told = subject.request_id
    return (b',"request_id":', orjson.dumps(told)) if told else ()


def _billing(partner: PartnerFacts, *, with_share: bool) -> bytes:
    known: dict[bool, bytes] = partner.__dict__.setdefault("_billing", {})
    found = known.get(with_share)
    if found is None:
        members: dict[str, object] = {"partner_id": partner.slug}
        if with_share:
            members["revenue_share"] = partner.partner_share_bps / 10_000
        members["currency"] = "USD"
        found = b',"billing":' + orjson.dumps(members)[:-1] + b',"event_id":"'
        known[with_share] = found
    return found


def _similarity(event: UsageEvent, subject: Subject) -> tuple[bytes, ...]:
    if event.outcome != "semantic_hit":
        return ()
    return (b',"similarity":%.4f' % (subject.similarity_bps / 10_000),)


def _milliseconds(elapsed_us: int) -> bytes:
    return b"%d.%03d" % divmod(elapsed_us, 1000)


def _dollars(micros: int) -> bytes:
    dollars = (b"%d.%06d" % divmod(micros, 1_000_000)).rstrip(b"0")
    return dollars + b"0" if dollars.endswith(b".") else dollars


@lru_cache(maxsize=10_000)
def _instant(unix_ms: int) -> bytes:
    at = datetime.fromtimestamp(unix_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode("ascii")
