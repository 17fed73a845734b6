"""Standard Webhooks signatures, by the library. Secrets are 32 random bytes."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

SECRET_BYTES = 32
AGENT = "AgentCache-Webhooks/1"


def new_secret() -> bytes:
    """What one endpoint's messages are signed with."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """The secret as it is shown once: `whsec_…`."""
    return "whsec_" + base64.b64encode(secret).decode()


def message_id(event_id: uuid.UUID) -> str:
    """The `webhook-id`: the same for every attempt and every endpoint of an event."""
    return f"evt_{event_id.hex}"


def headers(
    event_id: uuid.UUID, body: str, keys: Sequence[bytes], at: datetime
) -> dict[str, str]:  # fmt: skip
    """What goes with a body that is sent at `at` (aware UTC); one signature a key, new key first.

    Raises ValueError for a time that is not UTC: the library relabels other zones without
    converting them, and the receiver would call the message too old.
    """
    if at.utcoffset() is None or at.utcoffset():
        raise ValueError(f"{at!r} is not in UTC")
    name = message_id(event_id)
    signed = [Webhook(key).sign(name, at, body) for key in keys]
    return {
        "content-type": "application/json", "user-agent": AGENT, "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(signed),
    }  # fmt: skip
