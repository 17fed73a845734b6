"""`python -m portal.simulators.stripe --port 8090 --webhook URL --secret whsec_… [--spec FILE]`."""

import argparse
from pathlib import Path

from portal.simulators.stripe.books import Books
from portal.simulators.stripe.contract import Contract
from portal.simulators.stripe.server import Simulator
from portal.simulators.stripe.store import Store
from portal.simulators.stripe.webhooks import Webhooks


def main() -> None:
    """Serve until stopped; loopback only."""
    parser = argparse.ArgumentParser(prog="portal.simulators.stripe")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", default=":memory:", help="file to keep the objects in")
    parser.add_argument("--webhook", default="", help="where notices go")
    parser.add_argument("--webhook-host", default="", help="their Host header")
    parser.add_argument("--secret", default="whsec_simulator")
    parser.add_argument("--spec", type=Path, help="Stripe's description, to check all calls by")
    given = parser.parse_args()
    books = Books(Store(given.data), f"http://127.0.0.1:{given.port}")
    webhooks = Webhooks(given.webhook, given.secret, given.webhook_host)
    contract = Contract(given.spec) if given.spec else None
    Simulator(("127.0.0.1", given.port), books, webhooks, contract).serve_forever()


if __name__ == "__main__":
    main()
