"""How the regions are now. Whoever looks, on whatever page, shares one look for a few seconds."""

from __future__ import annotations

from cache_api.gateways import servers
from cache_api.gateways.region_states import RegionState, region_states
from portal.remembered import shared

FRESH_S = 2.0


def regions_now() -> tuple[RegionState, ...]:
    """Every region as its servers and processes told within FRESH_S. Asks no database."""
    return shared("regions", FRESH_S, lambda: tuple(region_states(servers.regions())))
