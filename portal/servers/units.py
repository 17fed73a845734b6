"""systemd units of a real installation, written from the table that `make run` runs.

`python -m portal.servers.units FOLDER` writes them. REGIONS, WEB_PORT and EDGE_PORT count as ever.
`--servers` adds the PostgreSQL and the Valkeys of the wheels, which the others then wait for;
`--only web,edge` writes those of one machine among several.
"""

import argparse
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from portal.servers.errors import ServerError
from portal.servers.table import BASE_DIR, Ports, Process, processes, steps

PREFIX = "agentcache-"
TARGET = f"{PREFIX[:-1]}.target"
MIGRATE, SERVERS = f"{PREFIX}migrate.service", f"{PREFIX}servers.service"
OWNERS = "provisioner"  # the machine that has the owner's login also migrates


@dataclass(frozen=True)
class Place:
    """The checkout, the file with the environment, the data, and the account it runs as.

    `only`: the processes of this machine, () for all. `servers`: it has those of the wheels.
    """

    checkout: Path
    environment: Path
    data_dir: Path
    user: str = "agentcache"
    only: tuple[str, ...] = ()
    servers: bool = False

    def before(self) -> list[str]:
        """The units that a process of this machine waits for."""
        migrates = not self.only or OWNERS in self.only
        return [SERVERS] * self.servers + [MIGRATE] * migrates


def units(place: Place, ports: Ports) -> dict[str, str]:
    """File name → text: one service a process, what comes before them, and the target of all.

    Raises ServerError naming a process of `only` that the table does not have.
    """
    table = processes(ports, place.data_dir, demo=False)
    names = [one.name for one in table]
    if strange := set(place.only) - set(names):
        raise ServerError(f"{', '.join(sorted(strange))}: the processes are {', '.join(names)}.")
    here = [one for one in table if not place.only or one.name in place.only]
    before = {SERVERS: _servers(place), MIGRATE: _migration(place)}
    found = {f"{PREFIX}{one.name}.service": _service(one, place) for one in here}
    found |= {name: before[name] for name in place.before()}
    wants = " ".join(sorted(found))
    found[TARGET] = (
        f"[Unit]\nDescription=AgentCache\nWants={wants}\n\n[Install]\nWantedBy=multi-user.target\n"
    )
    return found


def _service(process: Process, place: Place) -> str:
    environ = "".join(f'Environment="{name}={value}"\n' for name, value in process.environ)
    return (
        f"[Unit]\nDescription=AgentCache {process.name}\nPartOf={TARGET}\n{_NETWORK}"
        f"{_waits_for(place.before())}"
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
        f"[Unit]\nDescription=AgentCache migrations\nPartOf={TARGET}\n{_NETWORK}"
        f"{_waits_for([SERVERS] * place.servers)}\n"
        f"[Service]\nType=oneshot\nRemainAfterExit=yes\n{_common(place, 'owner')}{runs}"
        f"{_HARDENED}ReadWritePaths={place.data_dir}\n"
    )


def _servers(place: Place) -> str:
    """It says when all three answer; only then does what waits for it begin."""
    return (
        f"[Unit]\nDescription=AgentCache PostgreSQL and Valkeys\nPartOf={TARGET}\n"
        "StartLimitIntervalSec=0\n\n"
        f"[Service]\nType=notify\n{_common(place, 'owner')}"
        f"ExecStart={shlex.join((sys.executable, '-m', 'portal.servers', 'up'))}\n"
        # It stops its children itself, the last one first.
        "KillMode=mixed\nKillSignal=SIGTERM\nTimeoutStopSec=90\nTimeoutStartSec=infinity\n"
        "Restart=always\nRestartSec=1\n"
        f"LimitNOFILE=65536\n{_HARDENED}ReadWritePaths={place.data_dir}\n"
    )


def _waits_for(names: list[str]) -> str:
    return "".join(f"After={name}\nRequires={name}\n" for name in names)


def _common(place: Place, login: str) -> str:
    return (
        f"User={place.user}\nWorkingDirectory={place.checkout}\n"
        f"EnvironmentFile={place.environment}\n"
        f"Environment=DJANGO_SETTINGS_MODULE=portal.settings PYTHONUNBUFFERED=1"
        f" AC_DB_LOGIN={login} DATA_DIR={place.data_dir}\n"
    )


# The last two where they are this machine's.
_NETWORK = (
    "Wants=network-online.target\nAfter=network-online.target postgresql.service valkey.target\n"
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
    parser.add_argument("--only", default="", help="processes with commas: web,edge")
    parser.add_argument("--servers", action="store_true", help="those of the wheels, too")
    asked = parser.parse_args(arguments)
    only = tuple(filter(None, asked.only.split(",")))
    place = Place(BASE_DIR, asked.environment, asked.data_dir, asked.user, only, asked.servers)
    try:
        found = units(place, Ports.from_environ())
        for name, text in found.items():
            (asked.folder / name).write_text(text)
    except (ServerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"wrote {len(found)} units to {asked.folder}; then:\n"
          f"  systemctl daemon-reload && systemctl enable --now {TARGET}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
