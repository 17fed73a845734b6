"""Values between wrappers that hold bytes and entries that hold JSON."""

import json
from typing import Any


def as_bytes(value: Any) -> bytes:
    """Bytes as they are, text in UTF-8, any other JSON as its text."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
