"""An agreement's terms in plain words: one sentence a fact, amounts written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules.disputes import SILENCE_DAYS
from billing.rules.terms import (
    BaseFee,
    Cap,
    Minimum,
    PerUnit,
    PlanFee,
    RevenueShare,
    SavingsShare,
    Terms,
    Wholesale,
)
from portal.local import day_text
from portal.templatetags.money import bps, money_text
from portal.words.prices import rate_line

_INTERVALS: dict[str, Any] = {
    "monthly": gettext_lazy("monthly"),
    "quarterly": gettext_lazy("quarterly"),
    "yearly": gettext_lazy("yearly"),
}


def plain_terms(terms: Terms) -> list[str]:
    """What the agreement says, from who collects to when money is due."""
    sentences = [_who(terms)]
    sentences += [_SENTENCES[type(part)](part, terms) for part in terms.components]
    if terms.poc_ends_at is not None:
        sentences.append(
            _("Proof of concept until %(day)s UTC: usage is rated and shown, nothing is owed.")
            % {"day": day_text(terms.poc_ends_at, "j M Y, H:i")}
        )
    return [*sentences, *_closing(terms)]


def _who(terms: Terms) -> str:
    if terms.kind == "direct":
        return _("Our own customers: we contract with them and invoice them.")
    if terms.collects == "platform":
        if terms.principal:
            return _("We invoice the partner's customers, in our own name.")
        return _("We invoice the partner's customers as the partner's agent.")
    if terms.bills_customers:
        if terms.sales == "reported":
            return _("The partner invoices its customers itself, reports what it sold each month, "
                     "and pays us our part.")  # fmt: skip
        return _("The partner invoices its customers and pays us our part.")
    return _("The partner sells on its own account and pays us; customers get no invoice from us.")


def _base_fee(part: BaseFee, terms: Terms) -> str:
    return _("A base fee of %(amount)s a year, invoiced %(interval)s in advance.") % {
        "amount": money_text(part.yearly_minor, terms.currency),
        "interval": _INTERVALS[part.interval],
    }  # fmt: skip


def _per_unit(part: PerUnit, terms: Terms) -> str:
    return _("%(price)s, all customers together.") % {"price": rate_line(part.rate, terms.currency)}


def _revenue_share(part: RevenueShare, terms: Terms) -> str:
    text = _("The partner gets %(theirs)s of each customer invoice's net, we keep %(ours)s.") % {
        "theirs": bps(part.partner_bps), "ours": bps(10_000 - part.partner_bps),
    }  # fmt: skip
    reasons = {"poc_offer": _("as offered with the proof of concept"),
               "negotiated": _("as negotiated")}  # fmt: skip
    reason = reasons.get(terms.share_reason)
    return f"{text[:-1]} ({reason})." if reason else text


def _wholesale(part: Wholesale, terms: Terms) -> str:
    text = _("The partner pays %(share)s of our retail prices.") % {"share": bps(part.factor_bps)}
    if part.discount_mode == "none":
        return text
    tiers = ", ".join(
        _("%(off)s up to %(value)s") % {
            "off": bps(tier.discount_bps),
            "value": _("any value") if tier.up_to_minor is None
            else money_text(tier.up_to_minor, terms.currency),
        }
        for tier in part.discount_tiers
    )  # fmt: skip
    return f"{text} " + _("Discount by monthly value: %(tiers)s.") % {"tiers": tiers}


def _plan_fee(part: PlanFee, terms: Terms) -> str:
    return _("Plan %(plan)s: %(amount)s a year per customer, invoiced %(interval)s.") % {
        "plan": part.plan, "amount": money_text(part.yearly_minor, terms.currency),
        "interval": _INTERVALS[part.interval],
    }  # fmt: skip


def _savings_share(part: SavingsShare, terms: Terms) -> str:
    text = _("Customers pay %(share)s of the model cost they saved.") % {
        "share": bps(part.percentage_bps)
    }
    if part.cap_minor is None:
        return text
    cap = {"cap": money_text(part.cap_minor, terms.currency)}
    return f"{text} " + _("At most %(cap)s a month.") % cap


def _minimum(part: Minimum, terms: Terms) -> str:
    return _("The partner pays at least %(amount)s a month.") % {
        "amount": money_text(part.monthly_minor, terms.currency)
    }


def _cap(part: Cap, terms: Terms) -> str:
    return _("Usage costs the partner at most %(amount)s a month.") % {
        "amount": money_text(part.monthly_minor, terms.currency)
    }


def _share_base(terms: Terms) -> str:
    names = {"credits": _("credit notes"), "fees": _("payment fees"), "refunds": _("refunds"),
             "tax": _("tax")}  # fmt: skip
    off = ", ".join(name for key, name in names.items() if key in terms.deductions)
    kept = ", ".join(name for key, name in names.items() if key not in terms.deductions)
    text = (
        _("The share is taken of what customers paid.") if terms.shares_receipts
        else _("The share is taken of what customers are invoiced.")
    )  # fmt: skip
    text += " " + _("Taken off first: %(names)s.") % {"names": off} if off else ""
    return text + (" " + _("Not taken off: %(names)s.") % {"names": kept} if kept else "")


def _closing(terms: Terms) -> list[str]:
    facts = [_("Payment within %(days)d days, in %(currency)s.") % {
        "days": terms.payment_days, "currency": terms.currency,
    }]  # fmt: skip
    if terms.pays_partner and terms.min_payout_minor:
        facts.append(
            _("Shares below %(amount)s are carried forward.")
            % {"amount": money_text(terms.min_payout_minor, terms.currency)}
        )
    if terms.pays_partner:
        facts.append(_share_base(terms))
    if terms.netting:
        facts.append(_("What the partner owes us is set off against its share."))
    if terms.charges_tax:
        facts.append(_("Documents carry tax, by the status of each party."))
    if terms.cutoff_days:
        facts.append(
            _("Late usage is awaited for %(days)d days after a month.")
            % {"days": terms.cutoff_days}
        )
    if terms.pays_partner:
        facts.append(
            _("A statement can be disputed for %(days)d days; then it is accepted.")
            % {"days": terms.lock_days or SILENCE_DAYS}
        )
    if terms.term_months:
        facts.append(_("Term: %(months)d months.") % {"months": terms.term_months})
    return facts


_SENTENCES: dict[type, Callable[[Any, Terms], str]] = {
    BaseFee: _base_fee,
    PerUnit: _per_unit,
    RevenueShare: _revenue_share,
    Wholesale: _wholesale,
    PlanFee: _plan_fee,
    SavingsShare: _savings_share,
    Minimum: _minimum,
    Cap: _cap,
}
