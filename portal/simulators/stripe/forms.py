"""Stripe's way to write nested values in a form: `metadata[a]=1`, `expand[0]=x`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

_PARTS = re.compile(r"[^\[\]]+")


def decoded(text: str) -> dict[str, Any]:
    """Nested dicts and lists of strings; keys that are all numbers make a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *way, last = _PARTS.findall(name)
        here = found
        for part in way:
            here = here.setdefault(part, {})
        here["0" if name.endswith("[]") else last] = value
    return {name: _lists(value) for name, value in found.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(one) for name, one in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
