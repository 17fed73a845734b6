"""Host → who is asking: one frozen value, cached in the process, typed misses.

A warm lookup costs no query. When the database is away, the last good answer is kept for
ten minutes, so a branded 503 can still be shown; when it is stuck, one request in half a minute
waits for it, and not for long. Where no answer was ever good, it is asked every two seconds.
"""

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from tenants import queries, schema
from tenants.queries.mail_texts import by_key
from tenants.rules import brandcss, palette
from tenants.rules.brand import Brand
from tenants.rules.hostnames import InvalidHostname, normalise

FRESH_SECONDS = 5.0
KEEP_SECONDS = 600.0
RETRY_SECONDS = 30.0
AWAY_SECONDS = 2.0
PATIENCE_S = 2.0
# A suspended partner still reads its documents; one that is being opened has no schema yet.
SERVED = ("active", "suspended")
DEFAULT_CSS = brandcss.css_text(palette.default_tokens())
DEFAULT_CSS_HASH = brandcss.css_hash(DEFAULT_CSS)
_NEVER = float("-inf")
_NOT_TEXT = ("powered_by", "plate_light", "plate_dark", "tokens")


class UnknownHost(LookupError):
    """No partner and no console answers under this name."""


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


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer, when it was good (monotonic seconds), and when somebody shall ask again."""

    owner: Resolved | None
    good_at: float
    ask_at: float


_cache: dict[str, _Known] = {}
_lock = threading.Lock()


def resolve_host(raw_host: str) -> Resolved:
    """The owner of a `Host` header. No query within FRESH_SECONDS.

    Raises UnknownHost, and DatabaseError or InterfaceError while Postgres does not say.
    """
    try:
        host = normalise(raw_host)
    except (InvalidHostname, ValueError) as error:
        raise UnknownHost(str(error)) from error
    now = time.monotonic()
    known = _cache.get(host)
    if known is None or now > known.ask_at:
        known = _refresh(host, known, now)
    if known.good_at == _NEVER:
        raise OperationalError(f"PostgreSQL did not say whose {host} is, a moment ago.")
    if known.owner is None:
        raise UnknownHost(f"No portal is served under {host}.")
    return known.owner


def brand_of_partner(partner_id: uuid.UUID) -> Brand | None:
    """The look that a partner's pages and mails have now; None for no such partner."""
    partner = queries.partner_by_id(partner_id)
    if partner is None:
        return None
    found = queries.published_brand(partner_id)
    look = {one: getattr(found, one, None) for one in queries.BRAND_LOOK}
    may_hide = queries.may_hide_powered_by(partner_id)
    return brand_of(look, name=partner.name, may_hide=may_hide,
                    mail_from=queries.mail_from(partner_id),
                    mail_texts=queries.mail_texts(partner_id))  # fmt: skip


def forget(host: str | None = None) -> None:
    """Drop one host's (or every) cached answer in this process."""
    with _lock:
        if host is None:
            _cache.clear()
        else:
            _cache.pop(host, None)


def _refresh(host: str, known: _Known | None, now: float) -> _Known:
    if known is not None and now - known.good_at <= KEEP_SECONDS:
        _keep(host, replace(known, ask_at=now + RETRY_SECONDS))  # the others go on meanwhile
        try:
            with schema.impatient(PATIENCE_S):
                found = _Known(_load(host), now, now + FRESH_SECONDS)
        except (DatabaseError, InterfaceError):
            return known
    else:
        try:
            found = _Known(_load(host), now, now + FRESH_SECONDS)
        except (DatabaseError, InterfaceError):
            _keep(host, _Known(None, _NEVER, time.monotonic() + AWAY_SECONDS))
            raise
    _keep(host, found)
    return found


def _keep(host: str, known: _Known) -> None:
    with _lock:
        if len(_cache) > 10_000:  # scanners send endless names; forget rather than grow
            _cache.clear()
        _cache[host] = known


def _load(host: str) -> Resolved | None:
    if host == settings.CONSOLE_HOST:
        return CONSOLE
    with schema.in_public():
        row = queries.host_owner(host)
    return _resolved(row) if row and row["state"] in SERVED else None


def served() -> list[Resolved]:
    """Every host that is served, the console's too, as its rows say now (web or worker)."""
    with schema.in_public():
        return [CONSOLE, *map(_resolved, queries.host_owners(SERVED))]


def _resolved(row: Mapping[str, Any]) -> Resolved:
    return Resolved(
        host=row["domain"],
        partner_id=row["tenant_id"],
        slug=row["slug"],
        name=row["name"],
        schema_name=row["schema_name"],
        state=row["state"],
        brand=brand_of(
            {name: row[f"brand_{name}"] for name in queries.BRAND_LOOK},
            name=row["name"], may_hide=row["may_hide"], mail_from=row["mail_from"] or "",
            mail_texts=by_key(row["mail_texts"]),
        ),
        redirect_to=row["primary"] if row["until"] and row["until"] > timezone.now() else "",
    )  # fmt: skip


def brand_of(
    look: Mapping[str, Any], *, name: str, may_hide: bool, mail_from: str = "",
    mail_texts: Mapping[str, str] | None = None,
) -> Brand:  # fmt: skip
    """What pages show of a revision's facts; a partner without one shows its `name` in our look.

    "Powered by" is shown unless it was taken off and `may_hide` still holds.
    """
    tokens = look["tokens"] or palette.default_tokens()
    texts = {key: value or "" for key, value in look.items() if key not in _NOT_TEXT}
    return Brand(
        **{**texts, "product_name": texts["product_name"] or name,
           "legal_name": texts["legal_name"] or name, "font": texts["font"] or "inter",
           "css_hash": texts["css_hash"] or DEFAULT_CSS_HASH},
        powered_by=look["powered_by"] is not False or not may_hide,
        plate_light=bool(look["plate_light"]), plate_dark=bool(look["plate_dark"]),
        mail_from=mail_from, mail_texts=mail_texts or {},
        light=tokens["light"], dark=tokens["dark"],
    )  # fmt: skip


CONSOLE = Resolved(
    host=settings.CONSOLE_HOST,
    partner_id=None,
    slug="console",
    name="AgentCache",
    schema_name="public",
    state="active",
    brand=Brand(
        "AgentCache",
        "Channel console",
        "AgentCache Inc.",
        "",
        DEFAULT_CSS_HASH,
        powered_by=False,
        light=palette.default_tokens()["light"],
        dark=palette.default_tokens()["dark"],
    ),
)
