"""The demo's mail page: what a real install would have sent, addressed from this host."""

import email
import email.policy
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

SHOWN = 30


@dataclass(frozen=True)
class Mail:
    """One message as the page shows it."""

    subject: str
    to: str
    sender: str
    date: str
    text: str


def mail(request: HttpRequest) -> HttpResponse:
    """Messages that link to this host, newest first. Only in the demo: they hold reset links."""
    if not settings.DEMO:
        raise Http404
    return render(request, "demo/mail.html", {"mails": _mails(request.get_host())})


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
    body = message.get_body(("plain",))
    return Mail(
        subject=str(message["subject"] or ""),
        to=str(message["to"] or ""),
        sender=str(message["from"] or ""),
        date=str(message["date"] or ""),
        text=body.get_content().strip() if body else "",
    )
