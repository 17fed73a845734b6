"""The first letter to a prospect, and the proposal as a paper: our pitch, with their figures.

The words are the strategy's, by kind of partner; the deal's words and amounts come from the offer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.rules.fields import decimal_text, instant_text
from billing.rules.money import Money
from billing.rules.money_text import format_money, format_price
from billing.rules.planning.offer import CURRENCY, Offer
from billing.rules.terms import BaseFee, PerUnit, RevenueShare, Wholesale

SCHEMA = "agentcache.proposal.v1"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a pitch is for. Empty `contact` and `product` are filled with the usual words."""

    name: str
    kind: str
    contact: str = ""
    product: str = ""

    @property
    def label(self) -> str:
        """What their product would be called."""
        return self.product or f"{self.name} AI Cache"


@dataclass(frozen=True, slots=True)
class Pitch:
    """Subject and plain text of the letter."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class _Words:
    """A kind's pitch; `{name}` and `{label}` are filled in."""

    subject: str
    opening: str
    problems: tuple[str, ...]
    proposal: str
    promises: tuple[str, ...]
    close: str


_WORDS: Mapping[str, _Words] = {
    "general_cache": _Words(
        "Partnership: {name} + AgentCache for Global AI Caching",
        "{name} is the default cache for developers. But when it comes to AI workloads:",
        ("LLM responses are too large for typical cache deployments",
         "Customers need global edge, {name} is regional",
         "AI-specific features (semantic matching, TTL by model) aren't in the core"),
        "AgentCache as {name}'s overflow/global tier",
        ("Your customers keep using {name} locally (fast)",
         "We handle global edge caching (scalable)",
         "White-label option: \"{label} powered by AgentCache\""),
        "Can we schedule 30 min to discuss?",
    ),
    "cloud": _Words(
        "{label} - Partnership Proposal",
        "{name} customers running AI workloads tell us:",
        ("Your cache is perfect for same-region caching",
         "But they need global edge for multi-region deployments",
         "And AI-specific features (prompt caching, semantic keys)"),
        "White-label AgentCache as \"{label}\"",
        ("We provide global edge infrastructure",
         "You brand it, own the customer relationship",
         "Time to market: 90 days (vs 18 months to build)"),
        "We already have the infrastructure. Let's discuss?",
    ),
    "vector_db": _Words(
        "Partnership: {name} + AgentCache for exact and semantic caching",
        "{name} is where AI applications search by similarity. For cached LLM answers:",
        ("Similarity search is good, exact LLM response caching is another job",
         "Customers use the vector database for both (inefficient)",
         "The \"hot cache\" layer in front of it is missing"),
        "Use us for exact match (fast), {name} for semantic search",
        ("One integrated SDK: check AgentCache first, then {name}",
         "We complement what your customers already have with you",
         "White-label option: \"{label} powered by AgentCache\""),
        "Can we schedule 30 min to discuss?",
    ),
    "llm_provider": _Words(
        "Partnership: we run {name}'s caching layer",
        "{name} builds models. Caching their answers is another business:",
        ("In-house caching costs 12-18 months of engineering and $5M+ of infrastructure",
         "Regional deployment is a challenge of its own",
         "Multi-tenant isolation is complex"),
        "We run your caching layer, you focus on models",
        ("30 days integration, $0 infrastructure cost",
         "We handle operations",
         "White-label: \"{label} powered by AgentCache\""),
        "Can we schedule 30 min to discuss?",
    ),
}  # fmt: skip


def pitch(to: Addressee, offered: Offer) -> Pitch:
    """The letter to a prospect of one of the four kinds, with what it would earn."""
    words = _WORDS[to.kind]

    def listed(lines: tuple[str, ...]) -> str:
        return "\n".join(f"- {_filled(line, to)}" for line in lines)

    parts = (
        f"Hi {to.contact or 'there'},",
        f"{_filled(words.opening, to)}\n{listed(words.problems)}",
        f"Proposal: {_filled(words.proposal, to)}\n{listed(words.promises)}\n"
        + "\n".join(f"- {line}" for line in deal_words(offered)),
        _earning(offered), _filled(words.close, to),
    )  # fmt: skip
    text = "\n\n".join(part for part in parts if part)
    return Pitch(_filled(words.subject, to), f"{text}\n")


