"""Mails from a partner's own address, signed; from ours, in its name, where there is none.

The one file that knows dkimpy.
"""

from __future__ import annotations

import base64
import logging
from email.utils import formataddr
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.conf import settings
from django.core.mail import EmailMessage

from tenants.later import later
from tenants.models.senders import SenderAddress
from tenants.rules import sealing
from tenants.rules.datakeys import parse_kek
from tenants.rules.senders import PURPOSE, SENDING

if TYPE_CHECKING:
    import dkim
else:
    dkim = later("dkim")

log = logging.getLogger(__name__)
# What a receiver sees of a mail; each only where the mail has it.
SIGNED = ("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type")


def new_key() -> tuple[str, str]:
    """A fresh key of 2048 bits: private (PEM), and public as a DKIM record has it (base64)."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), base64.b64encode(public).decode()


def send_as(message: EmailMessage, *, name: str, address: str) -> None:
    """Have the mail come from `name` at the partner's `address`, signed with its key.

    Where that is '' or no longer verified (or its key cannot be opened) it comes from our address.
    """
    message.from_email = formataddr((name, settings.DEFAULT_FROM_EMAIL))
    row = SenderAddress.objects.filter(address=address, state__in=SENDING).first() \
        if address else None  # fmt: skip
    if row is None:
        return
    try:
        pem = sealing.unseal(parse_kek(settings.KEK), bytes(row.private_key), row.id, PURPOSE)
    except sealing.CannotOpen as error:
        log.error("mails of %s come from our address: its key is %s", row.domain, error)
        return
    message.from_email = formataddr((name, row.address))
    _sign(message, row.selector, row.domain, pem)


def _sign(message: EmailMessage, selector: str, domain: str, pem: str) -> None:
    """Every form that a backend asks for has the signature over just that form."""
    unsigned: Any = message.message

    def signed(*args: Any, **kwargs: Any) -> Any:
        made = unsigned(*args, **kwargs)
        present = [one.encode() for one in SIGNED if made[one] is not None]
        # Relaxed: a server on the way may fold lines anew.
        text = dkim.sign(
            made.as_bytes(linesep="\r\n"), selector.encode(), domain.encode(), pem.encode(),
            canonicalize=(b"relaxed", b"relaxed"), include_headers=present,
        ).decode()  # fmt: skip
        made["DKIM-Signature"] = " ".join(text.partition(":")[2].split())
        return made

    message.message = signed  # type: ignore[method-assign,assignment]
