"""The fingerprint of everything a run computed, made part by part."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Protocol

from billing.rules.charging import ChargePart, RunTotals
from billing.rules.drafts import Draft, Keep
from billing.rules.errors import InvariantBroken
from billing.rules.sharing import CustomerShare, share_order
from billing.rules.sorting import Sorted


class Digest(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes, /) -> None:
        """Count bytes in."""

    def hexdigest(self) -> str:
        """The fingerprint of all bytes so far."""


class ResultDigest:
    """SHA-256 of `repr(ChargeResult)`, whose whole text is never made.

    Every value is plain and frozen, so that its text is the same wherever it is computed. Lines
    come first in it: shares and drafts wait (`keep`) until the last line is counted in.
    """

    def __init__(self, keep: Keep = tuple) -> None:
        self._keep = keep
        self._lines = _Tuple(hashlib.sha256(b"ChargeResult("), "lines")
        self._shares: Sorted[CustomerShare] = Sorted(keep, share_order)
        self._texts: list[Sequence[str]] = []
        self._last = ChargePart((), (), ())

    def add(self, part: ChargePart) -> None:
        """Count a part in, in the order of `Charging.parts`."""
        for line in part.lines:
            self._lines.add([repr(line)])
        if part.totals is not None:
            self._last = part
            return
        for share in part.shares:
            self._shares.add(share)
        self._texts.append(self._keep(map(repr, part.drafts)))

    @property
    def totals(self) -> RunTotals:
        """The run's figures. Raises InvariantBroken before the last part has been counted in."""
        if self._last.totals is None:
            raise InvariantBroken("A run's figures were asked for before its last part.")
        return self._last.totals

    def hexdigest(self) -> str:
        """The fingerprint, once; raises as `totals` does."""
        last, totals = self._last, self.totals
        shares = _Tuple(self._lines.close(), "shares")
        for share in chain(self._shares, last.shares):
            shares.add([repr(share)])
        drafts = _Tuple(shares.close(), "drafts")
        for text in chain.from_iterable(self._texts):
            drafts.add([text])
        for draft in last.drafts:
            drafts.add(_pieces(draft))
        digest = drafts.close()
        digest.update(f"totals={totals!r})".encode())
        return digest.hexdigest()


class _Tuple:
    """The text of a member that is a tuple, item by item, into a digest."""

    def __init__(self, digest: Digest, name: str) -> None:
        self._digest, self._count = digest, 0
        digest.update(f"{name}=(".encode())

    def add(self, pieces: Iterable[str]) -> None:
        """One item, by the pieces of its text."""
        if self._count:
            self._digest.update(b", ")
        self._count += 1
        for piece in pieces:
            self._digest.update(piece.encode())

    def close(self) -> Digest:
        self._digest.update(b",), " if self._count == 1 else b"), ")
        return self._digest


def _pieces(draft: Draft) -> Iterator[str]:
    """`repr(draft)`, line by line: a partner's document names all of its customers."""
    before, after = repr(replace(draft, lines=())).split("lines=()", 1)
    yield f"{before}lines=("
    for number, line in enumerate(draft.lines):
        yield f"{', ' if number else ''}{line!r}"
    yield f"{',' if len(draft.lines) == 1 else ''}){after}"
