"""Where the doors find their servers, secrets and folder. Environment first, then DATA_DIR."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tenants.rules.datakeys import parse_kek

DEADLINE_S = 0.05
_BASE_DIR = Path(__file__).resolve().parents[2]


class BadConfig(ValueError):
    """A setting that is missing or unusable; the text says which and what to do."""


@dataclass(frozen=True)
class Config:
    """One process's surroundings."""

    cache_url: str
    events_url: str
    kek: bytes
    data_dir: Path
    region: str
    deadline_s: float = DEADLINE_S  # how long a request waits for either Valkey
    tier_url: str = ""  # "": there is no second tier
    tier_deadline_s: float = DEADLINE_S

    @property
    def spool_dir(self) -> Path:
        """Where events wait while `events` does not take them."""
        return self.data_dir / "spool"

    @property
    def snapshot_file(self) -> Path:
        """The facts of the last process, for a restart while `events` is away."""
        return self.data_dir / "edge" / "snapshot"


def load() -> Config:
    """Read the surroundings. Raises BadConfig."""
    data_dir = Path(os.environ.get("DATA_DIR") or _BASE_DIR / ".data").resolve()
    written = _servers(data_dir)
    return Config(
        cache_url=_url("CACHE_URL", written, data_dir),
        events_url=_url("EVENTS_URL", written, data_dir),
        kek=_kek(data_dir),
        data_dir=data_dir,
        region=os.environ.get("REGION") or "local",
        deadline_s=_seconds("STORE_DEADLINE_MS", os.environ.get("STORE_DEADLINE_MS")),
        tier_url=_tier_url(data_dir),
        tier_deadline_s=_seconds("TIER_DEADLINE_MS", os.environ.get("TIER_DEADLINE_MS")),
    )


def _seconds(name: str, given: str | None) -> float:
    raw = given or "50"
    if not raw.isdigit() or not 1 <= int(raw) <= 10_000:
        raise BadConfig(f"{name}={raw!r} must be milliseconds from 1 to 10000.")
    return int(raw) / 1000


def _tier_url(data_dir: Path) -> str:
    url = os.environ.get("TIER_URL") or (data_dir / "tier").as_uri()
    return "" if url == "off" else url


def _servers(data_dir: Path) -> dict[str, str]:
    path = data_dir / "servers.json"
    if not path.exists():
        return {}
    try:
        found: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadConfig(f"{path} cannot be read: {error}") from error
    return found


def _url(name: str, written: dict[str, str], data_dir: Path) -> str:
    url = os.environ.get(name) or written.get(name)
    if not url:
        raise BadConfig(
            f"{name} is not set and {data_dir}/servers.json does not name it: "
            "start the servers (make run) or set it to your Valkey's URL."
        )
    return url


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
