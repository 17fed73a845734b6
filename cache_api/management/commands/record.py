"""`manage.py record`: the recorder. Moves the durable stream into Postgres, publishes snapshots."""

import dataclasses
import gc
import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFailure
from django.db import connection
from django.utils import timezone

from cache_api.actions.drain_stream import Beats, Drained, StreamReader, drain_stream
from cache_api.actions.publish_snapshot import SnapshotPublisher
from cache_api.actions.retry_dead_letters import retry_dead_letters
from cache_api.gateways import servers
from cache_api.gateways.servers import Region
from cache_api.gateways.snapshots import SnapshotStore
from cache_api.gateways.stream import EventStream, EventsUnavailable
from cache_api.rules.events import STREAM

log = logging.getLogger(__name__)
IDLE_S = 0.1
BUSY_S = 1.0
LONGEST_WAIT_S = 5.0
STAY = 8  # batches of one stream before the next one's turn


class Line:
    """One region's streams and the snapshot that is published there."""

    def __init__(self, region: Region, stream: str, batch: int) -> None:
        """`stream`: the only one to record; "" for all shards that are there."""
        self.region, self._only, self._batch = region.name, stream, batch
        self._stream = EventStream(region.events_url)
        self._beats = Beats(self._stream, self._streams)
        self._readers: dict[str, StreamReader] = {}
        self.publisher = SnapshotPublisher(SnapshotStore(region.events_url))

    def drain(self, stop: threading.Event) -> Drained:
        """A turn over all of its streams; what they came to. Raises as `drain_stream` does.

        On a stream with a backlog it stays for a while: a second recorder finds the others free.
        """
        total, more = Drained(busy=True), False
        for reader in self._due():
            for _ in range(STAY):
                total = total.plus(drain_stream(reader=reader, now=timezone.now()))
                if stop.is_set() or not total.more:
                    break
            more |= total.more
        return dataclasses.replace(total, more=more)

    def close(self) -> None:
        """Stop reading ahead."""
        for reader in self._readers.values():
            reader.close()

    def _due(self) -> list[StreamReader]:
        self._beats.read_if_due(timezone.now())
        for name in self._beats.streams:
            if name not in self._readers:
                self._readers[name] = StreamReader(
                    self._stream, name, self._batch, beats=self._beats
                )
        return list(self._readers.values())

    def _streams(self) -> list[str]:
        """All shards that are there, or the only one that is wanted."""
        return [self._only] if self._only else self._stream.shards() or [STREAM]


class Command(BaseCommand):
    """Waits through restarts of Postgres and Valkey; SIGTERM stops after the running batch.

    Every region has a thread, its positions and its copy of the snapshot. Any number may run: a
    stream is recorded by one at a time, the others see that and go on to the next.
    """

    help = "Record usage events from the durable stream. Runs until stopped; --once drains it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Run forever, or once for scripts and tests."""
        parser.add_argument("--once", action="store_true", help="drain the stream, then end")
        parser.add_argument(
            "--retry-dead", action="store_true", help="record dead letters whose cause is mended"
        )
        parser.add_argument("--stream", default="", help="only this one, not all shards")
        parser.add_argument("--batch", type=int, default=20_000, help="events per transaction")

    def handle(self, *args: Any, **options: Any) -> None:
        """Drain, publish, wait; a server that is away is waited for."""
        if options["retry_dead"]:
            done = retry_dead_letters(now=timezone.now())
            self.stdout.write(f"{done.recorded} dead letters recorded, {done.left} left")
            return
        stop = threading.Event()
        if not options["once"]:
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            signal.signal(signal.SIGINT, lambda *_: stop.set())
        # A batch is tens of thousands of objects without cycles: scanning them only costs time.
        gc.freeze()
        gc.disable()
        lines = [Line(one, options["stream"], options["batch"]) for one in servers.regions()]
        if options["once"]:
            for line in lines:
                self._run(line, stop, once=True)
            return
        # A region that is away makes only its own thread wait.
        others = [threading.Thread(target=self._run, args=(line, stop)) for line in lines[1:]]
        for thread in others:
            thread.start()
        try:
            self._run(lines[0], stop)
        finally:
            for thread in others:
                thread.join()

    def _run(self, line: Line, stop: threading.Event, *, once: bool = False) -> None:
        try:
            self._drain(line, stop, once=once)
        finally:
            if not once:
                stop.set()  # none goes on alone: whoever watches us starts all of them again
            line.close()
            connection.close()

    def _drain(self, line: Line, stop: threading.Event, *, once: bool) -> None:
        failures = 0
        while not stop.is_set():
            try:
                drained = line.drain(stop)
                line.publisher.publish_if_due(now=timezone.now())
                failures = 0
            except (EventsUnavailable, DatabaseFailure) as error:
                if once:
                    raise CommandError(f"The recorder cannot work now: {error}") from error
                failures += 1
                log.warning("recorder of %s waits: %s", line.region, error)
                connection.close()
                stop.wait(min(LONGEST_WAIT_S, 0.1 * 2**failures))
                continue
            self._say(drained)
            if once and not drained.more:
                return
            if not drained.more:
                gc.collect()
                stop.wait(BUSY_S if drained.busy else IDLE_S)

    def _say(self, drained: Drained) -> None:
        if drained.received:
            log.info(
                "recorded %d of %d events (%d to the dead letters)",
                drained.inserted, drained.received, drained.dead,
            )  # fmt: skip
        if drained.dead:
            log.error("%d events could not be recorded: see table dead_letter", drained.dead)
