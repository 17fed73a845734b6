"""The proof of metering: events in the durable stream, and the rows the recorder makes of them."""

import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

import psycopg
import redis

from bench.checks import Tally, check_durable, check_rows
from bench.place import Place
from cache_api.gateways.stream import EventStream
from cache_api.rules.events import FIELD, STREAM, decode

PATIENCE_S, APPENDS, PAGE = 5.0, 100, 5_000


@dataclass
class Durable:
    """Reads the usage events that came since it last looked; a Proof.

    `total`: all events so far by `kind:outcome`. `seen`: their ids, for those not yet in rows.
    """

    url: str
    total: Counter[str] = field(default_factory=Counter)
    last_id: str = "0-0"
    seen: set[object] = field(default_factory=set)

    def begin(self) -> None:
        """What came so far belongs to no round."""
        self.new()

    def check(self, tally: Tally) -> None:
        """Each request left one durable hit event. Raises Untrue."""
        events = self.new(at_least=tally.sent)
        hits = events.pop("lookup:hit", 0)
        check_durable(tally, hits, events.total())

    def new(self, at_least: int = 0) -> Counter[str]:
        """Distinct events by `kind:outcome`; an event that came twice counts as `twice`.

        Waits a while for `at_least`: requests whose sender hung up are still being answered.
        """
        found, ends = self._read(), time.monotonic() + PATIENCE_S
        while found.total() < at_least and time.monotonic() < ends:
            time.sleep(0.05)
            found += self._read()
        self.total += found
        return found

    def append_alone_ms(self) -> float:
        """Median of single durable appends: what the disk asks of every answer at c = 1."""
        client, took = redis.Redis.from_url(self.url), []
        for _ in range(APPENDS):
            began = time.perf_counter()
            client.xadd("bench:appends", {FIELD: b"x" * 200})
            took.append(time.perf_counter() - began)
        return round(median(took) * 1000, 2)

    def _read(self) -> Counter[str]:
        found: Counter[str] = Counter()
        while entries := EventStream(self.url).read_after(STREAM, self.last_id, PAGE).entries:
            for self.last_id, payload in entries:
                event = decode(payload or b"")
                name = f"{event.kind}:{event.outcome}"
                found["twice" if event.event_id in self.seen else name] += 1
                self.seen.add(event.event_id)
        return found


class Rows:
    """Event rows in PostgreSQL; those that were there before belong to others."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.before = self._count()

    def record(self, durable: Durable) -> int:
        """Let the recorder empty the stream; how many rows. Raises Untrue unless one an event.

        Never during a round: it takes a core.
        """
        durable.new()
        self.place.run("manage.py", "record", "--once")
        check_rows(durable.total, self._count() - self.before)
        durable.seen.clear()  # the rows' primary key has shown that they were distinct
        return durable.total.total()

    def _count(self) -> Counter[str]:
        with psycopg.connect(self.place.stack.urls["SUPERUSER_DATABASE_URL"]) as database:
            rows = database.execute(
                "SELECT kind || ':' || outcome, count(*) FROM usage_event GROUP BY 1"
            ).fetchall()
        return Counter({str(name): int(count) for name, count in rows})
