"""Push one intent to Stripe, call by call; each answer is kept before the next call is made."""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from billing.actions.connected_accounts import keep_account
from billing.actions.payouts import require_not_held, settle_payout
from billing.actions.refunds import send_refund
from billing.actions.remote_intents import PUSH_TASK
from billing.gateways.stripe_api import Stripe, Unanswered
from billing.models import RemoteIntent
from billing.rules.errors import BillingError, WrongState
from billing.rules.remote import KEY_LIVES, MOST_TRIES, STEPS, Step, pause_after, stripe_amount
from tenants.rules.sayings import Said
from tenants.tasking import enqueue_on_commit

ACTOR = "stripe"
HELD_PAUSE = timedelta(seconds=60)
_WAITED_FOR = {"customer": ("invoice", "customer"), "account": ("account_link", "account")}
log = logging.getLogger(__name__)


class NotYet(BillingError):
    """Something this intent needs is not there yet."""


def push_intent(*, intent_id: uuid.UUID, stripe: Stripe, now: datetime) -> RemoteIntent:
    """Bring an intent to `sent`, or nearer to it: never a second remote object.

    Killed anywhere and called again, it goes on with the same keys; an answer that stayed away is
    asked for again, looked for at Stripe when the key may be forgotten or keeps failing, and left
    to a person when it can not be told. Safe to repeat and to run in several processes.
    """
    intent = _begin(intent_id, now)
    if intent is None:
        return RemoteIntent.objects.get(pk=intent_id)
    try:
        for step in STEPS[intent.kind]:
            if step.name not in intent.steps and not _left_out(intent, step):
                _take(intent, step, stripe, now)
        return _finish(intent, stripe, now)
    except NotYet as error:
        return _later(intent, str(error), now)
    except Unanswered as error:
        if intent.tries >= MOST_TRIES:
            return _review(intent, f"No clear answer after {intent.tries} tries: {error}", now)
        return _later(intent, str(error), now)
    except BillingError as error:
        return _review(intent, str(error), now)


def sweep_intents(*, now: datetime, limit: int = 100) -> int:
    """Queue the intents whose next try is due; how many. Safe to repeat: the pushes are."""
    due = RemoteIntent.objects.filter(state=RemoteIntent.State.PENDING, next_try_at__lte=now)
    rows = list(due.order_by("next_try_at").values_list("id", "partner_id")[:limit])
    for intent_id, partner_id in rows:
        enqueue_on_commit(PUSH_TASK, partner_id=str(partner_id), intent_id=str(intent_id))
    return len(rows)


def _begin(intent_id: uuid.UUID, now: datetime) -> RemoteIntent | None:
    """Count a try and move the next one away; None when there is nothing to do now."""
    with transaction.atomic():
        intent = RemoteIntent.objects.select_for_update().filter(pk=intent_id).first()
        if intent is None or intent.state != RemoteIntent.State.PENDING or intent.next_try_at > now:
            return None
        held = _held(intent, now)
        if held:
            intent.next_try_at = now + HELD_PAUSE
            intent.save(update_fields=["next_try_at"])
            _later(intent, held, now)
            return None
        intent.tries += 1
        intent.first_tried_at = intent.first_tried_at or now
        intent.next_try_at, intent.changed_at = now + pause_after(intent.tries), now
        intent.save(update_fields=["tries", "first_tried_at", "next_try_at", "changed_at"])
    log.info("intent %s: try %s", intent.key, intent.tries)
    return intent


def _held(intent: RemoteIntent, now: datetime) -> str:
    """Why a transfer that was ordered before payouts were held is not made now; no try is used."""
    if intent.kind != RemoteIntent.Kind.TRANSFER or intent.steps:
        return ""
    try:
        require_not_held(intent.partner_id, now)
    except WrongState as error:
        return str(error)
    return ""


