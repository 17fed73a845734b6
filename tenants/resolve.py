"""Host → who is asking: one frozen value, cached in the process, typed misses.

A warm lookup costs no query. When the database is away, the last good answer is kept for
ten minutes, so a branded 503 can still be shown.
"""

import threading
import time
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from tenants import queries, schema
from tenants.rules.hostnames import InvalidHostname, normalise

FRESH_SECONDS = 5.0
KEEP_SECONDS = 600.0
# A suspended partner still reads its documents; one that is being opened has no schema yet.
SERVED = ("active", "suspended")


class UnknownHost(LookupError):
    """No partner and no console answers under this name."""


@dataclass(frozen=True)
class Brand:
    """What every page of a host shows of its owner."""

    product_name: str
    tagline: str
    legal_name: str
    support_email: str
    css_hash: str


@dataclass(frozen=True)
class Resolved:
    """A host that is served: a partner's, or the console's (`partner_id` None)."""

    host: str
    partner_id: uuid.UUID | None
    slug: str
    name: str
    schema_name: str
    state: str
    brand: Brand
    redirect_to: str = ""  # the partner's leading host, for pages of one that led before

    @property
    def is_console(self) -> bool:
        """Whether this is the operator console."""
        return self.partner_id is None


_cache: dict[str, tuple[float, Resolved | None]] = {}
_lock = threading.Lock()


def resolve_host(raw_host: str) -> Resolved:
    """The owner of a `Host` header. Raises UnknownHost. No query within FRESH_SECONDS."""
    try:
        host = normalise(raw_host)
    except (InvalidHostname, ValueError) as error:
        raise UnknownHost(str(error)) from error
    now = time.monotonic()
    known = _cache.get(host)
    if known is None or now - known[0] > FRESH_SECONDS:
        known = _refresh(host, known, now)
    if known[1] is None:
        raise UnknownHost(f"No portal is served under {host}.")
    return known[1]


def forget(host: str | None = None) -> None:
    """Drop one host's (or every) cached answer in this process."""
    with _lock:
        if host is None:
            _cache.clear()
        else:
            _cache.pop(host, None)


def _refresh(
    host: str, known: tuple[float, Resolved | None] | None, now: float
) -> tuple[float, Resolved | None]:
    try:
        found = (now, _load(host))
    except DatabaseError:
        if known is None or now - known[0] > KEEP_SECONDS:
            raise
        return known
    with _lock:
        if len(_cache) > 10_000:  # scanners send endless names; forget rather than grow
            _cache.clear()
        _cache[host] = found
    return found


def _load(host: str) -> Resolved | None:
    if host == settings.CONSOLE_HOST:
        return CONSOLE
    with schema.in_public():
        row = queries.host_owner(host)
    if row is None or row["state"] not in SERVED:
        return None
    return Resolved(
        host=host,
        partner_id=row["tenant_id"],
        slug=row["slug"],
        name=row["name"],
        schema_name=row["schema_name"],
        state=row["state"],
        brand=Brand(
            product_name=row["product_name"] or row["name"],
            tagline=row["tagline"] or "",
            legal_name=row["legal_name"] or row["name"],
            support_email=row["support_email"] or "",
            css_hash=row["css_hash"] or "console",
        ),
        redirect_to=row["primary"] if row["until"] and row["until"] > timezone.now() else "",
    )


CONSOLE = Resolved(
    host=settings.CONSOLE_HOST,
    partner_id=None,
    slug="console",
    name="AgentCache",
    schema_name="public",
    state="active",
    brand=Brand("AgentCache", "Channel console", "AgentCache Inc.", "", "console"),
)
