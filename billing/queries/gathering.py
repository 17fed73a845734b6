"""What a run is computed from, read but not stored: usage, terms, prices, names, balances."""

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings

from billing.models import Agreement, RunSnapshot, SettlementRun, Termination
from billing.queries.balances import opening_minor, unshown_items, unshown_payouts_minor
from billing.queries.booked import booked_lines, booked_shares
from billing.queries.frozen import (
    frozen_head,
    frozen_owned,
    last_issued_run,
    snapshot_of,
)
from billing.queries.plans import plan_prices
from billing.queries.receipts import receipts
from billing.queries.sales import last_report, sales, sold_currencies
from billing.queries.taxes import fx_quotes, party_taxes
from billing.queries.terms import segment_terms
from billing.queries.usage_rows import customer_currencies, usage_rows
from billing.rules.facts import Ending, FxQuote, PartyTax
from billing.rules.fields import instant_text
from billing.rules.inputs import RunInput, RunInputRow, SegmentTerms, on_plans
from billing.rules.periods import Period
from billing.rules.terms import REPORTED
from cache_api import queries as usage
from cache_api.models import Customer
from tenants.models import Partner
from tenants.queries import company as company_of
from tenants.queries import paper_brand, published_brand

# What the invoice says about the seller until an operator's settings say something else.
PLATFORM_PARTY = {"legal_name": "AgentCache, Inc.", "address": [], "country": "", "tax_id": "",
                  "email": ""}  # fmt: skip


@dataclass(frozen=True)
class Gathered:
    """One reading: `parties` are the names documents copy, `batch_bound` the last usage batch.

    `base`: the period's last issued run; None for its first one. Where `run_input` comes without
    what grows with customers: `rows` and `owned` (by member, see `snapshot.OWNED`), each read once
    and as it is asked for.
    """

    run_input: RunInput
    parties: dict[str, Any]
    batch_bound: int
    base: SettlementRun | None = None
    rows: Iterable[RunInputRow] = ()
    owned: Mapping[str, Iterable[Any]] = field(default_factory=dict)


def gather(
    agreement: Agreement, period: Period, run_id: uuid.UUID | None = None, *, by_day: bool = False
) -> Gathered:
    """Read everything a run of this agreement and period needs; writes nothing.

    Runs in the partner's schema (`in_partner`). `run_id` names the run being settled, so that
    only other runs of the period count as booked. Once the period has an issued run, its frozen
    terms, prices and plans hold for every later one. `by_day`: usage may be read from days, which
    come to the same. The number of queries does not depend on the number of customers.
    """
    found = gather_head(agreement, period, run_id, by_day=by_day)
    owned: dict[str, Any] = {name: tuple(items) for name, items in found.owned.items()}
    return replace(
        found,
        run_input=replace(found.run_input, rows=tuple(found.rows), **owned),
        parties={**found.parties, "customers": dict(customer_parties())},
        rows=(),
        owned={},
    )


def gather_head(
    agreement: Agreement, period: Period, run_id: uuid.UUID | None = None, *, by_day: bool = False
) -> Gathered:
    """What `gather` reads, but what grows with customers: that comes by `rows` and `owned`.

    They must be read in the same transaction; the names by `customer_parties`. The frozen input
    of the period's last issued run is taken as it is (see `frozen.checked_rows`).
    """
    base = last_issued_run(agreement.id, period, without=run_id)
    frozen = snapshot_of(base) if base else None
    head = frozen_head(frozen) if frozen else None
    parts = head.segments if head else segment_terms(agreement.id, period)
    plans = head.plans if head else plan_prices(agreement.partner_id, period.start)
    bound = usage.batch_bound(agreement.partner_id)
    awaited = any(part.terms.sales == REPORTED for part in parts)
    report = last_report(agreement.id, period) if awaited else None
    currencies = customer_currencies(base) | sold_currencies(report)
    return Gathered(
        run_input=RunInput(
            agreement_id=str(agreement.id), period=period, segments=parts,
            rows=(), plans=plans, fx=_fx(period, parts, currencies, head),
            sales_report=report.sha256 if report else "",
            opening_minor=opening_minor(agreement.id),
            receipts=() if base else receipts(agreement.id, period),
            endings=_endings(agreement, period),
            paid_minor=unshown_payouts_minor(agreement.id),
            carried=unshown_items(agreement.id),
        ),
        parties=agreement_parties(agreement), batch_bound=bound, base=base,
        rows=usage_rows(period, parts, base, on_plans(plans), by_day),
        owned={
            "booked_lines": booked_lines(agreement.id, period, run_id),
            "booked_shares": booked_shares(agreement.id, period, run_id),
            "sales": sales(report),
            "taxes": _taxes(agreement, period, parts, frozen),
        },
    )  # fmt: skip


