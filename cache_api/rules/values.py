"""Values that are not JSON: `{"content_type", "encoding": "base64", "data"}`. Pure.

Such a value is stored and returned as the JSON it came in, byte for byte; what is decided here is
only whether it is one and whether it holds what it says. Further members are kept and mean nothing.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 8 * 1024 * 1024
MAX_CONTENT_TYPE = 200
# RFC 9110 §8.3.1: type/subtype and parameters, of tokens or quoted strings.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110's word, no secret
_CONTENT_TYPE = re.compile(
    rf'{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|"[ !#-\[\]-~]*"))*'
)


class BadValue(ValueError):
    """A member that does not hold what it should. `pointer` is relative to the value."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.detail = pointer, detail


@dataclass(frozen=True, slots=True)
class Value:
    """What a value is and how many bytes it decodes to; 0 is empty, which is not stored."""

    content_type: str
    size: int


def is_value(response: Any) -> bool:
    """Whether a response is meant as such a value: it has both `encoding` and `data`."""
    return type(response) is dict and "encoding" in response and "data" in response


def check(response: dict[str, Any]) -> Value:
    """The value's kind and decoded size. Raises BadValue."""
    content_type = response.get("content_type")
    if (
        type(content_type) is not str
        or len(content_type) > MAX_CONTENT_TYPE
        or not _CONTENT_TYPE.fullmatch(content_type)
    ):
        raise BadValue(
            "/content_type",
            f"content_type must be a media type of at most {MAX_CONTENT_TYPE} characters, "
            'for example "application/octet-stream".',
        )
    if response["encoding"] != "base64":
        raise BadValue("/encoding", 'encoding must be "base64".')
    return Value(content_type, _size(response["data"]))


def _size(data: Any) -> int:
    """Bytes that strict base64 decodes to, counted without decoding what is too long."""
    if type(data) is not str:
        raise BadValue("/data", "data must be a string of base64.")
    size = len(data) // 4 * 3 - data[-2:].count("=")
    if size > MAX_BYTES:
        raise BadValue("/data", f"data decodes to {size} bytes; {MAX_BYTES} are allowed.")
    try:
        binascii.a2b_base64(data, strict_mode=True)
        # Spare bits of the last letter must be 0, so that no two texts mean the same bytes.
        canonical = base64.b64encode(binascii.a2b_base64(data[-4:])).decode() == data[-4:]
    except ValueError:  # binascii.Error is one; so is a letter beyond ASCII
        canonical = False
    if not canonical:
        raise BadValue(
            "/data",
            "data must be base64 of RFC 4648 §4: A–Z, a–z, 0–9, + and / only, padded with =, "
            "without line breaks.",
        )
    return size
