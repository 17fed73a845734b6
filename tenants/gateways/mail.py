"""Mail to people about their accounts, by Django's e-mail backend."""

import logging
import smtplib
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from tenants.letters import letter_html
from tenants.rules.brand import Brand

log = logging.getLogger(__name__)


def send(*, to: str, brand: Brand, home: str, subject: str, text: str) -> bool:
    """Hand a mail to the server, under the brand of the host at `home`; whether it took it."""
    message = EmailMultiAlternatives(
        subject=subject, body=text, to=[to],
        from_email=formataddr((brand.sender, settings.DEFAULT_FROM_EMAIL)),
        reply_to=[brand.support_email] if brand.support_email else None,
        headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    html = letter_html(brand=brand, home=home, subject=subject, text=text)
    message.attach_alternative(html, "text/html")
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("a mail about an account was not taken: %s", error)
        return False
    return True
