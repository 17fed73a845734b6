"""Where the doors find their servers, secrets and folder. Environment first, then DATA_DIR."""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from cache_api.gateways import embedder, servers
from cache_api.gateways.servers import BadConfig, Region
from cache_api.rules.events import MOST_SHARDS
from tenants.rules.datakeys import BadKek, parse_kek

DEADLINE_S, REGION_DEADLINE_S, EMBEDDER_DEADLINE_S = 0.05, 0.15, 0.1

__all__ = ["BadConfig", "Config", "load"]


@dataclass(frozen=True)
class Config:
    """One process's surroundings. `home` and `others` only where there are several regions."""

    cache_url: str
    events_url: str
    kek: bytes
    data_dir: Path
    region: str
    deadline_s: float = DEADLINE_S  # how long a request waits for either Valkey
    tier_url: str = ""  # "": there is no second tier
    tier_deadline_s: float = DEADLINE_S
    embedder: str = embedder.DEFAULT
    embedder_deadline_s: float = EMBEDDER_DEADLINE_S
    home: Region | None = None  # None: this is it
    others: tuple[Region, ...] = ()
    region_deadline_s: float = REGION_DEADLINE_S
    shards: int = 1  # streams that usage events are spread over, by partner

    @property
    def own_dir(self) -> Path:
        """What belongs to this region alone; the home's is the installation's."""
        return self.data_dir / "regions" / self.region if self.home else self.data_dir

    @property
    def spool_dir(self) -> Path:
        """Where events wait while `events` does not take them."""
        return self.own_dir / "spool"

    @property
    def snapshot_file(self) -> Path:
        """The facts of the last process, for a restart while `events` is away."""
        return self.own_dir / "edge" / "snapshot"


def load() -> Config:
    """Read the surroundings. Raises BadConfig."""
    known = servers.regions()
    name = os.environ.get("REGION") or known[0].name
    mine = next((one for one in known if one.name == name), None)
    if mine is None:
        names = ", ".join(one.name for one in known)
        raise BadConfig(f"REGION={name!r} is not among the regions {names}.")
    data_dir = servers.data_dir()
    config = Config(
        cache_url=mine.cache_url,
        events_url=mine.events_url,
        kek=_kek(data_dir),
        data_dir=data_dir,
        region=name,
        deadline_s=_seconds("STORE_DEADLINE_MS", os.environ.get("STORE_DEADLINE_MS"), DEADLINE_S),
        tier_deadline_s=_seconds(
            "TIER_DEADLINE_MS", os.environ.get("TIER_DEADLINE_MS"), DEADLINE_S
        ),
        embedder=embedder.named(),
        embedder_deadline_s=_seconds(
            "EMBEDDER_DEADLINE_MS", os.environ.get("EMBEDDER_DEADLINE_MS"), EMBEDDER_DEADLINE_S
        ),
        home=None if mine is known[0] else known[0],
        others=tuple(one for one in known if one is not mine),
        region_deadline_s=_seconds(
            "REGION_DEADLINE_MS", os.environ.get("REGION_DEADLINE_MS"), REGION_DEADLINE_S
        ),
        shards=_shards(os.environ.get("USAGE_SHARDS") or "1"),
    )
    return dataclasses.replace(config, tier_url=_tier_url(config))


def _seconds(name: str, given: str | None, default_s: float = DEADLINE_S) -> float:
    if not given:
        return default_s
    if not given.isdigit() or not 1 <= int(given) <= 10_000:
        raise BadConfig(f"{name}={given!r} must be milliseconds from 1 to 10000.")
    return int(given) / 1000


def _shards(given: str) -> int:
    if not given.isdigit() or not 1 <= int(given) <= MOST_SHARDS:
        raise BadConfig(f"USAGE_SHARDS={given!r} must be a number from 1 to {MOST_SHARDS}.")
    return int(given)


def _tier_url(config: Config) -> str:
    url = os.environ.get("TIER_URL") or (config.own_dir / "tier").as_uri()
    return "" if url == "off" else url


def _kek(data_dir: Path) -> bytes:
    named = os.environ.get("KEK_FILE")
    # The same rule as the portal's: a demo makes its own secret, production must be given one.
    is_demo = os.environ.get("DEMO", "1").strip().lower() not in {"0", "false", "no", "off"}
    if not named and not is_demo:
        raise BadConfig("KEK_FILE must name a file with the platform key when DEMO=0.")
    path = Path(named) if named else data_dir / "secrets" / "kek"
    try:
        return parse_kek(path.read_bytes())
    except OSError as error:
        raise BadConfig(f"The platform key {path} cannot be read: {error}") from error
    except BadKek as error:
        raise BadConfig(f"{path}: {error}") from error
