"""A partner's own address for mails as its page shows it (partner's scope)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from portal.queries.domains import Check, Record
from portal.words import Word
from portal.words import domains as domain_words
from portal.words import senders as words
from tenants.models import SenderAddress
from tenants.queries.senders import wanted_of
from tenants.rules.dns_findings import Finding
from tenants.rules.senders import SENDING, SenderSeen, relative_name, sender_findings


class Zone(NamedTuple):
    """The whole domain, for what is said below the records."""

    zone: str
    is_apex: bool = False


@dataclass(frozen=True)
class SenderView:
    """Everything about one address; members are named as `parts/domain_status.html` reads them."""

    claim: SenderAddress
    host: Zone
    records: tuple[Record, ...]
    checks: tuple[Check, ...]

    @property
    def headline(self) -> Word:
        """The one word."""
        return words.HEADLINES[self.claim.state]

    @property
    def explained(self) -> Any:
        """What that word means here."""
        return words.EXPLAINED[self.claim.state]

    @property
    def is_sending(self) -> bool:
        """Whether mails come from it."""
        return self.claim.state in SENDING

    @property
    def is_checking(self) -> bool:
        """A check was asked for, and has not been done."""
        asked, done = self.claim.asked_at, self.claim.checked_at
        return asked is not None and (done is None or done < asked)

    @property
    def is_waiting(self) -> bool:
        """Whether the page should look again by itself."""
        return self.is_checking or (not self.is_sending and self.claim.asked_at is not None)


def sender_view(row: SenderAddress) -> SenderView:
    """An address with its records and its last look."""
    wanted = wanted_of(row)
    seen = SenderSeen.from_json(row.seen) if row.seen else None
    found = sender_findings(seen, wanted) if seen else ()
    states = {one.check: one.state for one in found}
    names = (
        ("dkim", wanted.dkim_name, wanted.dkim_value),
        ("spf", wanted.domain, wanted.spf_value(seen.spf.values if seen else ())),
    )
    return SenderView(
        claim=row, host=Zone(wanted.zone), checks=tuple(map(_check, found)),
        records=tuple(
            Record(f"{check.upper()} (TXT)", relative_name(name, row.domain), name, value,
                   domain_words.STATES[str(states.get(check, ""))])
            for check, name, value in names
        ),
    )  # fmt: skip


def _check(found: Finding) -> Check:
    return Check(found, words.CHECKS[found.check], domain_words.STATES[str(found.state)],
                 words.finding(found.code), domain_words.WHO[str(found.who)])  # fmt: skip
