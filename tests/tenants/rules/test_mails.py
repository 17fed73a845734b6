"""Whom each kind of mail reaches."""

import pytest

from tenants.rules.mails import RECIPIENTS, kinds_for
from tenants.rules.roles import AUDIENCE_OF, Audience


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("owner", "documents alerts webhooks domains"), ("admin", "alerts webhooks domains"),
        ("finance", "documents alerts"), ("developer", "alerts webhooks"), ("analyst", ""),
        ("brand_editor", ""), ("customer_owner", "documents alerts webhooks"),
        ("customer_billing", "documents alerts"), ("customer_developer", "alerts webhooks"),
        ("customer_viewer", ""), ("superadmin", ""), ("nobody", ""),
    ],
)  # fmt: skip
def test_the_mails_of_a_role(role, kinds):
    assert " ".join(kinds_for(role)) == kinds


def test_every_recipient_is_a_role_of_partners_or_customers():
    reached = frozenset().union(*RECIPIENTS.values())
    assert {AUDIENCE_OF[role] for role in reached} == {Audience.PARTNER, Audience.CUSTOMER}
