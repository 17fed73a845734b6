"""Mail to people about their accounts, by Django's e-mail backend."""

import logging
import smtplib
from collections.abc import Callable, Iterable

from django.core.mail import EmailMultiAlternatives

from tenants.letters import letter_html, reading, with_footer
from tenants.mail_ids import account_mail_id
from tenants.rules.brand import Brand
from tenants.senders import send_as

log = logging.getLogger(__name__)


def send_each(
    people: Iterable[tuple[str, str]], *, brand: Brand, home: str,
    words: Callable[[], tuple[str, str]],
) -> list[bool]:  # fmt: skip
    """Mail each of them, (e-mail, language), in the language that they chose; who was taken.

    `words` makes subject and text anew for each, so that their `gettext` is the reader's.
    """
    taken = []
    for to, language in sorted(people):
        with reading(language):
            subject, text = words()
            line = " ".join(subject.split())
            taken.append(send(to=to, brand=brand, home=home, subject=line, text=text))
    return taken


def send(*, to: str, brand: Brand, home: str, subject: str, text: str) -> bool:
    """Hand a mail to the server, under the brand of the host at `home`; whether it took it."""
    message = EmailMultiAlternatives(
        subject=subject, body=with_footer(text, brand), to=[to],
        reply_to=[brand.support_email] if brand.support_email else None,
        headers={"Message-ID": account_mail_id(to, home), "Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    send_as(message, name=brand.sender, address=brand.mail_from)
    html = letter_html(brand=brand, home=home, subject=subject, text=text)
    message.attach_alternative(html, "text/html")
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("a mail about an account was not taken: %s", error)
        return False
    return True
