"""A signed pair of partners with a little usage, for the tests of runs."""

import pytest

from tests.billing.world import hit, record, settle, sign
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


def issued_month(database):
    """The same, and September is issued: acme owes Redis 100.01, big 1.40, Pinecone's acme 1.00."""
    signed(database)
    database.login("settle")
    settle()


@pytest.fixture
def world(database, partners):
    """Two partners, signed, with a little usage in September; connected as settlement."""
    database.fill(signed)
    database.login("settle")
    return partners


@pytest.fixture
def september(database, partners):
    """The two partners of `issued_month`; connected as settlement."""
    database.fill(issued_month)
    database.login("settle")
    return partners
