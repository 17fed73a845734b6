"""What the statements page shows: the balance, the running month, the list."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from billing import queries as billing
from billing.queries import DocumentRow, MonthEarnings
from portal.queries.estimates import Estimate, Terms, running_month, terms_in_force


@dataclass(frozen=True)
class StatementsView:
    """`latest` is the newest statement of all; `rows` is the page asked for."""

    rows: list[DocumentRow]
    total: int
    latest: DocumentRow | None
    earnings: list[MonthEarnings]
    terms: Terms | None
    estimate: Estimate | None

    @property
    def earned_minor(self) -> int:
        """The partner's share of the settled months shown (13 at most)."""
        return sum(month.share_minor for month in self.earnings)

    @property
    def shadow_minor(self) -> int:
        """The list value of what a proof of concept did not charge, in the same months."""
        return sum(month.shadow_minor for month in self.earnings)

    @property
    def currency(self) -> str:
        """The currency of the newest settled month."""
        return self.earnings[-1].currency if self.earnings else "USD"


def statements_view(
    partner_id: uuid.UUID, now: datetime, *, limit: int, offset: int
) -> StatementsView:
    """One page of statements with the balance above it, newest first."""
    rows, total = billing.statements(partner_id, today=now.date(), limit=limit, offset=offset)
    latest = rows[0] if rows and offset == 0 else None
    terms = terms_in_force(partner_id, now)
    return StatementsView(
        rows, total, latest, billing.earnings(partner_id), terms, running_month(terms, now)
    )
