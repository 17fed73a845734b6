"""Mail by Django's e-mail backend: the only file that knows it."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from billing.rules.letters import Letter
from tenants.senders import send_as


class MailNotSentError(RuntimeError):
    """The server did not take the mail; the message is its own."""


def send(
    letter: Letter, to: Sequence[str], files: Sequence[tuple[str, bytes, str]] = (),
    html: str = "", mail_from: str = "",
) -> None:  # fmt: skip
    """Hand a mail to the server. `files`: (name, content, media type); `html`: the same words
    under the brand; `mail_from`: the partner's own address, '' for ours. Raises
    MailNotSentError."""
    message = EmailMultiAlternatives(
        subject=letter.subject, body=letter.text, to=list(to),
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers={"Message-ID": f"<{letter.message_id}@{settings.PLATFORM_DOMAIN}>",
                 "Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    send_as(message, name=letter.sender, address=mail_from)
    if html:
        message.attach_alternative(html, "text/html")
    for name, content, media_type in files:
        message.attach(name, content, media_type)
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        raise MailNotSentError(f"{type(error).__name__}: {error}") from error
