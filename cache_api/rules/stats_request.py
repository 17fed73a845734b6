"""What `GET /api/overflow/stats` is asked: its query parameters, checked and rounded. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from cache_api.rules import spans, windows

BY = ("model", "customer", "region", "provider", "outcome")
GRANULARITIES = ("hour", "day")
PARAMETERS = ("start", "end", "granularity", "by", "customer")
USUAL = timedelta(hours=24)
LONGEST = timedelta(days=400)
MAX_CUSTOMER = 200
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class BadParameter(ValueError):
    """A query parameter that cannot be used; `name` is which, the text says what to send."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name


@dataclass(frozen=True)
class StatsRequest:
    """A period [start, end) of whole UTC hours or days, and how its usage is laid out."""

    start: datetime
    end: datetime
    granularity: str
    by: str
    customer: str | None


def read(query: bytes, now: datetime) -> StatsRequest:
    """The parameters of a raw query string. Raises BadParameter.

    The last 24 hours unless said otherwise. The period is widened to whole hours, or to whole days
    where it is longer than seven, older than hours are kept, or `granularity` is `day`: `start` and
    `end` say what was counted.
    """
    given = _members(query)
    end = _instant(given, "end", now) or now
    start = _instant(given, "start", now) or end - USUAL
    if start >= end:
        raise BadParameter("start", f"start ({_text(start)}) must be before end ({_text(end)}).")
    if end - start > LONGEST:
        raise BadParameter("start", f"start and end may lie {LONGEST.days} days apart at most.")
    start, end = _widened(start, end, windows.HOUR)
    kept_from = spans.hours_from(now)
    by_days = end - start > spans.DAYS_ABOVE or start < kept_from
    granularity = _choice(given, "granularity", GRANULARITIES, "day" if by_days else "hour")
    if granularity == "hour" and start < kept_from:
        kept = f"Hours are kept since {_text(kept_from)}"
        raise BadParameter("granularity", f"{kept}: ask for granularity=day, or a later start.")
    if by_days or granularity == "day":
        start, end = _widened(start, end, windows.DAY)
    by = _choice(given, "by", BY, "model")
    return StatsRequest(start, end, granularity, by, _customer(given))


def _members(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise BadParameter("query", "The query must be percent-encoded UTF-8.") from error
    given: dict[str, str] = {}
    for name, text in pairs:
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            raise BadParameter(name, f"There is no parameter {name[:64]!r}; use {known}.")
        if name in given:
            raise BadParameter(name, f"{name} is given twice.")
        given[name] = text
    return given


def _instant(given: dict[str, str], name: str, now: datetime) -> datetime | None:
    text = given.get(name)
    if text is None:
        return None
    latest = now + windows.DAY
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        wanted = "an ISO 8601 instant in UTC, for example 2026-11-23T12:00:00Z"
        raise BadParameter(name, f"{name} must be {wanted}.") from error
    if not _EARLIEST <= at <= latest:
        raise BadParameter(name, f"{name} must lie between {_text(_EARLIEST)} and {_text(latest)}.")
    return at


def _choice(given: dict[str, str], name: str, known: tuple[str, ...], usual: str) -> str:
    text = given.get(name, usual)
    if text not in known:
        raise BadParameter(name, f"{name} must be one of {', '.join(known)}.")
    return text


def _customer(given: dict[str, str]) -> str | None:
    text = given.get("customer")
    if text is not None and not (0 < len(text) <= MAX_CUSTOMER and text.isprintable()):
        raise BadParameter("customer", f"customer must have 1 to {MAX_CUSTOMER} characters.")
    return text


def _widened(start: datetime, end: datetime, unit: timedelta) -> tuple[datetime, datetime]:
    floor = windows.day_of if unit == windows.DAY else windows.hour_of
    last = floor(end)
    return floor(start), last if last == end else last + unit


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
