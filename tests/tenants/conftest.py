"""What several tests of the ground storey need."""

import pytest

from tests.tenants.name_server import name_server


@pytest.fixture
def dns_zone():
    """(zone, address) of a name server of one's own."""
    with name_server() as made:
        yield made