def _endings(agreement: Agreement, period: Period) -> tuple[Ending, ...]:
    """The early end that the month's invoice closes with; of one month only, so it is owed once."""
    rows = Termination.objects.filter(
        agreement=agreement, approved_at__isnull=False, rest_of_term_minor__gt=0,
        ends_at__gt=period.start, ends_at__lte=period.end,
    )  # fmt: skip
    return tuple(Ending(instant_text(row.ends_at), row.rest_of_term_minor) for row in rows)


def _taxes(
    agreement: Agreement, period: Period, parts: Sequence[SegmentTerms], frozen: RunSnapshot | None
) -> Iterator[PartyTax]:
    """As frozen before, with the status of parties that are new since; none where none is due."""
    if not any(part.terms.charges_tax for part in parts):
        return
    known: set[str] = set()
    for one in frozen_owned(frozen, ["taxes"]) if frozen else ():
        known.add(one.party)
        yield one
    yield from (one for one in party_taxes(agreement.partner_id, period) if one.party not in known)


def _fx(
    period: Period, parts: Sequence[SegmentTerms], currencies: Iterable[str],
    base: RunInput | None,
) -> tuple[FxQuote, ...]:  # fmt: skip
    """As frozen before, with the rates of currencies that are new since."""
    if not parts:
        return ()
    ours = parts[-1].terms.currency
    known = {one.quote: one for one in (base.fx if base else ())}
    wanted = set(currencies) - set(known)
    now = {one.quote: one for one in fx_quotes(ours, wanted, period)}
    return tuple(one for _quote, one in sorted({**now, **known}.items()))


def agreement_parties(agreement: Agreement) -> dict[str, Any]:
    """Names and addresses as they are now: platform, partner, its brand; no customers."""
    partner = Partner.objects.get(pk=agreement.partner_id)
    brand, (_, company) = published_brand(partner.pk), company_of(partner.pk)
    return {
        "platform": {**PLATFORM_PARTY, **getattr(settings, "PLATFORM_PARTY", {})},
        "partner": _party({"legal_name": brand.legal_name if brand else partner.name,
                           **company.party()}),
        **({} if company.language == "en" else {"partner_language": company.language}),
        "partner_slug": partner.slug,
        # Without a look of its own a partner's papers are plain.
        "brand": {"primary_hex": "", "tagline": "", "support_email": "",
                  **(paper_brand(brand) if brand else {"name": partner.name})},
        "customers": {},
    }  # fmt: skip


def customer_parties(
    ids: Collection[str] | None = None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each customer's id with its name, address and language of papers as they are now, by id; of
    all, or of `ids`. One query."""
    rows = Customer.objects.only("id", "external_id", "name", "billing").order_by("id")
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    for one in rows.iterator(_AT_ONCE):
        legal_name = one.billing.get("legal_name") or one.name or one.external_id
        yield str(one.id), {**_party({**one.billing, "legal_name": legal_name}),
                            **{name: one.billing[name] for name in _IF_SAID
                               if one.billing.get(name)}}  # fmt: skip


def _party(facts: dict[str, Any]) -> dict[str, Any]:
    address = facts.get("address") or []
    return {
        "legal_name": facts["legal_name"],
        "address": address.splitlines() if isinstance(address, str) else list(address),
        "country": facts.get("country") or "", "tax_id": facts.get("tax_id") or "",
        "email": facts.get("email") or "",
        **({"reference": facts["reference"]} if facts.get("reference") else {}),
    }  # fmt: skip


def parties_pieces(parties: dict[str, Any]) -> Iterator[bytes]:
    """The parties as canonical JSON, piece by piece, with the customers of the present schema."""
    before, after = _canonical({**parties, "customers": {}}).split(_NO_CUSTOMERS, 1)
    yield before + _NO_CUSTOMERS[:-1]
    for number, (key, party) in enumerate(customer_parties()):
        yield (b"," if number else b"") + _canonical(key) + b":" + _canonical(party)
    yield b"}" + after


_NO_CUSTOMERS = b'"customers":{}'
# Frozen only where a customer says something: what was frozen before stays the same.
_IF_SAID = ("reference", "purchase_order", "language")
_AT_ONCE = 500  # customers in hand


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
