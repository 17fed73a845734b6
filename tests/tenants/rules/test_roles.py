"""Who may give which role, and what a key's dates mean."""

from datetime import UTC, datetime, timedelta

import pytest

from tenants.rules import roles
from tenants.rules.keys import state_of
from tenants.rules.roles import Audience

NOW = datetime(2026, 10, 5, 14, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("giver", "role", "may"),
    [
        ("owner", "owner", True), ("owner", "admin", True), ("owner", "customer_owner", True),
        ("admin", "owner", False), ("admin", "admin", True), ("admin", "customer_owner", True),
        ("customer_owner", "customer_owner", True), ("customer_owner", "owner", False),
        ("customer_developer", "customer_owner", False), ("superadmin", "superadmin", True),
        ("auditor", "superadmin", False), ("superadmin", "owner", False),
        ("owner", "superadmin", False), ("owner", "nobody", False), ("nobody", "analyst", False),
    ],
)  # fmt: skip
def test_an_owners_role_is_in_an_owners_hands(giver, role, may):
    assert roles.may_give(giver, role) is may


def test_every_circle_has_an_owner_with_all_of_its_permissions():
    for audience, owner in roles.OWNERS.items():
        known = roles.PERMISSIONS[audience]
        assert known[owner] == frozenset().union(*known.values())
    assert set(roles.PERMISSIONS[Audience.PLATFORM]) < roles.SECOND_FACTOR


@pytest.mark.parametrize(
    ("revoked_at", "expires_at", "state"),
    [
        (None, None, "working"), (None, NOW + timedelta(seconds=1), "ending"),
        (None, NOW, "expired"), (NOW, None, "revoked"), (NOW, NOW + timedelta(1), "revoked"),
    ],
)  # fmt: skip
def test_the_state_of_a_key(revoked_at, expires_at, state):
    assert state_of(revoked_at=revoked_at, expires_at=expires_at, now=NOW) == state
