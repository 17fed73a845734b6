"""`semantic_key`: the caller's own name for what is meant, matched exactly. Pure.

"refund-policy" may stand for a hundred ways to ask; that they all deserve one answer is the
caller's statement, so messages and parameters do not count. Three things still do where the request
is given, because they decide what an answer is, not what it says: the API (a client of one cannot
read another's response), the provider and the model (a caller who asks one model must never be
handed, or billed for, another's words). Without a request the key stands alone; the two kinds never
meet. Nothing is trimmed or folded.
"""

import hashlib
from typing import Any

from cache_api.rules import digest
from cache_api.rules.identity import Identity

VERSION = 1
MAX_LENGTH = 1024


class BadSemanticKey(ValueError):
    """A key that is no printable string of 1 to MAX_LENGTH characters."""

    pointer = "/semantic_key"

    def __init__(self) -> None:
        self.detail = f"semantic_key must be a string of 1 to {MAX_LENGTH} printable characters."
        super().__init__(self.detail)


def check(value: Any) -> str:
    """The key as given. Raises BadSemanticKey."""
    if type(value) is not str or not 0 < len(value) <= MAX_LENGTH or not value.isprintable():
        raise BadSemanticKey
    return value


def semantic_digest(key: str, identity: Identity | None) -> str:
    """What the key is looked up and stored by: 64 lower-case hex digits.

    SHA-256 over the RFC 8785 JSON of {semantic_key, v}, with {api, model, provider} where the
    request is known. It never equals a request's digest: the documents have other members. A name
    with a lone surrogate has no digest: raises digest.NotCanonical.
    """
    document: dict[str, Any] = {"v": VERSION, "semantic_key": key}
    if identity is not None:
        document.update(api=identity.api, provider=identity.provider, model=identity.model)
    return hashlib.sha256(digest.canonical_json(document)).hexdigest()
