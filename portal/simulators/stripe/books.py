"""What each call does. Pure of HTTP: parameters in, an object out, notices beside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from portal.simulators.stripe import shapes
from portal.simulators.stripe.store import Store

Object = dict[str, Any]
DISPUTE_FEE = 15_00
ANSWER_WITHIN_S = 14 * 86_400
_QUERY = re.compile(r"metadata\['([^']+)'\]:'([^']*)'")


class Refusal(ValueError):
    """A 400: what is asked can not be done."""


class Books:
    """The account. `notices` collects the events of a call; the server sends them."""

    def __init__(self, store: Store, public: str = "") -> None:
        self.store, self.public = store, public
        self.notices: list[Object] = []

    def tell(self, kind: str, about: Object) -> None:
        """Write an event down to be sent."""
        self.notices.append(self.store.add("event", shapes.event(kind, about)))

    def create(self, kind: str, given: Object) -> Object:
        """A new object of a kind."""
        makers: dict[str, Callable[[Object], Object]] = {
            "customer": lambda one: self.store.add("customer", shapes.customer(one)),
            "account": lambda one: self.store.add("account", shapes.account(one)),
            "invoice": self._invoice, "invoiceitem": self._item, "refund": self._refund,
            "transfer": self._transfer, "account_link": self._account_link,
            "credit_note": self._credit_note,
        }  # fmt: skip
        return makers[kind](given)

    def listed(self, kind: str, path: str, asked: Object) -> Object:
        """A page of a list, newest first."""
        rest = {k: v for k, v in asked.items() if k not in ("limit", "starting_after", "created",
                                                              "expand")}  # fmt: skip
        found = self.store.all(kind, **rest)
        since = int((asked.get("created") or {}).get("gte", 0))
        found = [one for one in found if one["created"] >= since]
        ids = [one["id"] for one in found]
        start = ids.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        limit = int(asked.get("limit", 10))
        page = found[start : start + limit]
        return shapes.listed(page, path, has_more=len(found) > start + limit)

    def search(self, kind: str, path: str, query: str) -> Object:
        """Objects with these metadata."""
        match = _QUERY.fullmatch(query)
        if match is None:
            raise Refusal(f"This simulator only searches metadata: {query}")
        name, value = match.groups()
        found = [one for one in self.store.all(kind) if one["metadata"].get(name) == value]
        return {"object": "search_result", "data": found, "has_more": False, "url": path}

    def finalize(self, invoice_id: str) -> Object:
        """A draft becomes an open invoice with a number and a page to pay on."""
        invoice = self.store.get("invoice", invoice_id)
        if invoice["status"] != "draft":
            raise Refusal("This invoice is already finalized, you can't re-finalize a non-draft.")
        total = sum(line["amount"] for line in invoice["lines"]["data"])
        invoice |= {
            "status": "open", "number": f"SIM-{invoice_id[-6:].upper()}-0001", "subtotal": total,
            "total": total, "amount_due": total, "amount_remaining": total,
            "hosted_invoice_url": f"{self.public}/i/{invoice_id}",
        }  # fmt: skip
        invoice["status_transitions"]["finalized_at"] = int(time.time())
        self.tell("invoice.finalized", invoice)
        return self.store.put(invoice)

    def send(self, invoice_id: str) -> Object:
        """Mail it, were this Stripe."""
        invoice = self.store.get("invoice", invoice_id)
        if invoice["status"] not in ("open", "paid"):
            raise Refusal("You can only manually send an invoice that is open.")
        self.tell("invoice.sent", invoice)
        return invoice

    def pay(self, invoice_id: str) -> Object:
        """The customer pays on the page, once."""
        invoice = self.store.get("invoice", invoice_id)
        if invoice["status"] != "open":
            return invoice
        now = int(time.time())
        intent = self.store.add("payment_intent", shapes.payment_intent(invoice))
        money = self.store.add("balance_transaction", shapes.balance_transaction(
            intent["amount"], intent["currency"], "charge", now))  # fmt: skip
        charge = self.store.add("charge", shapes.charge(intent, money["id"]))
        invoice |= {"status": "paid", "paid": True, "charge": charge["id"], "attempted": True,
                    "payment_intent": intent["id"], "amount_paid": intent["amount"],
                    "amount_remaining": 0, "attempt_count": 1}  # fmt: skip
        invoice["status_transitions"]["paid_at"] = now
        self.store.put(invoice)
        self.tell("charge.succeeded", charge)
        self.tell("invoice.paid", invoice)
        return invoice

    def reverse(self, transfer_id: str) -> Object:
        """The whole transfer comes back."""
        transfer = self.store.get("transfer", transfer_id)
        if transfer["reversed"]:
            raise Refusal("This transfer is fully reversed already.")
        transfer |= {"reversed": True, "amount_reversed": transfer["amount"]}
        self.tell("transfer.reversed", transfer)
        return self.store.put(transfer)

    def dispute(self, charge_id: str) -> Object:
        """The bank of a card's holder takes a charge back, and Stripe its fee of 15.00."""
        charge = self.store.get("charge", charge_id)
        if charge["disputed"]:
            raise Refusal("This charge is disputed already.")
        now = int(time.time())
        money = self.store.add("balance_transaction", shapes.dispute_money(
            -charge["amount"], DISPUTE_FEE, charge["currency"], now))  # fmt: skip
        made = self.store.add("dispute", shapes.dispute(charge, money, now + ANSWER_WITHIN_S))
        self.store.put({**charge, "disputed": True})
        self.tell("charge.dispute.created", made)
        self.tell("charge.dispute.funds_withdrawn", made)
        return made

    def close(self, dispute_id: str, end: str) -> Object:
        """The bank decides, `won` or `lost`; when won the money comes back. It may think again."""
        found = self.store.get("dispute", dispute_id)
        if end not in ("won", "lost") or found["status"] in ("won", end):
            raise Refusal(f"This dispute is {found['status']} and can not be {end} now.")
        found["status"] = end
        if end == "won":
            found["balance_transactions"].append(self.store.add(
                "balance_transaction", shapes.dispute_money(
                    found["amount"], 0, found["currency"], int(time.time()))))  # fmt: skip
            self.tell("charge.dispute.funds_reinstated", found)
        self.tell("charge.dispute.closed", found)
        return self.store.put(found)

    def _invoice(self, given: Object) -> Object:
        if "customer" not in given:
            raise Refusal("Missing required param: customer.")
        self.store.get("customer", given["customer"])
        made = self.store.add("invoice", shapes.invoice(given, int(time.time())))
        self.tell("invoice.created", made)
        return made

    def _item(self, given: Object) -> Object:
        invoice = self.store.get("invoice", given.get("invoice", ""))
        if invoice["status"] != "draft":
            raise Refusal("Items can only be added to a draft invoice.")
        item = self.store.add("invoiceitem", shapes.invoiceitem(given, int(time.time())))
        invoice["lines"]["data"].append(shapes.line(item))
        self.store.put(invoice)
        return item

    def _refund(self, given: Object) -> Object:
        charge = self.store.get("charge", given.get("charge", ""))
        amount = int(given.get("amount", charge["amount"] - charge["amount_refunded"]))
        if amount > charge["amount"] - charge["amount_refunded"]:
            raise Refusal("Refund amount is greater than unrefunded amount on charge.")
        refund = self.store.add("refund", shapes.refund(given, charge, amount))
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.store.put(charge)
        self.tell("charge.refunded", charge)
        return refund

    def onboard(self, account_id: str) -> Object:
        """A connected account's owner has told everything on the page."""
        account = shapes.onboarded(self.store.get("account", account_id))
        self.tell("account.updated", account)
        return self.store.put(account)

    def _account_link(self, given: Object) -> Object:
        account = self.store.get("account", given["account"])
        back = urlencode({"return": given.get("return_url", "")})
        return shapes.account_link(account, f"{self.public}/c/{account['id']}?{back}",
                                   int(time.time()))  # fmt: skip

    def _transfer(self, given: Object) -> Object:
        account = self.store.get("account", given["destination"])
        if account["capabilities"]["transfers"] != "active":
            raise Refusal("Your destination account needs to have the `transfers` capability.")
        transfer = self.store.add("transfer", shapes.transfer(given))
        self.tell("transfer.created", transfer)
        return transfer

    def _credit_note(self, given: Object) -> Object:
        invoice = self.store.get("invoice", given["invoice"])
        amount = int(given.get("amount", 0))
        if invoice["status"] not in ("open", "paid") or not 0 < amount <= invoice["total"]:
            raise Refusal("The credit note does not fit its invoice.")
        note = self.store.add("credit_note", shapes.credit_note(given, invoice, amount))
        when = "post" if invoice["status"] == "paid" else "pre"
        invoice[f"{when}_payment_credit_notes_amount"] += amount
        if when == "pre":
            invoice["amount_due"] -= amount
            invoice["amount_remaining"] -= amount
        self.store.put(invoice)
        self.tell("credit_note.created", note)
        return note
