"""The HTTP side: keys, faults, contract, the page to pay on, and the simulator's own controls."""

from __future__ import annotations

import hashlib
import html
import json
import re
import threading
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from billing.rules.money import to_major
from portal.simulators.stripe.books import Books, Refusal
from portal.simulators.stripe.contract import Contract
from portal.simulators.stripe.forms import decoded
from portal.simulators.stripe.store import NoSuchObject
from portal.simulators.stripe.webhooks import Webhooks

KINDS = {
    "customers": "customer", "invoices": "invoice", "invoiceitems": "invoiceitem",
    "refunds": "refund", "transfers": "transfer", "accounts": "account", "charges": "charge",
    "credit_notes": "credit_note", "payment_intents": "payment_intent",
    "balance_transactions": "balance_transaction", "disputes": "dispute",
    "account_links": "account_link",
}  # fmt: skip
_PATH = re.compile(r"/v1/(\w+)(?:/(\w+))?(?:/(\w+))?")
FAULTS = ("drop", "drop_before", "slow", "429", "500", "500_after")


@dataclass
class Fault:
    """What to do to the next `times` requests whose `METHOD /path` begins with `on`."""

    kind: str
    on: str
    times: int = 1
    seconds: float = 1.0


@dataclass(frozen=True)
class Answer:
    """Status and JSON; None closes the connection without a word."""

    status: int
    body: dict[str, Any]


