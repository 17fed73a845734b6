"""What a run is computed from, read but not stored: usage, terms, prices, names, balances."""

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from billing.models import Agreement, Termination
from billing.queries.balances import opening_minor, unshown_items, unshown_payouts_minor
from billing.queries.booked import booked_lines, booked_shares
from billing.queries.frozen import frozen_input, last_issued_run
from billing.queries.plans import plan_prices
from billing.queries.receipts import receipts
from billing.queries.sales import last_report, sales
from billing.queries.taxes import fx_quotes, party_taxes
from billing.queries.terms import segment_terms
from billing.rules.errors import InvariantBroken
from billing.rules.facts import Ending, FxQuote, PartyTax
from billing.rules.fields import instant_text
from billing.rules.inputs import RunInput, RunInputRow, SegmentTerms, on_plans
from billing.rules.periods import Period
from billing.rules.terms import REPORTED
from cache_api import queries as usage
from cache_api.models import Customer
from cache_api.rules.reports import UsageTotal
from tenants.models import Partner
from tenants.queries import company as company_of
from tenants.queries import paper_brand, published_brand

# What the invoice says about the seller until an operator's settings say something else.
PLATFORM_PARTY = {"legal_name": "AgentCache, Inc.", "address": [], "country": "", "tax_id": "",
                  "email": ""}  # fmt: skip


@dataclass(frozen=True)
class Gathered:
    """One reading: `parties` are the names documents copy, `batch_bound` the last usage batch.

    `base`: what the period's last issued run was frozen from; None for its first run. `rows`: the
    usage, read once and as it is asked for, where `run_input` comes without.
    """

    run_input: RunInput
    parties: dict[str, Any]
    batch_bound: int
    base: RunInput | None = None
    rows: Iterable[RunInputRow] = ()


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What rating needs to know of a customer."""

    id: uuid.UUID
    external_id: str
    name: str
    plan: str
    currency: str


def gather(
    agreement: Agreement, period: Period, run_id: uuid.UUID | None = None, *, by_day: bool = False
) -> Gathered:
    """Read everything a run of this agreement and period needs; writes nothing.

    Runs in the partner's schema (`in_partner`). `run_id` names the run being settled, so that
    only other runs of the period count as booked. Once the period has an issued run, its frozen
    terms, prices and plans hold for every later one. `by_day`: usage may be read from days, which
    come to the same. Fifteen queries at any size, four with plans more, two more then.
    """
    found = gather_head(agreement, period, run_id, by_day=by_day)
    return replace(
        found,
        run_input=replace(found.run_input, rows=tuple(found.rows)),
        parties={**found.parties, "customers": dict(customer_parties())},
        rows=(),
    )


def gather_head(
    agreement: Agreement, period: Period, run_id: uuid.UUID | None = None, *, by_day: bool = False
) -> Gathered:
    """What `gather` reads, but the usage and the customers' names: those grow with customers.

    `rows` must be read in the same transaction; the names by `customer_parties`.
    """
    last = last_issued_run(agreement.id, period, without=run_id)
    base = frozen_input(last) if last else None
    parts = base.segments if base else segment_terms(agreement.id, period)
    facts = _as_frozen(base)
    plans = base.plans if base else plan_prices(agreement.partner_id, period.start)
    bound = usage.batch_bound(agreement.partner_id)
    awaited = any(part.terms.sales == REPORTED for part in parts)
    report = last_report(agreement.id, period) if awaited else None
    reported = sales(report)
    sold = {sale.currency for sale in reported}
    return Gathered(
        run_input=RunInput(
            agreement_id=str(agreement.id), period=period, segments=parts,
            rows=(), plans=plans,
            taxes=_taxes(agreement, period, parts, base),
            fx=_fx(period, parts, {*(one.currency for one in facts.values()), *sold}, base),
            sales=reported, sales_report=report.sha256 if report else "",
            booked_lines=booked_lines(agreement.id, period, run_id),
            booked_shares=booked_shares(agreement.id, period, run_id),
            opening_minor=opening_minor(agreement.id),
            receipts=() if base else receipts(agreement.id, period),
            endings=_endings(agreement, period),
            paid_minor=unshown_payouts_minor(agreement.id),
            carried=unshown_items(agreement.id),
        ),
        parties=agreement_parties(agreement), batch_bound=bound, base=base,
        rows=_rows(period, parts, facts, on_plans(plans), by_day),
    )  # fmt: skip


def _endings(agreement: Agreement, period: Period) -> tuple[Ending, ...]:
    """The early end that the month's invoice closes with; of one month only, so it is owed once."""
    rows = Termination.objects.filter(
        agreement=agreement, approved_at__isnull=False, rest_of_term_minor__gt=0,
        ends_at__gt=period.start, ends_at__lte=period.end,
    )  # fmt: skip
    return tuple(Ending(instant_text(row.ends_at), row.rest_of_term_minor) for row in rows)


