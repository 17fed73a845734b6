"""Fifty callers of two partners at once, at one process: each gets what is its own.

The edge gathers all lookups of a turn into one read, the portal's threads share their lanes: a
reply that went to the neighbour would be another partner's data.
"""

import contextlib
import json
import random
import socket
import threading
import uuid

from tests.cache_api.doors import JSON
from tests.patience import PATIENCE_S, wait_for

THREADS, ROUNDS, CUSTOMERS = 50, 8, ("acme", "globex")


def hang_up(door, key, asked):
    """The same request by somebody who does not wait for the answer."""
    body = json.dumps(asked).encode()
    lines = {"Host": door.host, "Authorization": f"Bearer {key}", "Content-Length": len(body),
             "Content-Type": JSON["content-type"]}  # fmt: skip
    told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    head = f"POST /api/overflow HTTP/1.1\r\n{told}\r\n"
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", door.port)) as link:
        link.sendall(head.encode() + body)


def test_fifty_threads_alternate_partners_and_customers_and_read_their_own(door, cast):
    name = f"key-{uuid.uuid4()}"
    owners = [(partner, customer, partner.live) for partner in (cast.redis, cast.pinecone)
              for customer in CUSTOMERS]  # fmt: skip
    owners += [(cast.redis, "acme of tests", cast.redis.test)]
    for partner, customer, key in owners:
        own = json.dumps(f"of {partner.slug} {customer}")
        asked = {"cache_key": name, "customer_id": customer}
        assert wait_for(lambda a=asked, k=key, o=own: door.store(k, o, **a).status == 201)
    wrong, done = [], []

    def work(number):
        chance = random.Random(number)
        for _ in range(ROUNDS):
            partner, customer, key = chance.choice(owners)
            asked = {"cache_key": name, "customer_id": customer}
            if chance.random() < 0.25:
                hang_up(door, key, asked)
            found = door.lookup(key, **asked)
            said, reason = found.json.get("response"), found.json.get("reason")
            # On a busy machine a late store is a miss; it is nobody else's answer.
            if said != f"of {partner.slug} {customer}" and (said, reason) != (None, "unavailable"):
                wrong.append((partner.slug, customer, found.status, said, reason))
            done.append(said)

    threads = [threading.Thread(target=work, args=[number]) for number in range(THREADS)]
    [thread.start() for thread in threads]
    [thread.join(PATIENCE_S) for thread in threads]

    assert wrong == []
    assert len(done) == THREADS * ROUNDS
    assert {f"of {partner.slug} {customer}" for partner, customer, _ in owners} <= set(done)
