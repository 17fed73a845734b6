"""How objects look in API version 2023-08-16: what its description requires, and what we read.

The tests check every answer against that description.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def listed(data: list[Object], url: str, *, has_more: bool = False) -> Object:
    """A list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def customer(given: Object) -> Object:
    """A customer."""
    return {"name": given.get("name"), "email": given.get("email"), "balance": 0,
            "address": given.get("address"), "currency": None, "description": None,
            "metadata": given.get("metadata", {})}  # fmt: skip


def account(given: Object) -> Object:
    """A connected account of which Stripe knows nothing yet."""
    due = ["business_type", "external_account", "tos_acceptance.date"]
    return {"type": given.get("type", "express"), "country": given.get("country", "US"),
            "email": given.get("email"), "charges_enabled": False, "payouts_enabled": False,
            "details_submitted": False, "metadata": given.get("metadata", {}),
            "capabilities": {"transfers": "inactive"},
            "requirements": _requirements(due)}  # fmt: skip


def onboarded(account: Object) -> Object:
    """The same account when its owner has told everything."""
    return {**account, "charges_enabled": True, "payouts_enabled": True, "details_submitted": True,
            "capabilities": {"transfers": "active"}, "requirements": _requirements([])}  # fmt: skip


def account_link(account: Object, url: str, created: int) -> Object:
    """An address where an account's owner tells Stripe about itself, for five minutes."""
    return {"object": "account_link", "created": created, "expires_at": created + 300, "url": url}


def _requirements(due: list[str]) -> Object:
    return {"alternatives": [], "current_deadline": None, "currently_due": due,
            "disabled_reason": "requirements.past_due" if due else None, "errors": [],
            "eventually_due": due, "past_due": due, "pending_verification": []}  # fmt: skip


def invoice(given: Object, created: int) -> Object:
    """A draft without lines."""
    due = given.get("due_date")
    return {
        "customer": given["customer"], "currency": given.get("currency", "usd"), "status": "draft",
        "collection_method": given.get("collection_method", "charge_automatically"),
        "description": given.get("description"), "due_date": int(due) if due else None,
        "auto_advance": False, "number": None, "hosted_invoice_url": None, "invoice_pdf": None,
        "lines": listed([], "/v1/invoices"), "charge": None, "payment_intent": None, "paid": False,
        "paid_out_of_band": False, "metadata": given.get("metadata", {}), "subtotal": 0,
        "total": 0, "amount_due": 0, "amount_paid": 0, "amount_remaining": 0, "amount_shipping": 0,
        "attempt_count": 0, "attempted": False, "default_tax_rates": [], "starting_balance": 0,
        "automatic_tax": {"enabled": False, "status": None}, "total_tax_amounts": [],
        "payment_settings": {"payment_method_options": None, "payment_method_types": None},
        "period_start": created, "period_end": created, "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "status_transitions": {"finalized_at": None, "marked_uncollectible_at": None,
                               "paid_at": None, "voided_at": None},
    }  # fmt: skip


def invoiceitem(given: Object, created: int) -> Object:
    """An item of a draft."""
    return {
        "customer": given["customer"], "invoice": given.get("invoice"), "date": created,
        "amount": int(given["amount"]), "currency": given["currency"], "discountable": True,
        "description": given.get("description"), "metadata": given.get("metadata", {}),
        "period": {"start": created, "end": created}, "proration": False, "quantity": 1,
        "discounts": [], "tax_rates": [], "price": None, "unit_amount": int(given["amount"]),
    }  # fmt: skip


def line(item: Object) -> Object:
    """An item as its invoice shows it."""
    kept = ("amount", "currency", "description", "discountable", "metadata", "period", "proration",
            "quantity", "livemode")  # fmt: skip
    return {**{name: item[name] for name in kept}, "id": f"il_{item['id'][3:]}",
            "object": "line_item", "type": "invoiceitem", "invoice_item": item["id"],
            "discounts": [], "tax_rates": [], "tax_amounts": [], "price": None}  # fmt: skip


def payment_intent(invoice: Object) -> Object:
    """A payment that succeeded."""
    return {"amount": invoice["amount_remaining"], "currency": invoice["currency"],
            "status": "succeeded", "capture_method": "automatic", "invoice": invoice["id"],
            "confirmation_method": "automatic", "payment_method_types": ["card"],
            "customer": invoice["customer"], "metadata": {}}  # fmt: skip


