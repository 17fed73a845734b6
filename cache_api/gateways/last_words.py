"""What metering processes last said of their spools, asked of every region's events Valkey."""

from collections.abc import Iterator
from dataclasses import dataclass

from cache_api.gateways.servers import regions
from cache_api.gateways.stream import EventStream, EventsUnavailable, Heartbeat

TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Silent:
    """A region whose events Valkey did not answer: its processes may hold any amount back."""

    region: str
    reason: str


def last_words(timeout_s: float = TIMEOUT_S) -> Iterator[Heartbeat | Silent]:
    """Each process's last word, or that its region is silent. At most `timeout_s` a region."""
    for region in regions():
        try:
            yield from EventStream(region.events_url, timeout_s).heartbeats()
        except EventsUnavailable as error:
            yield Silent(region.name, str(error))
