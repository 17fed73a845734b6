"""The Message-ID of a mail to one person: whoever brings it back shows that we sent the mail."""

import secrets
from urllib.parse import urlsplit

from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "tenants.mail_ids"


def account_mail_id(to: str, home: str) -> str:
    """A fresh one, of the host at `home` (scheme and host), for this address alone."""
    host, once = urlsplit(home).hostname or "localhost", secrets.token_hex(8)
    return f"<{once}.{_proof(once, host, to)}@{host}>"


def host_that_sent(message_id: str, to: str) -> str:
    """The host whose mail to that address it names; '' for one that we did not make."""
    left, _, host = message_id.partition("@")
    once, _, proof = left.partition(".")
    return host if constant_time_compare(proof, _proof(once, host, to)) else ""


def _proof(once: str, host: str, to: str) -> str:
    text = "\n".join((once, host, to.strip().lower()))
    return salted_hmac(_SALT, text, algorithm="sha256").hexdigest()[:32]
