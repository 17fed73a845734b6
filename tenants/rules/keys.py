"""API keys: `acp_live_<id>_<secret><crc>`. Minted once, shown once, kept as a SHA-256. Pure.

A partner may have a prefix of its own instead of `acp`; it tells whose brand the key is, no more.

id: 12 base62 digits, public. secret: 256 random bits as 43 base62 digits. crc: CRC-32 of everything
before it as 6 base62 digits, so that a truncated or mistyped key is told apart without a lookup.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH, _SECRET_LENGTH, _CRC_LENGTH = 12, 43, 6
PREFIX = "acp"
# Any prefix is understood: whose key it is, its record tells.
_SHAPE = re.compile(
    r"[a-z][a-z0-9]{1,9}_(live|test)_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})"
)


class MalformedKey(ValueError):
    """Text that cannot be a key of ours; `str()` says why and never repeats the text."""


@dataclass(frozen=True)
class ParsedKey:
    """A well-formed key as presented; whether it is valid only its record can tell."""

    key_id: str
    livemode: bool
    secret_sha256: bytes


@dataclass(frozen=True)
class MintedKey:
    """A new key: `text` is shown once and kept nowhere; `prefix` may be shown for ever."""

    key_id: str
    livemode: bool
    prefix: str
    secret: str
    text: str

    @property
    def secret_sha256(self) -> bytes:
        """What is kept instead of the secret."""
        return fingerprint(self.secret)


def mint(*, livemode: bool, prefix: str = PREFIX) -> MintedKey:
    """A new random key; it begins with the partner's own prefix where it has one."""
    key_id = "".join(secrets.choice(_DIGITS) for _ in range(_ID_LENGTH))
    shown = f"{prefix}_{'live' if livemode else 'test'}_{key_id}"
    secret = _base62(secrets.randbits(256), _SECRET_LENGTH)
    body = f"{shown}_{secret}"
    return MintedKey(key_id, livemode, shown, secret, body + _checksum(body))


def parse(text: str) -> ParsedKey:
    """A presented key's parts. Raises MalformedKey."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise MalformedKey("The API key does not look like one: …_live_… or …_test_….")
    mode, key_id, secret, crc = match.groups()
    if _checksum(text[:-_CRC_LENGTH]) != crc:
        raise MalformedKey("The API key's check digits do not match: it is mistyped or cut short.")
    return ParsedKey(key_id, mode == "live", fingerprint(secret))


def state_of(*, revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> str:
    """`revoked`, `expired`, `ending` (works until its end) or `working`."""
    if revoked_at is not None:
        return "revoked"
    if expires_at is None:
        return "working"
    return "ending" if now < expires_at else "expired"


def fingerprint(secret: str) -> bytes:
    """SHA-256 of the secret part: what the database and the snapshot keep."""
    return hashlib.sha256(secret.encode("ascii")).digest()


def matches(presented: ParsedKey, stored_sha256: bytes) -> bool:
    """Whether the presented key is the stored one; takes the same time either way."""
    return hmac.compare_digest(presented.secret_sha256, stored_sha256)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode("ascii")), _CRC_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
