"""Which mails a person may do without, and whose they are. Pure.

What protects an account (invitations, passwords, looks of support) always comes.
"""

from __future__ import annotations

from tenants.rules import roles

# kind → the roles that get it unless they said no
RECIPIENTS: dict[str, frozenset[str]] = {
    "documents": frozenset({"owner", "finance", "customer_owner", "customer_billing"}),
    "alerts": roles.holders("alerts.manage", "my.alerts.manage"),
    "webhooks": roles.holders("keys.manage", "my.keys.manage"),
    "domains": frozenset({"owner", "admin"}),
}


def kinds_for(role: str) -> tuple[str, ...]:
    """The mails that reach this role, in order."""
    return tuple(kind for kind, reached in RECIPIENTS.items() if role in reached)
