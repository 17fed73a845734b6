"""Looks at the certificate that visitors of a host get, by a handshake of our own."""

import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tenants.rules.domain_states import CertSeen

TIMEOUT_S = 15.0  # the first handshake waits while the certificate is ordered
_EXPIRED, _WRONG_NAME = 10, 62  # X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_HOSTNAME_MISMATCH


def visit(host: str, addresses: Sequence[str], instead: str = "", *, ca_file: str = "") -> CertSeen:
    """A handshake with the first of our addresses; `instead`: ``address:port`` to ask."""
    if instead:
        address, _, port = instead.rpartition(":")
        return handshake(host, address.strip("[]"), int(port), ca_file=ca_file)
    if not addresses:
        return CertSeen("unreachable", detail="the target has no address")
    return handshake(host, addresses[0], ca_file=ca_file)


def handshake(
    host: str, address: str, port: int = 443, *, ca_file: str = "", timeout_s: float = TIMEOUT_S
) -> CertSeen:
    """Ask `address` for `host` as a browser would. `ca_file`: a private authority to trust."""
    context = ssl.create_default_context(cafile=ca_file or None)
    try:
        with (
            socket.create_connection((address, port), timeout=timeout_s) as raw,
            context.wrap_socket(raw, server_hostname=host) as tls,
        ):
            found: Any = tls.getpeercert()
    except ssl.SSLCertVerificationError as error:
        names = {_EXPIRED: "expired", _WRONG_NAME: "wrong_name"}
        return CertSeen(names.get(error.verify_code, "untrusted"), detail=error.verify_message)
    except ssl.SSLError as error:
        return CertSeen("refused", detail=str(error.reason or error)[:300])
    except OSError as error:
        return CertSeen("unreachable", detail=str(error)[:300])
    return CertSeen(
        "served", _issuer(found), _moment(found["notBefore"]), _moment(found["notAfter"])
    )


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def _issuer(found: Any) -> str:
    parts = {key: value for part in found["issuer"] for key, value in part}
    said = (parts.get("organizationName"), parts.get("commonName"))
    return " ".join(part for part in said if part)[:200]
