"""An amendment: figures of the terms written anew, what differs, and what has to stay or wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from billing.rules.errors import BadTerms
from billing.rules.fees import interval_from
from billing.rules.figures import ADDED, LABELS, MEMBERS, OFF, figures, labelled, named, read
from billing.rules.periods import add_months
from billing.rules.rates import Rate
from billing.rules.terms import (
    DEDUCTIONS,
    USUAL_DEDUCTIONS,
    BaseFee,
    Component,
    PerUnit,
    PlanFee,
    Terms,
)
from billing.rules.terms_json import check_terms
from tenants.rules.sayings import Said

# One document covers the whole month, so it can not change inside of one.
WHOLE_MONTH = ("kind", "collects", "principal", "sales", "tax", "self_billing")


def amended(terms: Terms, texts: Mapping[str, str]) -> Terms:
    """The terms with some figures written anew, by key. Raises BadTerms naming the figure.

    A share that differs is negotiated, whatever it was before.
    """
    known = {figure.key: figure for figure in figures(terms)}
    unknown = set(texts) - set(known)
    if unknown:
        raise BadTerms(
            Said("These terms have no figure %(unknown)s.", unknown=f"{sorted(unknown)[0]!r}")
        )
    values = {
        key: read(known[key], text.strip(), terms.currency)
        for key, text in texts.items()
        if text.strip() != known[key].text
    }
    own = {key: value for key, value in values.items() if key in LABELS}
    after = replace(terms, components=_components(terms, values), **own)
    off = {key.removeprefix(OFF): value for key, value in values.items() if key.startswith(OFF)}
    after = replace(after, share_after=_taken_off(terms, after, off))
    return check_terms(_negotiated(terms, after))


def differences(before: Terms, after: Terms) -> tuple[tuple[Said, str, str], ...]:
    """(what, before, after) of every figure that differs; '' where one side has none."""
    old = {figure.label: figure.text for figure in figures(before)}
    new = {figure.label: figure.text for figure in figures(after)}
    return tuple(
        (label, old.get(label, ""), new.get(label, ""))
        for label in {**old, **new}
        if old.get(label, "") != new.get(label, "")
    )


def refuse_amendment(before: Terms, after: Terms, starts_at: datetime) -> None:
    """Raises BadTerms for what stays as long as an agreement, or can not begin at `starts_at`.

    The currency and the start stay: a statement's opening balance is the closing one before it,
    and yearly fees and the term count from the start.
    """
    if after.currency != before.currency:
        raise BadTerms(
            Said(
                "The currency of an agreement stays %(currency)s: its statements carry one "
                "balance from month to month. End this agreement on a day, and sign a new "
                "one in %(other_currency)s from that day on.",
                currency=before.currency,
                other_currency=after.currency,
            )
        )
    if after.anchor_at != before.anchor_at:
        raise BadTerms(
            Said(
                "The start of an agreement stays %(at)s UTC: yearly fees and the term count "
                "from it. End this agreement on a day, and sign a new one from that day on.",
                at=f"{before.anchor_at:%Y-%m-%d %H:%M}",
            )
        )
    _refuse_inside_a_month(before, after, starts_at)
    _refuse_inside_an_interval(before, after, starts_at)


def _refuse_inside_a_month(before: Terms, after: Terms, starts_at: datetime) -> None:
    first = starts_at.replace(day=1, hour=0)
    for name in WHOLE_MONTH:
        if starts_at != first and getattr(before, name) != getattr(after, name):
            raise BadTerms(
                Said(
                    "“%(label)s” changes with a month, because one document covers a whole "
                    "month: let the amendment begin on %(day)s.",
                    label=LABELS[name],
                    day=f"{add_months(first, 1):%Y-%m-%d}",
                )
            )


def _refuse_inside_an_interval(before: Terms, after: Terms, starts_at: datetime) -> None:
    """A fee that was invoiced in advance holds for as long as it was invoiced for."""
    old, new = _fees(before), _fees(after)
    for name in sorted({*old, *new}):
        if old.get(name) == new.get(name):
            continue
        for terms, fee in ((before, old.get(name)), (after, new.get(name))):
            begins = interval_from(terms, fee.interval, starts_at) if fee else starts_at
            if fee and begins != starts_at:
                raise BadTerms(
                    Said(
                        "%(name)s is invoiced in advance (%(interval)s): change it where the next "
                        "such time begins, on %(begins)s UTC. Until then it is paid.",
                        name=name,
                        interval=Said(fee.interval),
                        begins=f"{begins:%Y-%m-%d %H:%M}",
                    )
                )


def _fees(terms: Terms) -> dict[Said, BaseFee | PlanFee]:
    return {
        labelled(Said("“%(label)s”", label=MEMBERS[type(part)][0][1]), named(part)): part
        for part in terms.components
        if isinstance(part, BaseFee | PlanFee)
    }


def _components(terms: Terms, values: Mapping[str, Any]) -> tuple[Component, ...]:
    changes: dict[int, dict[str, Any]] = {}
    for key, value in values.items():
        position, dot, member = key.partition(".")
        if dot and position.isdecimal():
            changes.setdefault(int(position), {})[member] = value
    parts = [_changed(part, changes.get(n, {})) for n, part in enumerate(terms.components)]
    added = [
        make(values[key])
        for key, (_kind, _label, _unit, make) in ADDED.items()
        if values.get(key) is not None
    ]
    return tuple(part for part in (*parts, *added) if part is not None)


def _changed(part: Component, changes: Mapping[str, Any]) -> Component | None:
    """None where its first figure was emptied: it is taken out."""
    if changes.get(MEMBERS[type(part)][0][0], part) is None:
        return None
    if isinstance(part, PerUnit) and changes:
        new = changes["rate"]
        return PerUnit(new if isinstance(new, Rate) else replace(part.rate, unit_price=new))
    return replace(part, **changes)


def _taken_off(before: Terms, after: Terms, off: Mapping[str, bool]) -> tuple[str, ...] | None:
    """What is taken off before the share; None where it is as usual, or we share nothing."""
    if not off:
        return after.share_after if after.pays_partner and after.principal else None
    names = tuple(name for name in DEDUCTIONS if off.get(name, name in before.deductions))
    return None if names == USUAL_DEDUCTIONS[after.share_base] else names


def _negotiated(before: Terms, after: Terms) -> Terms:
    if before.partner_share_bps == after.partner_share_bps:
        return after
    return replace(after, share_reason="negotiated")