class Simulator(ThreadingHTTPServer):
    """The server and what its handlers share."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], books: Books, webhooks: Webhooks,
        contract: Contract | None = None,
    ) -> None:  # fmt: skip
        super().__init__(address, Handler)
        self.books, self.webhooks, self.contract = books, webhooks, contract
        self.lock = threading.Lock()
        self.at_work: set[str] = set()
        self.faults: list[Fault] = []
        self.log: list[dict[str, Any]] = []
        self.broken: list[str] = []

    def answer(self, method: str, path: str, given: dict[str, Any], key: str) -> Answer | None:
        """One API call, with its key and the faults that are due."""
        fault = self._due(method, path)
        fingerprint = hashlib.sha256(
            json.dumps([method, path, given], sort_keys=True).encode()
        ).hexdigest()
        with self.lock:
            if key and key in self.at_work:
                return self._note(method, path, key, "in_use", _error(409, "idempotency_error",
                    "There is currently another in-progress request using this key."))  # fmt: skip
            known = self.books.store.remembered(key) if key else None
            if known and known[0] != fingerprint:
                return self._note(method, path, key, "other_params", _error(400,
                    "idempotency_error", "Keys for idempotent requests can only be used with the "
                    "same parameters they were first used with."))  # fmt: skip
            if known:
                return self._note(method, path, key, fault.kind if fault else "replayed",
                                  _kept(fault, Answer(known[1], json.loads(known[2]))))  # fmt: skip
            if key:
                self.at_work.add(key)
        try:
            return self._fresh(method, path, given, key, fingerprint, fault)
        finally:
            self.at_work.discard(key)

    def _fresh(
        self, method: str, path: str, given: dict[str, Any], key: str, fingerprint: str,
        fault: Fault | None,
    ) -> Answer | None:  # fmt: skip
        kind = fault.kind if fault else ""
        if kind == "slow":
            time.sleep(fault.seconds if fault else 0)
        if kind == "429":
            return self._note(method, path, key, kind, _error(429, "rate_limit_error", "Too many"))
        if kind == "drop_before":
            return self._note(method, path, key, kind, None)
        with self.lock:
            found = _error(500, "api_error", "An unknown error") if kind == "500" else (
                self._act(method, path, given))  # fmt: skip
            if kind == "500_after":
                found = _error(500, "api_error", "An unknown error")
            if key and (found.status == 200 or found.status >= 500):
                self.books.store.remember(key, fingerprint, found.status, json.dumps(found.body))
            notices, self.books.notices = self.books.notices, []
        for event in notices:
            self._check(self.contract.event_problems(event) if self.contract else [])
        self.webhooks.send(notices)
        return self._note(method, path, key, kind, None if kind == "drop" else found)

    def _act(self, method: str, path: str, given: dict[str, Any]) -> Answer:
        problems = self.contract.request_problems(method, path, given) if self.contract else []
        if problems:
            return _error(400, "invalid_request_error", "; ".join(problems))
        try:
            body = self._do(method, path, given)
        except NoSuchObject as error:
            return _error(404 if method == "GET" else 400, "invalid_request_error", str(error))
        except (Refusal, KeyError, ValueError) as error:
            return _error(400, "invalid_request_error", str(error))
        self._check(self.contract.answer_problems(method, path, body) if self.contract else [])
        return Answer(200, body)

    def _do(self, method: str, path: str, given: dict[str, Any]) -> dict[str, Any]:
        match = _PATH.fullmatch(path)
        if match is None or match[1] not in KINDS:
            raise NoSuchObject(f"Unrecognized request URL ({method} {path})")
        kind, object_id, verb = KINDS[match[1]], match[2], match[3]
        if method == "POST":
            acts = {"finalize": self.books.finalize, "send": self.books.send,
                    "reversals": self.books.reverse}  # fmt: skip
            return acts[verb](object_id) if verb else self.books.create(kind, given)
        if object_id == "search":
            return self.books.search(kind, path, given["query"])
        if object_id is None:
            return self.books.listed(kind, path, given)
        found = self.books.store.get(kind, object_id)
        for member in given.get("expand", ()):
            found[member] = self.books.store.get(member, found[member])
        return found

    def _due(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and f"{method} {path}".startswith(fault.on):
                    fault.times -= 1
                    return fault
        return None

    def _note(
        self, method: str, path: str, key: str, fault: str, answer: Answer | None
    ) -> Answer | None:
        self.log.append({"method": method, "path": path, "key": key, "fault": fault,
                         "status": answer.status if answer else 0})  # fmt: skip
        return answer

    def _check(self, problems: list[str]) -> None:
        """Our own answers must fit the description too; a test looks here."""
        self.broken += problems


class Handler(BaseHTTPRequestHandler):
    """Reads a request, writes an answer."""

    protocol_version = "HTTP/1.1"
    server: Simulator

    def do_GET(self) -> None:
        """An API read, the page to pay on, or the simulator's log."""
        url = urlsplit(self.path)
        if url.path.startswith("/v1/"):
            self._api("GET", url.path, decoded(url.query))
        elif url.path == "/_sim/log":
            self._json(200, {"log": self.server.log, "broken": self.server.broken,
                             "faults": [asdict(one) for one in self.server.faults]})  # fmt: skip
        elif url.path.startswith("/i/"):
            self._page(url.path[3:])
        elif url.path.startswith("/c/"):
            self._onboarding(url.path[3:], str(decoded(url.query).get("return", "")))
        else:
            self._json(200, {"simulator": "stripe"})

    def do_POST(self) -> None:
        """An API write, a payment on the page, or a control."""
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if url.path.startswith("/v1/"):
            self._api("POST", url.path, decoded(body))
        elif url.path.startswith("/i/"):
            self._do(lambda: self.server.books.pay(url.path[3:]))
            self._page(url.path[3:])
        elif url.path.startswith("/c/"):
            self._do(lambda: self.server.books.onboard(url.path[3:]))
            self._onboarding(url.path[3:], str(decoded(url.query).get("return", "")))
        else:
            self._control(url.path, json.loads(body or "{}"))

    def log_message(self, format: str, *args: Any) -> None:
        """The log is `/_sim/log`."""

    def _api(self, method: str, path: str, given: dict[str, Any]) -> None:
        if not self.headers.get("Authorization", "").startswith("Bearer sk_test_"):
            found: Answer | None = _error(401, "invalid_request_error", "Invalid API Key provided")
        else:
            key = self.headers.get("Idempotency-Key", "")
            found = self.server.answer(method, path, given, key)
        if found is None:
            self.close_connection = True
            self.connection.close()
            return
        self._json(found.status, found.body)

    def _control(self, path: str, given: dict[str, Any]) -> None:
        server = self.server
        if path == "/_sim/faults":
            server.faults = [Fault(**one) for one in given["faults"]]
        elif path == "/_sim/forget_keys":
            server.books.store.forget_keys()
        elif path == "/_sim/hold":
            server.webhooks.held = []
        elif path == "/_sim/release":
            self._json(200, {"sent": server.webhooks.release(given["seed"])})
            return
        else:
            self._outside(path.removeprefix("/_sim/").split("/"))
        self._json(200, {})

    def _outside(self, words: list[str]) -> None:
        """What others do: a transfer comes back, a charge is disputed, a bank decides."""
        books = self.server.books
        acts = {"reverse": books.reverse, "dispute": books.dispute, "close": books.close}
        if words[0] in acts:
            self._do(lambda: acts[words[0]](*words[1:]))

    def _do(self, work: Any) -> None:
        with self.server.lock:
            work()
            notices, self.server.books.notices = self.server.books.notices, []
        self.server.webhooks.send(notices)

    def _page(self, invoice_id: str) -> None:
        try:
            invoice = self.server.books.store.get("invoice", invoice_id)
        except NoSuchObject:
            self._json(404, {})
            return
        button = '<form method="post"><button>Pay</button></form>'
        currency = invoice["currency"].upper()
        shown = (
            '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
            "<title>Simulator</title><h1>Simulated payment page</h1>"
            f"<p>This is no Stripe: no money moves.</p><p>{html.escape(invoice['number'] or '')} "
            f"{html.escape(invoice['description'] or '')}: "
            f"{to_major(invoice['total'], currency):,f} {currency}, {invoice['status']}</p>"
            f"{button if invoice['status'] == 'open' else ''}"
        )
        self._write(200, shown.encode(), "text/html; charset=utf-8")

    def _onboarding(self, account_id: str, back: str) -> None:
        try:
            account = self.server.books.store.get("account", account_id)
        except NoSuchObject:
            self._json(404, {})
            return
        way = f'<a href="{html.escape(back)}">Go back</a>' if back.startswith("http") else ""
        shown = (
            f"<!doctype html><title>Simulator</title><h1>Simulated onboarding</h1>"
            f"<p>This is no Stripe: nobody asks for papers. Account {html.escape(account_id)}, "
            f"{html.escape(account['country'])}.</p>"
            + (f"<p>Ready. {way}</p>" if account["payouts_enabled"]
               else '<form method="post"><button>Tell everything</button></form>')
        )  # fmt: skip
        self._write(200, shown.encode(), "text/html; charset=utf-8")

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._write(status, json.dumps(body).encode(), "application/json")

    def _write(self, status: int, content: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Request-Id", "req_simulated")
        self.end_headers()
        self.wfile.write(content)


def _error(status: int, kind: str, message: str) -> Answer:
    return Answer(status, {"error": {"type": kind, "message": message}})


def _kept(fault: Fault | None, answer: Answer) -> Answer | None:
    return None if fault and fault.kind in ("drop", "drop_before") else answer
