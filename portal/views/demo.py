"""The demo's own pages: its mail, addressed from this host, and the tour on the console."""

import email
import email.policy
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.demo import summary
from tenants.accounts.permissions import eyes, permission
from tenants.later import later

if TYPE_CHECKING:
    from portal.demo.tour import kinds, running, table
else:  # which drive the whole product
    kinds, running, table = (
        later(f"portal.demo.tour.{name}") for name in ("kinds", "running", "table")
    )

SHOWN = 30


@dataclass(frozen=True)
class Mail:
    """One message as the page shows it; `key` is its address, `html` what mail programs paint."""

    key: str
    subject: str
    to: str
    sender: str
    date: str
    text: str
    html: str


def mail(request: HttpRequest) -> HttpResponse:
    """Messages that link to this host, newest first. Only in the demo: they hold reset links."""
    if not settings.DEMO:
        raise Http404
    return render(request, "demo/mail.html", {"mails": _mails(request.get_host())})


@csp_update({"style-src": ["'self'", "'unsafe-inline'"]})
def mail_look(request: HttpRequest, key: str) -> HttpResponse:
    """One of them as a mail program paints it: its styles are inline, as mails' are."""
    found = next((one for one in _mails(request.get_host()) if one.key == key), None)
    if not settings.DEMO or found is None or not found.html:
        raise Http404
    return HttpResponse(found.html)


@permission("cockpit.view")
@require_http_methods(["GET", "HEAD", "POST"])
def tour(request: HttpRequest) -> HttpResponse:
    """S1–S21; posted, it checks the row that is named, or all. Only in the demo."""
    facts = summary.read() if settings.DEMO else {}
    if not facts:
        raise Http404
    asked = request.POST.get("row", "") if request.method == "POST" else None
    rows = [row for row in table.ROWS if asked in ("", row.key)]
    results = {one.row.key: one for one in running.run_checks(rows, facts)}
    now = timezone.now()
    return render(request, "console/tour.html", {
        "rows": [(row, _seen(row.seen, facts, request), results.get(row.key))
                 for row in table.ROWS],
        "results": list(results.values()),
        "failed": sum(not one.ok for one in results.values()),
        "now": now, "simulated": table.SIMULATED,
        "examples": [(one, one.address and _opens(request, one.address))
                     for one in kinds.examples(now)],
    })  # fmt: skip


def _seen(
    places: tuple[str, ...], facts: dict[str, Any], request: HttpRequest
) -> list[tuple[str, str | None]]:
    """(text, address) of each place: "" of a command or a file, None of a page of the console
    that this person may not open. Partners' pages ask for a sign-in of their own."""
    hosts = {row["slug"]: row["portal_url"] for row in facts["partners"]}
    found: list[tuple[str, str | None]] = []
    for place in places:
        slug, _slash, path = place.removeprefix("//").partition("/")
        if place.startswith("//"):
            found.append((f"{slug} /{path}", f"{hosts[slug]}/{path}"))
        elif place.startswith("/"):
            found.append((place, place if _opens(request, place) else None))
        else:
            found.append((place, ""))
    return found


def _opens(request: HttpRequest, path: str) -> bool:
    """Whether this person may open a page of the console."""
    asked: str = resolve(path).func.permission  # type: ignore[attr-defined]
    may: bool = eyes(request).may(asked)
    return may


def _mails(host: str) -> list[Mail]:
    folder = Path(settings.EMAIL_FILE_PATH)
    files = sorted(folder.glob("*.log"), reverse=True) if folder.is_dir() else []
    found: list[Mail] = []
    for file in files:
        for raw in reversed(file.read_bytes().split(b"-" * 79)):
            # A message is shown on the host it came from only: links of others are not leaked.
            if host.encode() in raw and len(found) < SHOWN:
                found.append(_parse(raw))
    return found


def _parse(raw: bytes) -> Mail:
    message = email.message_from_bytes(raw.strip(), policy=email.policy.default)
    body, painted = (message.get_body((kind,)) for kind in ("plain", "html"))
    return Mail(
        key=hashlib.sha256(raw).hexdigest()[:16],
        subject=str(message["subject"] or ""),
        to=str(message["to"] or ""),
        sender=str(message["from"] or ""),
        date=str(message["date"] or ""),
        text=body.get_content().strip() if body else "",
        html=painted.get_content() if painted else "",
    )
