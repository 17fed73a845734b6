"""systemd units of a real installation, written from the table that `make run` runs.

`python -m portal.servers.units FOLDER` writes them. REGIONS, WEB_PORT and EDGE_PORT count as ever.
"""

import argparse
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from portal.servers.table import BASE_DIR, Ports, Process, processes, steps

PREFIX = "agentcache-"
TARGET = f"{PREFIX[:-1]}.target"


@dataclass(frozen=True)
class Place:
    """The checkout, the file with the environment, the data, and the account it runs as."""

    checkout: Path
    environment: Path
    data_dir: Path
    user: str = "agentcache"


def units(place: Place, ports: Ports) -> dict[str, str]:
    """File name → text: one service a process, one that migrates first, and the target of all."""
    table = processes(ports, place.data_dir, demo=False)
    found = {f"{PREFIX}{one.name}.service": _service(one, place) for one in table}
    found[f"{PREFIX}migrate.service"] = _migration(place)
    wants = " ".join(sorted(found))
    found[TARGET] = (
        f"[Unit]\nDescription=AgentCache\nWants={wants}\n\n[Install]\nWantedBy=multi-user.target\n"
    )
    return found


def _service(process: Process, place: Place) -> str:
    environ = "".join(f'Environment="{name}={value}"\n' for name, value in process.environ)
    return (
        f"[Unit]\nDescription=AgentCache {process.name}\nPartOf={TARGET}\n"
        f"After={PREFIX}migrate.service\nRequires={PREFIX}migrate.service\n"
        # However often it ends while a server is away, it is started once more.
        "StartLimitIntervalSec=0\n\n"
        f"[Service]\nType=exec\n{_common(place, process.login)}{environ}"
        f"ExecStart={shlex.join(process.argv)}\n"
        # What is in flight is answered first; the table knows how long each may take.
        f"KillSignal=SIGTERM\nTimeoutStopSec={process.patience_s:.0f}\n"
        "Restart=always\nRestartSec=1\n"
        f"LimitNOFILE=65536\n{_HARDENED}ReadWritePaths={place.data_dir}\n"
    )


def _migration(place: Place) -> str:
    runs = "".join(
        f"ExecStart=/usr/bin/env AC_DB_LOGIN={step.login} {shlex.join(step.argv)}\n"
        for step in steps(demo=False)
    )
    return (
        f"[Unit]\nDescription=AgentCache migrations\nPartOf={TARGET}\n"
        # The last two where they are this machine's.
        "Wants=network-online.target\n"
        "After=network-online.target postgresql.service valkey.target\n\n"
        f"[Service]\nType=oneshot\nRemainAfterExit=yes\n{_common(place, 'owner')}{runs}"
        f"{_HARDENED}ReadWritePaths={place.data_dir}\n"
    )


def _common(place: Place, login: str) -> str:
    return (
        f"User={place.user}\nWorkingDirectory={place.checkout}\n"
        f"EnvironmentFile={place.environment}\n"
        f"Environment=DJANGO_SETTINGS_MODULE=portal.settings PYTHONUNBUFFERED=1"
        f" AC_DB_LOGIN={login} DATA_DIR={place.data_dir}\n"
    )


_HARDENED = (
    "NoNewPrivileges=yes\nProtectSystem=strict\nProtectHome=read-only\nPrivateTmp=yes\n"
    "ProtectKernelTunables=yes\nRestrictSUIDSGID=yes\n"
)


def main(arguments: list[str]) -> int:
    """Write the units into a folder (`/etc/systemd/system`) and say what to do next."""
    parser = argparse.ArgumentParser(prog="python -m portal.servers.units", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--environment", type=Path, default=Path("/etc/agentcache/environment"))
    parser.add_argument("--data-dir", type=Path, default=Path("/var/lib/agentcache"))
    parser.add_argument("--user", default="agentcache")
    asked = parser.parse_args(arguments)
    place = Place(BASE_DIR, asked.environment, asked.data_dir, asked.user)
    found = units(place, Ports.from_environ())
    for name, text in found.items():
        (asked.folder / name).write_text(text)
    print(f"wrote {len(found)} units to {asked.folder}; then:\n"
          f"  systemctl daemon-reload && systemctl enable --now {TARGET}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