def charge(intent: Object, balance_transaction: str) -> Object:
    """The charge of a payment that succeeded."""
    nobody = {"address": None, "email": None, "name": None, "phone": None}
    return {"amount": intent["amount"], "amount_captured": intent["amount"], "captured": True,
            "amount_refunded": 0, "balance_transaction": balance_transaction, "paid": True,
            "billing_details": nobody, "currency": intent["currency"], "disputed": False,
            "customer": intent["customer"], "invoice": intent["invoice"], "refunded": False,
            "payment_intent": intent["id"], "metadata": {}, "status": "succeeded"}  # fmt: skip


def balance_transaction(amount: int, currency: str, kind: str, created: int) -> Object:
    """What a charge or refund does to our balance: the fee is 2.9 % and 30, of charges only."""
    fee = round(amount * 29 / 1000) + 30 if kind == "charge" else 0
    fee = min(fee, max(amount, 0))
    details = [{"amount": fee, "application": None, "currency": currency,
                "description": "processing fee", "type": "stripe_fee"}] if fee else []  # fmt: skip
    return {"amount": amount, "available_on": created, "currency": currency, "fee": fee,
            "fee_details": details, "net": amount - fee, "reporting_category": kind,
            "status": "available", "type": kind, "description": None, "source": None}  # fmt: skip


def refund(given: Object, charge: Object, amount: int) -> Object:
    """A refund of a charge."""
    return {"amount": amount, "charge": charge["id"], "currency": charge["currency"],
            "payment_intent": charge["payment_intent"], "reason": given.get("reason"),
            "metadata": given.get("metadata", {}), "status": "succeeded",
            "balance_transaction": None}  # fmt: skip


def dispute(charge: Object, money: Object, answer_by: int) -> Object:
    """A charge that its card's holder disputes; the bank has taken the money already."""
    evidence = {"due_by": answer_by, "has_evidence": False, "past_due": False,
                "submission_count": 0}  # fmt: skip
    return {"amount": charge["amount"], "balance_transactions": [money], "charge": charge["id"],
            "currency": charge["currency"], "evidence": {}, "evidence_details": evidence,
            "is_charge_refundable": False, "metadata": {}, "reason": "fraudulent",
            "payment_intent": charge["payment_intent"], "status": "needs_response"}  # fmt: skip


def dispute_money(amount: int, fee: int, currency: str, created: int) -> Object:
    """What a dispute does to our balance: the money goes with a fee, and may come back without."""
    made = balance_transaction(amount, currency, "adjustment", created)
    details = [{"amount": fee, "application": None, "currency": currency,
                "description": "Dispute fee", "type": "stripe_fee"}] if fee else []  # fmt: skip
    kind = "dispute" if amount < 0 else "dispute_reversal"
    return {**made, "fee": fee, "net": amount - fee, "fee_details": details,
            "reporting_category": kind}  # fmt: skip


def credit_note(given: Object, invoice: Object, amount: int) -> Object:
    """A credit note to an invoice that is open or paid."""
    after = invoice["status"] == "paid"
    return {"amount": amount, "amount_shipping": 0, "currency": invoice["currency"],
            "customer": invoice["customer"], "invoice": invoice["id"], "discount_amount": 0,
            "discount_amounts": [], "lines": listed([], "/v1/credit_notes"), "memo": None,
            "metadata": given.get("metadata", {}), "status": "issued", "subtotal": amount,
            "number": f"{invoice['number']}-CN-01", "pdf": "https://simulator.invalid/cn.pdf",
            "tax_amounts": [], "total": amount,
            "type": "post_payment" if after else "pre_payment"}  # fmt: skip


def transfer(given: Object) -> Object:
    """Money to a connected account, there at once."""
    return {"amount": int(given["amount"]), "amount_reversed": 0, "currency": given["currency"],
            "description": given.get("description"), "destination": given["destination"],
            "metadata": given.get("metadata", {}), "reversed": False,
            "reversals": listed([], "/v1/transfers"), "source_transaction": None,
            "source_type": "card", "transfer_group": given.get("transfer_group")}  # fmt: skip


def event(kind: str, about: Object) -> Object:
    """A notice."""
    return {"api_version": "2023-08-16", "data": {"object": about}, "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None}, "type": kind}  # fmt: skip
