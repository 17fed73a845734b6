"""Who may do what: the one file that the code reads, the docs show and a test walks over.

A role belongs to one audience. `partner` and `customer` people live on a partner's host,
`platform` people on the console. Permissions are names; every page asks for exactly one.
"""

from enum import StrEnum


class Audience(StrEnum):
    """Which kind of host a person logs in on, and whose numbers they see."""

    PARTNER = "partner"
    CUSTOMER = "customer"
    PLATFORM = "platform"


_PARTNER_ALL = frozenset({
    "overview.view", "usage.view", "customers.view", "customers.manage", "invoices.view",
    "statements.view", "statements.accept", "agreement.view", "brand.edit", "keys.manage",
    "team.manage", "domains.manage", "payouts.view", "counts.upload", "audit.view",
    "alerts.manage", "sales.report", "customers.view_as", "plans.manage", "settings.manage",
    "sso.manage", "customers.erase", "cache.manage", "invoices.send",
})  # fmt: skip
_CUSTOMER_ALL = frozenset({
    "my.overview.view", "my.usage.view", "my.invoices.view", "my.invoices.question",
    "my.keys.manage", "my.team.manage", "my.alerts.manage", "my.plan.view",
    "my.cache.manage", "my.sso.manage", "my.audit.view", "my.billing.manage",
})  # fmt: skip
_PLATFORM_VIEW = frozenset({
    "cockpit.view", "channel.view", "runs.view", "documents.view", "money.view",
})  # fmt: skip
_FINANCE = _PLATFORM_VIEW | {
    "runs.prepare", "agreements.prepare", "books.view", "books.close", "disputes.resolve",
    "money.record", "money.prepare", "credits.prepare",
}  # fmt: skip
_APPROVE = frozenset({"runs.approve", "agreements.approve", "credits.issue", "money.approve"})

_OPERATE = frozenset({"ops.view", "jobs.retry", "switches.set"})
_SUPPORT = frozenset({"ops.view", "support.search", "support.look"})

PERMISSIONS: dict[Audience, dict[str, frozenset[str]]] = {
    Audience.PARTNER: {
        "owner": _PARTNER_ALL | {"payouts.manage"},
        "admin": _PARTNER_ALL,
        "finance": frozenset({
            "overview.view", "usage.view", "customers.view", "invoices.view", "statements.view",
            "statements.accept", "agreement.view", "payouts.view", "counts.upload",
            "alerts.manage", "sales.report", "plans.manage", "settings.manage", "invoices.send",
        }),
        "developer": frozenset({
            "overview.view", "usage.view", "customers.view", "keys.manage", "counts.upload",
            "alerts.manage", "cache.manage",
        }),
        "support": frozenset({
            "overview.view", "usage.view", "customers.view", "customers.view_as",
        }),
        "analyst": frozenset({"overview.view", "usage.view"}),
        "brand_editor": frozenset({"overview.view", "brand.edit"}),
    },
    Audience.CUSTOMER: {
        "customer_owner": _CUSTOMER_ALL,
        "customer_billing": frozenset({
            "my.overview.view", "my.usage.view", "my.invoices.view", "my.invoices.question",
            "my.alerts.manage", "my.plan.view", "my.billing.manage",
        }),
        "customer_developer": frozenset({
            "my.overview.view", "my.usage.view", "my.keys.manage", "my.alerts.manage",
            "my.cache.manage",
        }),
        "customer_viewer": frozenset({"my.overview.view", "my.usage.view"}),
    },
    Audience.PLATFORM: {
        "superadmin": _FINANCE | _APPROVE | {
            "partners.open", "staff.manage", "log.view", "incidents.manage", "pipeline.manage",
            "records.view",
        } | _OPERATE | _SUPPORT,
        "partner_manager": _PLATFORM_VIEW | {
            "partners.open", "agreements.prepare", "pipeline.manage",
        },
        "finance_preparer": _FINANCE,
        "finance_approver": _FINANCE | _APPROVE,
        "auditor": _PLATFORM_VIEW | {"books.view", "log.view", "records.view"},
        "sre": _OPERATE | {
            "cockpit.view", "channel.view", "incidents.manage", "support.search",
            "records.view",
        },
        "support_agent": _SUPPORT | {"cockpit.view", "channel.view"},
    },
}  # fmt: skip

AUDIENCE_OF: dict[str, Audience] = {
    role: audience for audience, roles in PERMISSIONS.items() for role in roles
}


def holders(*permissions: str) -> frozenset[str]:
    """The roles that hold any of these permissions."""
    return frozenset(role for role in AUDIENCE_OF if permissions_of(role) & set(permissions))


# Who may do everything in their circle; one of them always stays.
OWNERS: dict[Audience, str] = {
    Audience.PARTNER: "owner",
    Audience.CUSTOMER: "customer_owner",
    Audience.PLATFORM: "superadmin",
}
# Whose sign-in needs a second factor, where an installation asks for one.
SECOND_FACTOR = frozenset({OWNERS[Audience.PARTNER], *PERMISSIONS[Audience.PLATFORM]})


def may_give(giver: str, role: str) -> bool:
    """Whether somebody with the role `giver` may give (or take away) `role`.

    An owner's role is in an owner's hands only. Customers' roles may also be given by the partner.
    """
    audience, mine = AUDIENCE_OF.get(role), AUDIENCE_OF.get(giver)
    if audience is None or mine is None:
        return False
    if mine is not audience:
        return (mine, audience) == (Audience.PARTNER, Audience.CUSTOMER)
    return role != OWNERS[audience] or giver == role


def permissions_of(role: str) -> frozenset[str]:
    """The permissions of a role; an unknown role has none."""
    audience = AUDIENCE_OF.get(role)
    return PERMISSIONS[audience][role] if audience else frozenset()


def allows(role: str, permission: str) -> bool:
    """Whether the role holds the permission."""
    return permission in permissions_of(role)
