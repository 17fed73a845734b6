"""Which Valkeys there are, by region. Environment first, then what the supervisor wrote down.

Without REGIONS there is one region. With it, the home region comes first; `CACHE_URL` and
`EVENTS_URL` are the home's, the others have the region's name behind (`CACHE_URL_US_EAST`).
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tenants.rules.valkey_urls import is_cluster, nodes

BASE_DIR = Path(__file__).resolve().parents[2]
ALONE = "local"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class BadConfig(ValueError):
    """A setting that is missing or unusable; the text says which and what to do."""


@dataclass(frozen=True)
class Region:
    """One region's two Valkeys."""

    name: str
    cache_url: str
    events_url: str


def data_dir() -> Path:
    """Where everything of this installation lies."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").resolve()


def regions() -> tuple[Region, ...]:
    """Every region, the home first. Raises BadConfig."""
    written = _written(data_dir() / "servers.json")
    names = _names(os.environ.get("REGIONS") or written.get("REGIONS") or "")
    if not names:
        alone = os.environ.get("REGION") or ALONE
        return (Region(alone, _url("CACHE_URL", written), _url("EVENTS_URL", written)),)
    home = os.environ.get("HOME_REGION") or names[0]
    if home not in names:
        raise BadConfig(f"HOME_REGION={home!r} is not among REGIONS={','.join(names)}.")
    found = []
    for name in sorted(names, key=lambda one: one != home):
        suffix = "" if name == home else "_" + name.upper().replace("-", "_")
        urls = (_url(f"{kind}_URL{suffix}", written) for kind in ("CACHE", "EVENTS"))
        found.append(Region(name, *urls))
    return tuple(found)


def _names(given: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    bad = [name for name in names if not _NAME.fullmatch(name)]
    if bad or len(set(names)) != len(names):
        raise BadConfig(
            f"REGIONS={given!r} must be different names (a–z, 0–9, -) with commas: eu,us,ap."
        )
    return names


def _written(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        found: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadConfig(f"{path} cannot be read: {error}") from error
    return found


def _url(name: str, written: Mapping[str, str]) -> str:
    url = os.environ.get(name) or written.get(name)
    if not url:
        raise BadConfig(
            f"{name} is not set and {data_dir()}/servers.json does not name it: "
            "start the servers (make run) or set it to your Valkey's URL."
        )
    if name.startswith("EVENTS") and is_cluster(url):
        raise BadConfig(
            f"{name} must be one Valkey (with a replica): only `cache` may be a cluster."
        )
    try:
        nodes(url)
    except ValueError as error:
        raise BadConfig(f"{name}: {error}.") from error
    return url
