"""What several tests of the ground storey need."""

import os
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

from tests.conftest import servers
from tests.tenants.name_server import name_server


@pytest.fixture
def dns_zone():
    """(zone, address) of a name server of one's own."""
    with name_server() as made:
        yield made


@pytest.fixture
def own_events(settings):
    """A numbered database of the events Valkey for this worker's test alone, empty."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    parts = urlsplit(servers()["EVENTS_URL"])
    settings.EVENTS_URL = urlunsplit(parts._replace(path=f"/{8 + worker % 8}"))
    with redis.Redis.from_url(settings.EVENTS_URL) as client:
        client.flushdb()
        yield settings.EVENTS_URL
        client.flushdb()
