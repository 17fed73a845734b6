"""What several tests of the ground storey need."""

import pytest

from tests.conftest import own_valkey
from tests.tenants.name_server import name_server


@pytest.fixture
def dns_zone():
    """(zone, address) of a name server of one's own."""
    with name_server() as made:
        yield made


@pytest.fixture
def own_events(settings):
    """An events Valkey of this test's own, empty."""
    settings.EVENTS_URL = own_valkey("EVENTS_URL")
    return settings.EVENTS_URL
