"""Repeated prompt beginnings: what a provider's own prompt caching could have charged less for.

Pure. A prompt is cut where a provider can resume it: after tools and system, and after each
message. A beginning is told by a digest, never by its text.

Tokens are an estimate. Where the response reports `input_tokens` and the prompt is all text, a
beginning has its share of them by bytes of JSON; otherwise four bytes are a token. After the first
part that is not text nothing is counted, since its tokens cannot be told from its bytes, and a
message that repeats only in part counts as nothing. So the figure is low rather than high.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cache_api.rules import shapes
from cache_api.rules.identity import Identity
from cache_api.rules.usage import Tokens

MARKERS = 4  # Anthropic takes four breakpoints in a request
LIFETIME_S = 300  # both keep a beginning for five minutes after its last use, by default
_BYTES_A_TOKEN = 4
# Where an API keeps its messages. What comes before them in the prompt, in whatever member.
_MESSAGES = {shapes.CHAT: "messages", shapes.RESPONSES: "input", shapes.MESSAGES: "messages"}
_HEAD = (
    "tools", "functions", "tool_choice", "response_format", "text", "thinking", "instructions",
    "system",
)  # fmt: skip
_NOT_TEXT = frozenset(
    {
        "image", "image_url", "input_image", "input_audio", "audio", "file", "input_file",
        "document", "video", "video_url", "computer_screenshot", "image_generation_call",
        "container_upload",
    }
)  # fmt: skip
# The first that matches the model: (least tokens a provider caches, in steps of). Anthropic's and
# OpenAI's documentation of prompt caching; an unknown Claude has the highest minimum.
_TERMS: tuple[tuple[re.Pattern[str], int, int], ...] = (
    (re.compile(r"claude-(sonnet-4-6|3-5-haiku|3-haiku|haiku-3)"), 2048, 1),
    (re.compile(r"claude-(3|sonnet-[34]|opus-(3|4-[01]\b|4-20|4$))"), 1024, 1),
    (re.compile(r"claude"), 4096, 1),
    (re.compile(r""), 1024, 128),
)


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a prompt: about how many tokens, and what tells it from all others."""

    tokens: int
    digest: bytes


def terms(model: str) -> tuple[int, int]:
    """The least tokens that are cached for a model, and the step in which more are."""
    name = model.replace(".", "-")
    return next((least, step) for pattern, least, step in _TERMS if pattern.search(name))


def prefixes(found: Identity, tokens: Tokens) -> list[Prefix]:
    """The beginnings worth a marker, longest first: at most MARKERS, [] for APIs without any.

    The three longest, which the next turn of a conversation begins with, and the shortest, which
    other conversations do.
    """
    member = _MESSAGES.get(found.api)
    least, step = terms(found.model)
    given = tokens.get("input_tokens", 0)
    if member is None or 0 < given < least:
        return []
    try:
        chunks = _chunks(found, member)
    except orjson.JSONEncodeError:
        return []
    known = [one for one in _cumulative(found, chunks, given, step) if one.tokens >= least]
    return [*known[:-MARKERS:-1], known[0]] if len(known) >= MARKERS else known[::-1]


def repeated(known: Sequence[Prefix], there: Sequence[bool]) -> int:
    """Tokens of the longest beginning that was there before; `there` is in the order of `known`."""
    return max((one.tokens for one, was in zip(known, there, strict=True) if was), default=0)


def overcharged(tokens: Tokens, longest: int, repeats: int) -> tuple[int, int]:
    """What more the provider would have read from, and written to, its cache: tokens of a prompt
    whose longest beginning had been marked, less what it reports as read or written already."""
    read, written = tokens.get("cache_read_tokens", 0), tokens.get("cache_write_tokens", 0)
    return max(0, repeats - read), max(0, longest - max(repeats, read) - written)


def _chunks(found: Identity, member: str) -> list[tuple[bytes, bool]]:
    """The prompt in order, each piece as JSON with whether it is all text."""
    params = found.params
    head = {name: params[name] for name in _HEAD if name in params}
    messages = params[member]
    pieces = [head] if head else []
    pieces += messages if type(messages) is list else [messages]
    return [(orjson.dumps(one, option=orjson.OPT_SORT_KEYS), _is_text(one)) for one in pieces]


def _cumulative(
    found: Identity, chunks: list[tuple[bytes, bool]], given: int, step: int
) -> list[Prefix]:
    hashed = hashlib.sha256(orjson.dumps([found.api, found.provider, found.model]))
    size = sum(len(piece) for piece, _ in chunks)
    is_all_text = all(is_text for _, is_text in chunks)
    so_far, known = 0, []
    for piece, is_text in chunks:
        if not is_text:
            break
        hashed.update(b"%d:" % len(piece) + piece)
        so_far += len(piece)
        count = so_far // _BYTES_A_TOKEN
        if given:
            count = given * so_far // size if is_all_text else min(given, count)
        known.append(Prefix(count - count % step, hashed.digest()))
    return known


def _is_text(value: Any) -> bool:
    if type(value) is dict:
        kind = value.get("type")
        is_other = type(kind) is str and kind in _NOT_TEXT
        return not is_other and all(map(_is_text, value.values()))
    return all(map(_is_text, value)) if type(value) is list else True
