"""Mail to people about their accounts, by Django's e-mail backend."""

import logging
import smtplib
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMessage

log = logging.getLogger(__name__)


def send(*, to: str, sender: str, subject: str, text: str) -> bool:
    """Hand a mail to the server, in the brand's name; whether it took it."""
    message = EmailMessage(
        subject=subject, body=text, to=[to],
        from_email=formataddr((sender, settings.DEFAULT_FROM_EMAIL)),
        headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("a mail about an account was not taken: %s", error)
        return False
    return True
