"""Under which identity PostgreSQL runs: it refuses root, and users without a name."""

import os
import pwd
import subprocess
from functools import cache
from pathlib import Path
from typing import Literal

from portal.servers import leash
from portal.servers.child import leashed
from portal.servers.errors import ServerError

Identity = Literal["same", "namespace", "drop"]


@cache
def choose() -> Identity:
    """`same` for ordinary users; as root a user namespace, or `nobody` where there are none.

    A namespace also gives a name to a uid that has none (containers run with `--user 12345`).
    """
    uid = os.geteuid()
    if uid != 0 and _has_name(uid):
        return "same"
    probe = subprocess.run(
        leashed(["/bin/sh", "-c", "exit 0"], identity="namespace"),
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if probe.returncode == 0:
        return "namespace"
    return "drop" if uid == 0 else "same"


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def hand_over(folder: Path, identity: Identity) -> None:
    """Give our own data folder to the identity that will use it (only `drop` changes owners)."""
    if os.geteuid() != 0:
        return
    owner = leash.NOBODY if identity == "drop" else 0
    if folder.stat().st_uid == owner:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, owner, owner, follow_symlinks=False)


def run_once(argv: list[str], *, identity: Identity, paths: list[Path], what: str) -> None:
    """Run a program to its end. Raises ServerError with its output, or naming a closed folder."""
    done = subprocess.run(
        leashed(argv, identity=identity, paths=paths),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == leash.EXIT_REFUSED:
        raise ServerError(closed_folder(done.stdout.strip(), identity))
    if done.returncode != 0:
        raise ServerError(f"{what} failed (exit {done.returncode}):\n{done.stdout.strip()}")


def closed_folder(folder: str, identity: Identity) -> str:
    """The message for a folder that the database's identity may not enter."""
    who = {"same": "this user", "namespace": "this user in a user namespace", "drop": "user nobody"}
    return (
        f"PostgreSQL runs as {who[identity]} and may not enter {folder}. Either set DATA_DIR to a "
        f"folder it can reach (for example DATA_DIR=/var/tmp/agentcache), run as an ordinary user, "
        f"open the folder yourself (chmod o+x {folder}), or set DATABASE_URL to your own server. "
        "No permission has been changed."
    )
