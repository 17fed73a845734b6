"""A scenario of the plan: a list of revenue lines, read from JSON."""

from __future__ import annotations

from dataclasses import dataclass

from billing.rules.errors import BadTerms
from billing.rules.fields import Fields
from billing.rules.money import Money, exponent
from billing.rules.planning.metrics import CHANNELS, PARTNER, Metrics, RevenueLine, channel_metrics
from billing.rules.planning.targets import BRINGS, Verdict, verdicts
from tenants.rules.sayings import Said


@dataclass(frozen=True, slots=True)
class Scenario:
    """`note` says where the lines come from."""

    key: str
    name: str
    note: str
    currency: str
    lines: tuple[RevenueLine, ...]

    @property
    def metrics(self) -> Metrics:
        """ARR, the partners' part and revenue per partner."""
        return channel_metrics(self.lines, self.currency)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Which goals it meets."""
        return verdicts(self.metrics)


def parse_scenario(data: object) -> Scenario:
    """JSON object → Scenario. Raises BadTerms naming the member and what is expected."""
    read = Fields(data, "Scenario")
    currency = read.text("currency")
    exponent(currency)
    scenario = Scenario(
        key=read.text("key"),
        name=read.text("name"),
        note=read.text("note", ""),
        currency=currency,
        lines=tuple(
            _line(item, f"Scenario line {number}", currency)
            for number, item in enumerate(read.items("lines"), 1)
        ),
    )
    read.close()
    if not scenario.lines:
        raise BadTerms(Said("Scenario: give at least one revenue line."))
    return scenario


def _line(data: object, where: str, currency: str) -> RevenueLine:
    read = Fields(data, where)
    line = RevenueLine(
        label=read.text("label"),
        channel=read.choice("channel", CHANNELS),
        count=read.whole("count", 1, most=1_000_000),
        each_minor=Money.from_decimal(read.decimal("each"), currency).amount_minor,
        partners=read.whole("partners", 0, most=100_000),
        brings=tuple(read.items("brings", ())),
        source=read.text("source", ""),
    )
    read.close()
    unknown = [mark for mark in line.brings if mark not in BRINGS]
    if unknown:
        raise BadTerms(
            Said(
                "%(where)s: 'brings' is one of %(known)s, not %(unknown)s.",
                where=where,
                known=", ".join(BRINGS),
                unknown=f"{unknown[0]!r}",
            )
        )
    if line.partners and line.channel != PARTNER:
        raise BadTerms(Said("%(where)s: only a partner line brings partners.", where=where))
    return line