def _as_frozen(base: RunInput | None) -> dict[uuid.UUID, CustomerFacts]:
    """What each customer is, or what it was when the period's first run was frozen.

    Who was not in that input had neither usage nor a plan then.
    """
    known = {} if base is None else {row.customer_id: row for row in base.rows}
    facts = {}
    customers = Customer.objects.only("id", "external_id", "name", "plan", "billing")
    for one in customers.iterator(_AT_ONCE):
        plan, currency = one.plan, one.billing.get("currency") or ""
        if base is not None:
            before = known.get(str(one.id))
            plan, currency = (before.plan, before.currency) if before else ("", currency)
        facts[one.id] = CustomerFacts(one.id, one.external_id, one.name, plan, currency)
    return facts


def _taxes(
    agreement: Agreement, period: Period, parts: Sequence[SegmentTerms], base: RunInput | None
) -> tuple[PartyTax, ...]:
    """As frozen before, with the status of parties that are new since; none where none is due."""
    if not any(part.terms.charges_tax for part in parts):
        return ()
    frozen = base.taxes if base else ()
    known = {one.party for one in frozen}
    new = [one for one in party_taxes(agreement.partner_id, period) if one.party not in known]
    return tuple(sorted([*frozen, *new], key=lambda one: (one.party, one.charges)))


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


def _rows(
    period: Period,
    parts: tuple[SegmentTerms, ...],
    customers: dict[uuid.UUID, CustomerFacts],
    planned: frozenset[str],
    by_day: bool = False,
) -> Iterable[RunInputRow]:
    """Usage per segment, customer and model; a customer on a plan also without usage."""
    if not parts:
        return
    # Cut where segments begin and end, then number each cut by the segment that begins there.
    cuts = sorted({at for part in parts for at in (part.segment.start, part.segment.end)})
    inside = tuple(at for at in cuts if period.start < at < period.end)
    starts = (period.start, *inside)
    index = {part.segment.start: part.segment.index for part in parts}
    on_plan = {key: one for key, one in customers.items() if one.plan or str(key) in planned}
    seen = set()
    for row in usage.usage_stream(period.start, period.end, inside, by_day=by_day):
        segment = index.get(starts[row.segment])
        if segment is None:
            continue  # used before the agreement began, or after it ended
        if row.customer_id not in customers:
            raise InvariantBroken(f"Usage of customer {row.customer_id} has no customer row.")
        if row.customer_id in on_plan:
            seen.add((segment, row.customer_id))
        yield _row(segment, customers[row.customer_id], row)
    for customer in sorted(on_plan.values(), key=lambda one: one.external_id):
        for part in parts:
            if (part.segment.index, customer.id) not in seen:
                yield _row(part.segment.index, customer, None)


def _row(segment: int, customer: CustomerFacts, total: UsageTotal | None) -> RunInputRow:
    counts: dict[str, Any] = {} if total is None else {
        "model": total.model, "lookups": total.lookups, "stores": total.stores,
        "cached_requests": total.cached_requests, "bytes_served": total.bytes_served,
        "byte_seconds": int(total.byte_seconds), "tokens_saved": total.tokens_saved,
        "cost_saved_micros": total.cost_saved_micros,
    }  # fmt: skip
    return RunInputRow(
        segment=segment, customer_id=str(customer.id), external_id=customer.external_id,
        name=customer.name, plan=customer.plan, currency=customer.currency,
        **counts,
    )  # fmt: skip


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


def customer_parties() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each customer's id with its name and address as they are now, by id. One query."""
    rows = Customer.objects.only("id", "external_id", "name", "billing").order_by("id")
    for one in rows.iterator(_AT_ONCE):
        legal_name = one.billing.get("legal_name") or one.name or one.external_id
        yield str(one.id), _party({**one.billing, "legal_name": legal_name})


def _party(facts: dict[str, Any]) -> dict[str, Any]:
    address = facts.get("address") or []
    return {
        "legal_name": facts["legal_name"],
        "address": address.splitlines() if isinstance(address, str) else list(address),
        "country": facts.get("country") or "", "tax_id": facts.get("tax_id") or "",
        "email": facts.get("email") or "",
    }  # fmt: skip


def parties_pieces(parties: dict[str, Any]) -> Iterator[bytes]:
    """The parties as canonical JSON, piece by piece, with the customers of the present schema."""
    before, after = _canonical({**parties, "customers": {}}).split(_NO_CUSTOMERS, 1)
    yield before + _NO_CUSTOMERS[:-1]
    for number, (key, party) in enumerate(customer_parties()):
        yield (b"," if number else b"") + _canonical(key) + b":" + _canonical(party)
    yield b"}" + after


_NO_CUSTOMERS = b'"customers":{}'
_AT_ONCE = 500  # customers in hand


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
