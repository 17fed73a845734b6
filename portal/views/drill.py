"""From a document's line to its hours and events; the files that prove a document."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import Any

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.gateways.parquet import usage_parquet
from billing.models import Document
from billing.queries import drill
from billing.queries.archive import archived_run, hours_behind, write_archive
from billing.queries.frozen import snapshot_of
from billing.queries.hours import UsageGone
from billing.rules.csv_text import defused
from billing.rules.drafts import PAYOUT_STATEMENT
from billing.rules.trust.event_csv import event_lines
from billing.rules.trust.usage_csv import csv_lines
from cache_api.queries.roots import inclusion_proof
from portal.arithmetic import arithmetic
from portal.views.asked import Pager, asked_page, unreadable
from tenants import schema
from tenants.accounts.permissions import permission
from tenants.queries import partner_by_id

EVENTS_SHOWN = 100
IN_MEMORY = 2**20


@permission("statements.view")
@require_safe
def partner_line(request: HttpRequest, document_id: uuid.UUID, position: int) -> HttpResponse:
    """A line of the partner's own document; `?day=` and `?hour=` go down."""
    return _line(request, document_id, position, "partner/line.html")


@permission("documents.view")
@require_safe
def console_line(request: HttpRequest, document_id: uuid.UUID, position: int) -> HttpResponse:
    """The same of any partner's document, read as that partner."""
    return _line(request, document_id, position, "console/line.html")


@permission("statements.view")
@require_safe
def partner_file(request: HttpRequest, document_id: uuid.UUID, **more: Any) -> HttpResponse:
    """`form`: archive, usage.csv, usage.parquet, events.csv of a line, or an event's proof."""
    return _file(request, document_id, **more)


@permission("documents.view")
@require_safe
def console_file(request: HttpRequest, document_id: uuid.UUID, **more: Any) -> HttpResponse:
    """The same files of any partner's document."""
    return _file(request, document_id, **more)


def _whose(request: HttpRequest, document_id: uuid.UUID) -> Any:
    """Whose schema to read in: the host's partner, or on the console the document's."""
    owner = request.owner  # type: ignore[attr-defined]
    if not owner.is_console:
        return owner
    partner_id = drill.partner_of(document_id)
    partner = partner_by_id(partner_id) if partner_id else None
    if partner is None:
        raise Http404
    return partner


def _found(whose: Any, document_id: uuid.UUID, position: int) -> drill.LineBehind:
    found = drill.line_behind(document_id, position, getattr(whose, "partner_id", None) or whose.pk)
    if found is None:
        raise Http404
    return found


def _line(
    request: HttpRequest, document_id: uuid.UUID, position: int, template: str
) -> HttpResponse:
    whose = _whose(request, document_id)
    with schema.in_partner(whose):
        found = _found(whose, document_id, position)
        context = _level(request, found)
    console = template.startswith("console")
    urls = {"document_id": document_id, "position": position}
    return render(request, template, {
        "found": found, "line": found.line, "row": found.document, "partner": whose,
        "steps": arithmetic(found.rated) if found.rated else (),
        "here": reverse("console_line" if console else "partner_line", kwargs=urls),
        "events_url": reverse("console_events" if console else "partner_events", kwargs=urls),
        "proof_name": "console_proof" if console else "partner_proof",
        "document_url": reverse(_document_name(found.document, console), args=[document_id]),
        **context,
    })  # fmt: skip


def _document_name(document: Document, console: bool) -> str:
    if console:
        return "console_document"
    return "partner_statement" if document.kind == PAYOUT_STATEMENT else "partner_invoice"


def _level(request: HttpRequest, found: drill.LineBehind) -> dict[str, Any]:
    """Which level the address asks for: days of the line, hours of a day, events of an hour."""
    hour, day = _instant(request, "hour", "%Y-%m-%dT%H"), _instant(request, "day", "%Y-%m-%d")
    if hour is not None:
        number = asked_page(request)
        offset = (number - 1) * EVENTS_SHOWN
        events, count, total = drill.events_behind_hour(found, hour, EVENTS_SHOWN, offset)
        return {"depth": "events", "hour": hour, "day": hour.replace(hour=0), "events": events,
                "total": total, "pager": Pager(number, count, EVENTS_SHOWN)}  # fmt: skip
    if day is not None:
        return {"depth": "hours", "day": day, "level": drill.hours_behind_day(found, day)}
    return {"depth": "days", "level": drill.days_behind(found)}


def _instant(request: HttpRequest, name: str, form: str) -> datetime | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        raise unreadable(name, text, f"{datetime(2026, 10, 31, 13, tzinfo=UTC):{form}}") from None


def _file(
    request: HttpRequest, document_id: uuid.UUID, form: str, position: int = 0,
    event_id: uuid.UUID | None = None,
) -> HttpResponse:  # fmt: skip
    whose = _whose(request, document_id)
    with schema.in_partner(whose):
        if form == "events":
            found = _found(whose, document_id, position)
            name = f"{found.document.number}-line-{position}-events.csv"
            return _stream(whose, name, lambda: event_lines(drill.all_events(found)))
        document = archived_run(document_id, getattr(whose, "partner_id", None) or whose.pk)
        if document is None:
            raise Http404
        if form == "proof" and event_id is not None:
            return _proof(document, event_id)
        return _made(document, form)


# The end of a file's name, and what it is where the name does not say all of it.
_MADE = {
    "archive": (".zip", None), "usage": ("-usage.csv", "text/csv; charset=utf-8"),
    "parquet": ("-usage.parquet", None),
}  # fmt: skip


def _made(document: Document, form: str) -> HttpResponse:
    """A file that is made whole before it is sent, so that a refusal is an answer."""
    target = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    ending, kind = _MADE[form]
    name, headers = document.number + ending, {}
    try:
        if form == "archive":
            headers["X-Archive-Seal"] = write_archive(document, target).seal  # type: ignore[arg-type]
        elif form == "usage":
            target.writelines(csv_lines(hours_behind(document), defused))
        else:
            usage_parquet(hours_behind(document), target)  # type: ignore[arg-type]
    except UsageGone as gone:
        target.close()
        return HttpResponse(str(gone), status=410, content_type="text/plain; charset=utf-8")
    target.seek(0)
    return FileResponse(
        target, as_attachment=True, filename=name, headers=headers, content_type=kind
    )


def _proof(document: Document, event_id: uuid.UUID) -> HttpResponse:
    bound = snapshot_of(document.run).batch_bound
    proof = inclusion_proof(document.partner_id, event_id, bound)
    if proof is None:
        raise Http404
    disposition = f'attachment; filename="{event_id}-proof.json"'
    return JsonResponse(proof, headers={"Content-Disposition": disposition})


def _stream(whose: Any, name: str, lines: Callable[[], Iterator[bytes]]) -> HttpResponse:
    """CSV in pieces; read in the partner's schema, which the request has left by then."""

    def pieces() -> Iterator[bytes]:
        with schema.in_partner(whose):
            block: list[bytes] = []
            for line in lines():
                block.append(line)
                if len(block) == 1_000:
                    yield b"".join(block)
                    block.clear()
            yield b"".join(block)

    return StreamingHttpResponse(
        pieces(), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip
