"""The draft of a credit note, from the canonical JSON of the invoice it corrects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from billing.rules.drafts import CREDIT_NOTE, Draft, DraftLine, TaxLine
from billing.rules.fields import decimal_text
from billing.rules.money import Money, to_major
from billing.rules.money_text import format_money
from billing.rules.periods import Period


def credit_draft(
    body: Mapping[str, Any],
    taken: Mapping[int, int],
    taxes: Sequence[TaxLine],
    share_minor: int,
    reason: str,
    *,
    customer_id: str | None,
) -> Draft:
    """A credit note over `taken` (minor units as charged, by line position) of the invoice `body`.

    Its lines keep the invoice's positions and carry the opposite sign; `taxes` are as charged;
    `share_minor` is the change of the partner's part. Raises InvariantBroken when it does not sum.
    """
    lines = tuple(
        _line(line, taken[line["position"]], body)
        for line in body["lines"]
        if line["position"] in taken
    )
    back = tuple(
        replace(tax, base_minor=-tax.base_minor, amount_minor=-tax.amount_minor) for tax in taxes
    )
    net = sum(line.amount_minor for line in lines)
    terms, period = body["terms"], body["period"]
    return Draft(
        kind=CREDIT_NOTE,
        issuer=body["issuer"],
        customer_id=customer_id,
        currency=body["currency"],
        period=Period(_instant(period["start"]), _instant(period["end"])),
        lines=lines,
        net_minor=net,
        taxes=back,
        gross_minor=net + sum(tax.amount_minor for tax in back),
        shadow_minor=0,
        statement=None,
        terms_kind=terms["kind"],
        collects=terms["collects"],
        principal=terms["principal"],
        payment_days=0,
        partner_share_minor=share_minor,
        notes=(f"Corrects {body['number']} of {body['issue_date']}.", reason),
    ).check()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _line(line: Mapping[str, Any], taken_minor: int, body: Mapping[str, Any]) -> DraftLine:
    currency = body["currency"]
    charged = format_money(Money(line["amount_minor"], currency))
    told = f"charged {charged} on line {line['position']} of {body['number']}"
    return DraftLine(
        position=line["position"],
        kind=line["kind"],
        description=line["description"],
        customer_external_id=line["customer_external_id"],
        customer_name=line["customer_name"],
        meter=line["meter"],
        quantity="",
        unit="",
        unit_price=None,
        amount_minor=-taken_minor,
        exact=decimal_text(to_major(-taken_minor, currency)),
        explanation=(told,),
        start=_instant(line["start"]),
        end=_instant(line["end"]),
        rated_line_key=line["rated_line_key"],
        # A fee that is credited leaves revenue at once; what is deferred goes on as it was.
        earned_minor=-taken_minor,
    )
