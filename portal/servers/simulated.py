"""The Stripe simulator beside the demo: started where no Stripe key is set."""

import os
import secrets
import sys
from pathlib import Path

from portal import env
from portal.servers import ports
from portal.servers.table import Process

KEY = "sk_test_simulator"
_OWN = ("STRIPE_API_KEY", "STRIPE_API_KEY_FILE")


def stripe_simulator(web_port: int, data_dir: Path) -> tuple[Process, dict[str, str]] | None:
    """Its process and the variables that point the others at it; None when a key is set.

    STRIPE_PORT (WEB_PORT + 90 when free): links to its pages are kept, so it should stay the same.
    """
    if any(os.environ.get(name) for name in _OWN):
        return None
    port = ports.pick(int(os.environ.get("STRIPE_PORT") or web_port + 90))
    secret = f"whsec_{secrets.token_hex(16)}"
    argv = (
        sys.executable, "-m", "portal.simulators.stripe", "--port", str(port), "--secret", secret,
        "--data", str(data_dir / "stripe-simulator.sqlite"),
        "--webhook", f"http://127.0.0.1:{web_port}/stripe/webhook/",
        "--webhook-host", f"{env.console_host()}:{web_port}",
    )  # fmt: skip
    process = Process("stripe", argv, "web", f"http://127.0.0.1:{port}/")
    return process, {
        "STRIPE_API_KEY": KEY, "STRIPE_API_BASE": f"http://127.0.0.1:{port}",
        "STRIPE_WEBHOOK_SECRET": secret, "STRIPE_SIMULATED": "1",
    }  # fmt: skip
