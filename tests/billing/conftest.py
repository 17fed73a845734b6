"""A signed pair of partners with a little usage, for the tests of runs."""

import pytest

from tests.billing.world import hit, record, sign
from tests.conftest import two_partners


def signed(_database):
    """Two partners, signed, with a little usage in September."""
    redis, pinecone = two_partners()
    sign(redis, "revenue_share_platform")
    sign(pinecone, "revenue_share_platform")
    record(
        hit(redis, "2026-09-10", "acme", 50_005),
        hit(redis, "2026-09-11", "big", 700),
        hit(pinecone, "2026-09-10", "acme", 500),
    )


@pytest.fixture
def world(database, partners):
    """The same, connected as settlement."""
    database.fill(signed)
    database.login("settle")
    return partners
