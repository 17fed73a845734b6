"""The audit log: a partner's and a customer's own, everybody's on the console; as files too."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.rules.csv_text import csv_blocks
from cache_api.models import Customer
from portal.views.asked import PAGE_SIZE, Pager, asked_page, customer_at, unreadable
from portal.views.customer_overview import own_customer
from portal.words.facts import facts
from tenants import queries, schema
from tenants.accounts.permissions import permission
from tenants.models import AuditEntry
from tenants.queries import AuditFilter, AuditReader

LONGEST = 100_000  # rows of one file; a narrower filter gets the rest
RECENT = timedelta(days=30)
BLOCK = 1_000
_HEAD = ("at", "actor", "verb", "target", "data", "id")


class AuditPages:
    """The log as one kind of reader sees it; `reader(request, …)` says which, or raises."""

    def __init__(self, name: str, needs: str, reader: Callable[..., AuditReader]) -> None:
        self.name, self.reader, self.needs = name, reader, permission(needs)

    def urls(self, before: str) -> list[URLPattern]:
        """Named `<name>`, `<name>_csv`, `<name>_jsonl`."""
        page, file = self.needs(require_safe(self.page)), self.needs(require_safe(self.file))
        return [
            path(before, page, name=self.name),
            *(path(before + form, file, {"form": form}, name=f"{self.name}_{form}")
              for form in FORMS),
        ]  # fmt: skip

    def page(self, request: HttpRequest, **where: Any) -> HttpResponse:
        """`?actor=`, `?verb=`, `?target=`, `?from=`, `?until=` (UTC days, both included),
        `?page=`; on the console `?partner=` by short name."""
        number, asked = asked_page(request), _asked(request)
        reader = self.reader(request, **where)
        rows, total = queries.audit_page(
            reader, asked, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
        )
        recent = queries.audit_entries(reader, AuditFilter(start=timezone.now() - RECENT))
        filters = {key: request.GET.get(key, "") for key in FILTERS}
        # A customer knows its id.
        hidden = frozenset({"customer", "customer_id"} if reader.customer_id else ())
        return render(request, "people/audit.html", {
            "rows": [{"row": row, "facts": facts(row.verb, row.data, hidden)} for row in rows],
            "pager": Pager(number, total), "verbs": queries.audit_verbs(reader), "asked": filters,
            "is_filtered": any(filters.values()), "is_console": reader.verbs == (),
            "here": reverse(self.name, kwargs=where), "customer": _customer(where),
            **{form: reverse(f"{self.name}_{form}", kwargs=where) for form in FORMS},
            "recent": recent.count(), "reads": self.name.partition("_")[0],
            "longest": LONGEST, "total": total,
        })  # fmt: skip

    def file(self, request: HttpRequest, form: str, **where: Any) -> HttpResponseBase:
        """The same filter as a file, in pieces; read in the reader's scope, which the request has
        left by then."""
        kind, blocks = FORMS[form]
        owner = request.owner  # type: ignore[attr-defined]
        scope = schema.console_scope() if owner.is_console else schema.partner_scope(owner)
        found = queries.audit_entries(self.reader(request, **where), _asked(request))[:LONGEST]

        def pieces() -> Iterator[bytes]:
            with schema.entered(scope):
                yield from blocks(found.iterator(chunk_size=BLOCK))

        return StreamingHttpResponse(
            pieces(), content_type=kind,
            headers={"Content-Disposition": f'attachment; filename="audit.{form}"'},
        )  # fmt: skip


def _csv(rows: Iterable[AuditEntry]) -> Iterator[bytes]:
    """A table; `data` as JSON."""
    return csv_blocks(_HEAD, ((
        row.at.astimezone(UTC).isoformat(), row.actor, row.verb, row.target, _json(row.data),
        str(row.id),
    ) for row in rows))  # fmt: skip


def _jsonl(rows: Iterable[AuditEntry]) -> Iterator[bytes]:
    """One object a line, members as the table's columns."""
    source = iter(rows)
    while block := list(islice(source, BLOCK)):
        yield "".join(
            _json({"at": row.at.astimezone(UTC).isoformat(), "actor": row.actor, "verb": row.verb,
                   "target": row.target, "data": row.data, "id": str(row.id)}) + "\n"
            for row in block
        ).encode()  # fmt: skip


FORMS: dict[str, tuple[str, Callable[[Iterable[AuditEntry]], Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "jsonl": ("application/x-ndjson; charset=utf-8", _jsonl),
}
FILTERS = ("actor", "verb", "target", "from", "until", "partner")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


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
        raise unreadable(name, text, "2026-10-31") from error


def _of_partner(request: HttpRequest) -> AuditReader:
    return queries.partner_reader(request.owner.partner_id)  # type: ignore[attr-defined]


def _of_customer(request: HttpRequest) -> AuditReader:
    row, owner = own_customer(request), request.owner  # type: ignore[attr-defined]
    return queries.customer_reader(owner.partner_id, row.pk, row.external_id)


def _of_one_customer(request: HttpRequest, customer_id: uuid.UUID) -> AuditReader:
    """What the partner's own log says of one customer."""
    row, whole = customer_at(customer_id), _of_partner(request)
    return AuditReader(whole.partner_id, whole.verbs, row.pk, row.external_id)


def _customer(where: dict[str, Any]) -> Customer | None:
    return customer_at(where["customer_id"]) if where else None


def _of_everybody(request: HttpRequest) -> AuditReader:
    return AuditReader(_asked_partner(request))


def _asked_partner(request: HttpRequest) -> uuid.UUID | None:
    slug = request.GET.get("partner", "")
    if not slug:
        return None
    row = queries.partner_by_slug(slug) if slug.isprintable() else None
    if row is None:
        raise BadRequest(_("There is no partner %(slug)s.") % {"slug": repr(slug[:40])})
    return row.id


partner = AuditPages("partner_audit", "audit.view", _of_partner)
customer = AuditPages("customer_audit", "my.audit.view", _of_customer)
of_customer = AuditPages("partner_customer_audit", "audit.view", _of_one_customer)
console = AuditPages("console_audit", "log.view", _of_everybody)