def _take(intent: RemoteIntent, step: Step, stripe: Stripe, now: datetime) -> None:
    """One call, or what is found of an earlier one whose key can not be relied on."""
    found = _find(intent, step, stripe) if _look_first(intent, now) else None
    if found is None:
        key = f"{intent.id}:{step.name}:{intent.steps.get('round', 0)}"
        log.info("intent %s: calls %s", intent.key, step.name)
        if step.verb == "create":
            found = stripe.create(step.resource, _params(intent, step.params), key)
        else:
            found = stripe.act(step.resource, step.verb, intent.steps["invoice"], key)
    log.info("intent %s: answered %s", intent.key, step.name)
    intent.steps[step.name] = found.get("id", "")
    intent.url = found.get("hosted_invoice_url") or intent.url
    if step.resource == "account_links":  # no object of its own: an address for some minutes
        intent.url, intent.steps["expires_at"] = found["url"], found["expires_at"]
    intent.save(update_fields=["steps", "url"])
    log.info("intent %s: kept %s", intent.key, step.name)


def _look_first(intent: RemoteIntent, now: datetime) -> bool:
    """Keys are forgotten after a day, an answer of 500 is repeated under its key, and who asks
    again after review uses new keys: then what is there has to be looked for.
    """
    began = intent.first_tried_at or now
    return now - began > KEY_LIVES or intent.tries > MOST_TRIES // 2 or "round" in intent.steps


def _find(intent: RemoteIntent, step: Step, stripe: Stripe) -> dict[str, Any] | None:
    """What an earlier call of this step made, by our mark in its metadata; lists are exact."""
    if step.resource in ("customers", "invoices") and step.verb == "create":
        found = stripe.search(step.resource, "intent", str(intent.id))
    elif step.resource == "invoice_items":
        found = [one for one in stripe.every("invoice_items", invoice=intent.steps["invoice"])
                 if one["metadata"].get("part") == step.name]  # fmt: skip
    elif step.resource == "transfers":
        found = list(stripe.every("transfers", transfer_group=intent.facts["reference"]))
    elif step.resource == "refunds":
        found = [one for one in stripe.every("refunds", charge=intent.facts["charge"])
                 if one["metadata"].get("intent") == str(intent.id)]  # fmt: skip
    elif step.resource == "credit_notes":
        found = [one for one in stripe.every("credit_notes", invoice=_of(intent, "invoice"))
                 if one["metadata"].get("intent") == str(intent.id)]  # fmt: skip
    elif step.resource == "accounts":
        since = {"gte": int(intent.created_at.timestamp()) - 3600}
        found = [one for one in stripe.every("accounts", created=since)
                 if one["metadata"].get("intent") == str(intent.id)]  # fmt: skip
    elif step.resource == "account_links":
        return None
    else:
        return _done_already(intent, step, stripe)
    if len(found) > 1:
        raise WrongState(
            Said(
                "Stripe holds %(found)s objects for %(key)s: look there.",
                found=len(found),
                key=intent.key,
            )
        )
    return found[0] if found else None


def _done_already(intent: RemoteIntent, step: Step, stripe: Stripe) -> dict[str, Any] | None:
    """Whether the invoice was finalised; sending it again would only mail it again."""
    invoice = stripe.fetch("invoices", intent.steps["invoice"])
    return invoice if step.name == "finalize" and invoice["status"] != "draft" else None


def _left_out(intent: RemoteIntent, step: Step) -> bool:
    return step.name == "tax" and not intent.facts["tax_minor"]


