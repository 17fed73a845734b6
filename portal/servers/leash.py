"""Becomes another program that cannot outlive its parent, without root where asked.

Run as a script by `portal.servers.child` (standard library only, `python -I -S leash.py ORDER
PROGRAM ARGUMENTS…`). ORDER is JSON: `parent` (pid that must still be the parent), `signal` (sent
by the kernel when that parent dies), `identity` (`same`, `namespace`, `drop`), `paths` (folders
the program must be able to reach).
"""

import ctypes
import json
import os
import sys
from pathlib import Path

NOBODY = 65534
EXIT_REFUSED = 78
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000


def main() -> None:
    """Change identity, check the way, tie to the parent, then exec."""
    order, argv = json.loads(sys.argv[1]), sys.argv[2:]
    if order["identity"] == "namespace":
        _enter_namespace()
    elif order["identity"] == "drop":
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    for path in order["paths"]:
        _check_reachable(Path(path))
    if sys.platform == "linux":
        # After the change of identity: that would have cleared it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, order["signal"], 0, 0, 0)
    if os.getppid() != order["parent"]:
        sys.exit("the parent is gone")
    os.execv(argv[0], argv)  # noqa: S606 - becoming that program is the purpose


def _enter_namespace() -> None:
    """A user namespace in which the caller (root) is `nobody`: same files, no root."""
    uid, gid = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
        sys.exit(f"no user namespace: {os.strerror(ctypes.get_errno())}")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")


def _check_reachable(path: Path) -> None:
    for folder in [*reversed(path.parents), path]:
        if not os.access(folder, os.X_OK):
            print(folder)
            sys.exit(EXIT_REFUSED)


if __name__ == "__main__":
    main()
