"""What one partner is worth to us: its part of our ARR, and its last final month (console)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from billing.queries.channel_revenue import partner_arr
from billing.rules.periods import add_months, month_of
from portal.queries.channel import Money, MonthMoney, channel_money

BACK = 13  # months in which the last final one is looked for


@dataclass(frozen=True)
class Worth:
    """One currency, in minor units: `arr_minor` is None where no terms are in force in it; `last`
    is the newest month whose runs are all issued, `before` the one before that."""

    partner_id: uuid.UUID
    currency: str
    arr_minor: int | None
    last: MonthMoney | None
    before: MonthMoney | None

    @property
    def money(self) -> Money:
        """Of the last final month."""
        return self._of(self.last)

    @property
    def money_before(self) -> Money:
        """Of the final month before it."""
        return self._of(self.before)

    def _of(self, month: MonthMoney | None) -> Money:
        return month.by_partner.get(self.partner_id, Money()) if month else Money()


def partner_worth(partner_id: uuid.UUID, now: datetime) -> list[Worth]:
    """By currency, what it settles in: one query, and six for each."""
    months = channel_money(add_months(month_of(now).start, -BACK), partner_id)
    found = []
    for currency, all_months in sorted(months.items()):
        final = [month for month in all_months if month.is_final]
        arr = partner_arr(partner_id, now, currency)
        if arr is not None or final:
            last, before = ([None, None, *final][-1], [None, None, *final][-2])
            found.append(Worth(partner_id, currency, arr, last, before))
    return found