def _params(intent: RemoteIntent, name: str) -> dict[str, Any]:
    """A call's parameters, from the frozen facts only: each try says exactly the same."""
    facts, mark = intent.facts, {"intent": str(intent.id)}
    if name == "customer":
        mail = {"email": facts["email"]} if facts["email"] else {}
        return {"name": facts["name"], **mail, "metadata": mark}
    if name == "account":
        return {"type": "express", "country": facts["country"], "metadata": mark,
                "capabilities": {"transfers": {"requested": True}}}  # fmt: skip
    if name == "account_link":
        named = facts["account"]  # an intent's id, or Stripe's own of an account taken over
        account = named if named.startswith("acct_") else _of(intent, "account")
        return {"account": account, "type": "account_onboarding",
                "return_url": facts["return_url"], "refresh_url": facts["refresh_url"]}  # fmt: skip
    currency = facts["currency"]
    if name == "invoice":
        return {
            "customer": _of(intent, "customer"), "currency": currency.lower(),
            "collection_method": "send_invoice", "due_date": facts["due_at"],
            "auto_advance": False, "pending_invoice_items_behavior": "exclude",
            "description": f"{facts['number']}: {facts['brand']}, sold by {facts['seller']}",
            "metadata": {**mark, "document": str(intent.subject_id), "number": facts["number"]},
        }  # fmt: skip
    if name in ("net", "tax"):
        what = f"{facts['number']}, {facts['month']}" + (": tax" if name == "tax" else "")
        return {
            "customer": _of(intent, "customer"), "invoice": intent.steps["invoice"],
            "amount": stripe_amount(facts[f"{name}_minor"], currency), "description": what,
            "currency": currency.lower(), "metadata": {**mark, "part": name},
        }  # fmt: skip
    amount = stripe_amount(facts["amount_minor"], currency)
    return {
        "refund": lambda: {"charge": facts["charge"], "amount": amount, "metadata": mark},
        "transfer": lambda: {
            "amount": amount, "currency": currency.lower(), "destination": facts["destination"],
            "transfer_group": facts["reference"], "metadata": mark,
        },
        "credit_note": lambda: {"invoice": _of(intent, "invoice"), "amount": amount,
                                "memo": facts["reason"], "metadata": mark},
    }[name]()  # fmt: skip


def _of(intent: RemoteIntent, name: str) -> str:
    """The remote id of another intent that this one builds on. Raises NotYet."""
    other = RemoteIntent.objects.get(pk=intent.facts[name], partner_id=intent.partner_id)
    if other.state != RemoteIntent.State.SENT:
        raise NotYet(
            Said(
                "It waits for %(key)s, which is %(standing)s.", key=other.key, standing=other.state
            )
        )
    return other.remote_id


def _finish(intent: RemoteIntent, stripe: Stripe, now: datetime) -> RemoteIntent:
    """Keep the remote id, and book what it means, in one transaction."""
    remote_id = intent.steps[STEPS[intent.kind][0].name]
    account = stripe.fetch("accounts", remote_id) if intent.kind == "account" else None
    with transaction.atomic():
        if account is not None:
            keep_account(partner_id=intent.partner_id, remote=account, now=now)
        if intent.kind == RemoteIntent.Kind.REFUND:
            send_refund(refund_id=intent.subject_id, remote_id=remote_id, actor=ACTOR, now=now)
        if intent.kind == RemoteIntent.Kind.TRANSFER:
            settle_payout(payout_id=intent.subject_id, actor=ACTOR, now=now)
        intent.state, intent.remote_id, intent.problem = RemoteIntent.State.SENT, remote_id, ""
        intent.changed_at = now
        intent.save(update_fields=["state", "remote_id", "problem", "changed_at"])
        _wake(intent, now)
    log.info("intent %s: sent as %s", intent.key, remote_id)
    return intent


def _wake(intent: RemoteIntent, now: datetime) -> None:
    """Invoices that waited for their customer, and links for their account, wait no more."""
    waits_for = _WAITED_FOR.get(intent.kind)
    if waits_for is None:
        return
    kind, name = waits_for
    waiting = RemoteIntent.objects.filter(
        kind=kind, state=RemoteIntent.State.PENDING, **{f"facts__{name}": str(intent.id)}
    )
    waiting.update(next_try_at=now)
    for intent_id, partner_id in waiting.values_list("id", "partner_id"):
        enqueue_on_commit(PUSH_TASK, partner_id=str(partner_id), intent_id=str(intent_id))


def _later(intent: RemoteIntent, problem: str, now: datetime) -> RemoteIntent:
    return _leave(intent, RemoteIntent.State.PENDING, problem, now)


def _review(intent: RemoteIntent, problem: str, now: datetime) -> RemoteIntent:
    log.warning("intent %s needs review: %s", intent.key, problem)
    return _leave(intent, RemoteIntent.State.NEEDS_REVIEW, problem, now)


def _leave(intent: RemoteIntent, state: str, problem: str, now: datetime) -> RemoteIntent:
    intent.state, intent.problem, intent.changed_at = state, problem[:2000], now
    intent.save(update_fields=["state", "problem", "changed_at"])
    return intent
