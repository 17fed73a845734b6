"""Has a prompt begun like this in the last minutes? Markers in the store, asked while storing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cache_api.hot.marks import Subject
from cache_api.hot.steps import Command, Reply
from cache_api.hot.work import PREFIX, SET
from cache_api.rules import prefixes, prices
from cache_api.rules.identity import Identity
from cache_api.rules.prefixes import Prefix
from cache_api.rules.usage import Tokens

_LIFETIME_S = b"%d" % prefixes.LIFETIME_S


@dataclass(frozen=True, slots=True)
class Beginnings:
    """The beginnings of one prompt, longest first, and the commands that mark them (one each)."""

    known: tuple[Prefix, ...] = ()
    commands: tuple[Command, ...] = ()

    def numbers(self, replies: Sequence[Reply], subject: Subject, tokens: Tokens) -> dict[str, Any]:
        """Members of the usage event, from the replies to `commands`: what stood there before."""
        if not self.known:
            return {}
        repeats = prefixes.repeated(self.known, [reply is not None for reply in replies])
        longest = self.known[0].tokens
        read, written = prefixes.overcharged(tokens, longest, repeats)
        if not read and not written:
            return {}
        size = max(longest, tokens.get("input_tokens", 0))
        return {
            "prefix_tokens": read,
            "prefix_saved_micros": prices.caching_saved_micros(
                subject.provider, subject.model, size, read, written, subject.now_ms
            ),
            "price_version": prices.PRICE_VERSION,
        }


NONE = Beginnings()


def of(subject: Subject, found: Identity | None, tokens: Tokens) -> Beginnings:
    """Of a request that is stored; it was just answered by its provider.

    A customer's namespaces share markers, as they share the provider's cache.
    """
    known = prefixes.prefixes(found, tokens) if found else []
    if not known:
        return NONE
    who = subject.who
    scope = who.partner.scope(who.ring, who.key.livemode, subject.customer, "")
    names = [who.ring.entry_key(scope, PREFIX, one.digest) for one in known]
    marks = [(SET, name, b"1", b"EX", _LIFETIME_S, b"GET") for name in names]
    return Beginnings(tuple(known), tuple(marks))
