"""The audit log: a partner's under `/manage/audit/`, everybody's on the console; CSV of both."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.views.asked import PAGE_SIZE, Pager, asked_page
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.models import AuditEntry
from tenants.queries import AuditFilter

LONGEST = 100_000  # rows of one file; a narrower filter gets the rest
_HEAD = ("at", "actor", "verb", "target", "data", "id")


@permission("audit.view")
@require_safe
def partner(request: HttpRequest) -> HttpResponse:
    """`?actor=`, `?verb=`, `?target=`, `?from=`, `?until=` (UTC days, both included), `?page=`."""
    return _page(request, request.owner.partner_id, "partner_audit")  # type: ignore[attr-defined]


@permission("audit.view")
@require_safe
def partner_csv(request: HttpRequest) -> Any:
    """The same filter as a file."""
    return _file(request, request.owner.partner_id, for_partner=True)  # type: ignore[attr-defined]


@permission("log.view")
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """All partners' and our own; `?partner=` by short name narrows it."""
    return _page(request, _asked_partner(request), "console_audit")


@permission("log.view")
@require_safe
def console_csv(request: HttpRequest) -> Any:
    """The same filter as a file."""
    return _file(request, _asked_partner(request), for_partner=False)


def _page(request: HttpRequest, partner_id: uuid.UUID | None, name: str) -> HttpResponse:
    number, asked = asked_page(request), _asked(request)
    is_console = name == "console_audit"
    rows, total = queries.audit_page(
        partner_id, asked, for_partner=not is_console, limit=PAGE_SIZE,
        offset=(number - 1) * PAGE_SIZE,
    )  # fmt: skip
    verbs = queries.audit_verbs(partner_id, for_partner=not is_console)
    shown = [{"row": row, "facts": _facts(row.data)} for row in rows]
    filters = {key: request.GET.get(key, "") for key in ("actor", "verb", "target", "from", "until",
                                                        "partner")}  # fmt: skip
    context = {
        "rows": shown, "pager": Pager(number, total), "verbs": verbs,
        "asked": filters, "is_filtered": any(filters.values()), "here": name, "csv": f"{name}_csv",
        "is_console": is_console,
    }  # fmt: skip
    return render(request, "people/audit.html", context)


def _file(
    request: HttpRequest, partner_id: uuid.UUID | None, *, for_partner: bool
) -> StreamingHttpResponse:
    # Read now: the connection is another's when the answer is sent.
    found = queries.audit_entries(partner_id, _asked(request), for_partner=for_partner)
    rows = list(found[:LONGEST])
    return StreamingHttpResponse(
        _csv(rows), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )  # fmt: skip


def _csv(rows: Iterable[AuditEntry]) -> Iterator[str]:
    lines = csv.writer(_Echo())
    yield lines.writerow(_HEAD)  # type: ignore[misc]
    for row in rows:
        data = json.dumps(row.data, ensure_ascii=False, sort_keys=True)
        cells = (row.at.astimezone(UTC).isoformat(), row.actor, row.verb, row.target, data, row.id)
        yield lines.writerow([_harmless(str(cell)) for cell in cells])  # type: ignore[misc]


class _Echo:
    """A file for csv.writer that gives each line back."""

    def write(self, line: str) -> str:
        """The line itself."""
        return line


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _facts(data: dict[str, Any]) -> list[tuple[str, str]]:
    """What the row holds besides, one pair a member, long values cut."""
    return [
        (key, (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:200])
        for key, value in data.items()
    ]


def _asked(request: HttpRequest) -> AuditFilter:
    text = {key: request.GET.get(key, "").strip()[:200] for key in ("actor", "verb", "target")}
    return AuditFilter(**text, start=_day(request, "from"), end=_day(request, "until", 1))


def _day(request: HttpRequest, name: str, later: int = 0) -> datetime | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time(), UTC) + timedelta(days=later)
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"{name}={text[:40]!r} is no day: use one such as 2026-10-31.") from error


def _asked_partner(request: HttpRequest) -> uuid.UUID | None:
    slug = request.GET.get("partner", "")
    if not slug:
        return None
    row = queries.partner_by_slug(slug) if slug.isprintable() else None
    if row is None:
        raise BadRequest(f"partner={slug[:40]!r}: there is no partner with this short name.")
    return row.id
