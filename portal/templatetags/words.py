"""Labels of states and kinds in templates, from `portal.words`."""

from typing import Any

from django import template

from billing.rules.accounts import ACCOUNTS
from portal import words
from portal.rules.health import Reason
from portal.words import (
    alerts,
    audit,
    billing,
    books,
    domains,
    explorer,
    facts,
    operations,
    prices,
    sso,
    terms,
)
from portal.words.told import retold

register = template.Library()
register.filter("rate_lines", prices.rate_lines)
register.filter("act", audit.act)
register.filter("shortened", facts.shortened)
register.filter("alert_step", alerts.step)
register.filter("alert_value", alerts.value)
register.filter("said", retold)  # `{{ run.reason|said }}`: a sentence of ours, kept or not
_STATES = {
    "run": words.RUN_STATES, "partner": words.PARTNER_STATES, "exception": words.EXCEPTIONS,
    "phase": words.PHASES, "agreement_paper": words.PAPER_STATES, "dispute": words.DISPUTE_STATES,
    "payout": words.PAYOUT_STATES, "chargeback": words.CHARGEBACK_STATES,
    "level": words.LEVELS, "incident": words.INCIDENT_STATES,
    "delivery": words.DELIVERIES, "endpoint": words.ENDPOINTS, "outcome": words.OUTCOMES,
    "stage": words.STAGES, "health": words.HEALTH,
    "key": words.KEY_STATES, "role": words.ROLES,
    "switch": operations.SWITCHES, "job": operations.JOB_STATES,
    "routing": domains.HEADLINES, "cert": domains.CERTS, "sso": sso.STATES,
    "overlay": words.OVERLAY_STATES, "invitation": words.INVITATION_STATES,
}  # fmt: skip
_KINDS = {
    "component": words.COMPONENTS,
    "partner": words.PARTNER_KINDS, "deal": words.DEAL_KINDS, "paper": words.PAPER_KINDS,
    "entry": words.DISPUTE_ENTRIES, "method": words.METHODS, "payout_verb": words.PAYOUT_VERBS,
    "hook": words.HOOK_EVENTS, "alert": words.ALERT_KINDS,
    "treatment": words.TREATMENTS,
    "charges": words.CHARGES, "figure": terms.FIGURES,
    "request": explorer.VERBS, **explorer.LABELS,
    "account": books.ACCOUNT_TYPES, "posting": books.POSTINGS, "intent": books.INTENTS,
    "billing": billing.MEMBERS, "meter": prices.METERS,
}  # fmt: skip


@register.filter
def state_label(name: str, table: str) -> Any:
    """`{{ run.state|state_label:"run" }}`; the tables are `_STATES`."""
    return words.word(_STATES[table], name).label


@register.filter
def state_tone(name: str, table: str) -> str:
    """The chip tone of a state; tables as for `state_label`."""
    return words.word(_STATES[table], name).tone


@register.filter
def kind_label(name: str, table: str) -> Any:
    """`{{ partner.kind|kind_label:"partner" }}`; tables: partner, deal, paper, entry."""
    return _KINDS[table].get(name) or name.replace("_", " ")


@register.filter
def alert_limit(row: Any) -> str:
    """An alert's limit with its unit."""
    return alerts.limit(row.kind, row.limit)


@register.filter
def account_name(code: str) -> str:
    """What an account of our chart is called; nothing for a code that is not in it."""
    account = ACCOUNTS.get(code)
    return retold(account.name) if account else ""


@register.filter
def health_reason(reason: Reason) -> str:
    """A reason of `portal.rules.health` in words, with its figure."""
    figure = round(reason.figure, 1 if reason.key == "wrong" else None)
    return str(words.HEALTH_REASONS[reason.key]) % {"n": figure}
