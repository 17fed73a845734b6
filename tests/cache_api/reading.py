"""The web door in this process, over two partners that are in the snapshot and in Postgres."""

import json
from dataclasses import dataclass

from django.test import Client

from tests.cache_api import doors


@dataclass
class Reader:
    """GET as a key on a partner's host."""

    redis: doors.Partner
    pinecone: doors.Partner
    cast: doors.Cast

    def get(self, path, key, host=doors.REDIS_HOST, **parameters):
        """The raw answer."""
        return Client(HTTP_HOST=host).get(
            path, parameters, headers={"authorization": f"Bearer {key}"}
        )

    def json(self, path, key, host=doors.REDIS_HOST, **parameters):
        """The body of a 200."""
        got = self.get(path, key, host, **parameters)
        assert got.status_code == 200, got.content
        return json.loads(got.content)
