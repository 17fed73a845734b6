"""`$DATA_DIR/demo.json`: every URL, login and key the demo prints, for people and for tests."""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings

from portal.demo.cast import CAST, CONSOLE_PEOPLE, CUSTOMER_ROLES, PARTNER_PEOPLE


def path() -> Path:
    """Where the summary lies."""
    return Path(settings.DATA_DIR) / "demo.json"


def read() -> dict[str, Any]:
    """The summary of an earlier load, or {}."""
    return json.loads(path().read_text()) if path().exists() else {}


def write(*, password: str, keys: dict[str, str], customer_ids: dict[str, dict[str, str]]) -> None:
    """Write the summary, readable by its owner only (it holds keys and passwords)."""
    port = settings.WEB_PORT
    facts = {
        "console": {
            "url": f"http://{settings.CONSOLE_HOST}:{port}",
            "logins": [_login(email, password, role) for email, _, role in CONSOLE_PEOPLE],
        },
        "edge": {"url": f"http://127.0.0.1:{settings.EDGE_PORT}"},
        "partners": [
            {
                "slug": cast.slug, "name": cast.name, "agreement": cast.agreement,
                "portal_url": f"http://{cast.host}:{port}", "api_key": keys[cast.slug],
                "logins": [_login(f"{prefix}@{cast.domain}", password, role)
                           for prefix, role in PARTNER_PEOPLE],
                "customers": [
                    {
                        "id": customer_ids[cast.slug][customer.external_id],
                        "external_id": customer.external_id, "name": customer.name,
                        "logins": [
                            _login(f"{prefix}@{customer.external_id}.example", password, role)
                            for prefix, role in CUSTOMER_ROLES
                        ] if position < 3 else [],
                    }
                    for position, customer in enumerate(cast.customers)
                ],
            }
            for cast in CAST
        ],
    }  # fmt: skip
    aside = path().with_suffix(".new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(facts, file, indent=1)
    aside.replace(path())


def _login(email: str, password: str, role: str) -> dict[str, str]:
    return {"email": email, "password": password, "role": role}