def deal_words(offered: Offer) -> list[str]:
    """The deal in short sentences, addressed to the partner."""
    figures, terms = offered.figures, offered.terms
    lines = []
    if offered.poc_months:
        lines.append(f"Free integration for {offered.poc_months} months")
    for part in terms.components:
        if isinstance(part, BaseFee):
            lines.append(f"Base license: {_money(part.yearly_minor)} a year")
        elif isinstance(part, RevenueShare):
            theirs, ours = percent(part.partner_bps), percent(10_000 - part.partner_bps)
            lines.append(f"Revenue share: you get {theirs} of overflow traffic, we get {ours}")
        elif isinstance(part, PerUnit) and part.rate.unit_price is not None:
            price = format_price(part.rate.unit_price, CURRENCY)
            lines.append(f"Usage: {price} per cached request; your customers pay you")
        elif isinstance(part, Wholesale):
            lines.append(f"Wholesale: {percent(part.factor_bps)} of our list price")
    if terms.collects == "partner" and figures.template == "revenue_share_partner":
        lines.append("You bill your customers and keep the relationship")
    if terms.term_months:
        lines.append(f"Term: {terms.term_months // 12} years")
    return lines


def proposal_paper(to: Addressee, offered: Offer, *, made_at: datetime) -> dict[str, Any]:
    """The proposal as JSON for typesetting: every text written out. Same facts, same paper."""
    words, figures = _WORDS[to.kind], offered.figures
    return {
        "schema": SCHEMA, "made_at": instant_text(made_at), "name": to.name,
        "title": f"{to.label}", "subject": _filled(words.subject, to),
        "lead": _filled(words.proposal, to),
        "problems": [_filled(line, to) for line in words.problems],
        "promises": [_filled(line, to) for line in words.promises],
        "deal": deal_words(offered),
        "assumptions": [
            f"{figures.monthly_requests:,} requests a month in the first year",
            f"{percent(figures.growth_bps)} more requests every year",
            f"{percent(figures.hit_rate_bps)} of them answered from the cache",
            f"Customers pay {format_price(figures.unit_price, CURRENCY)} per cached request",
        ],
        "years": [
            [f"Year {year.number}", f"{year.requests:,}", f"{year.hits:,}",
             *map(_money, (year.sales_minor, year.ours_minor, year.theirs_minor))]
            for year in offered.years
        ],
        "total": _money(offered.theirs_minor),
        "free": _money(offered.years[0].free_minor) if offered.poc_months else "",
        "bars": [[year.ours_minor, max(year.theirs_minor, 0)] for year in offered.years],
    }  # fmt: skip


def percent(bps: int) -> str:
    """3000 → `30 %`."""
    return f"{decimal_text(Decimal(bps).scaleb(-2))} %"


def _earning(offered: Offer) -> str:
    """What it brings the partner; nothing of a deal that costs it more than it brings."""
    figures = offered.figures
    if min(year.theirs_minor for year in offered.years) <= 0:
        return ""
    return (
        f"At {figures.monthly_requests:,} requests a month and a hit rate of "
        f"{percent(figures.hit_rate_bps)}, growing {percent(figures.growth_bps)} a year, that is "
        f"{_money(offered.years[0].theirs_minor)} for you in the first year and "
        f"{_money(offered.theirs_minor)} over three."
    )


def _filled(text: str, to: Addressee) -> str:
    return text.replace("{name}", to.name).replace("{label}", to.label)


def _money(minor: int) -> str:
    return format_money(Money(minor, CURRENCY))
