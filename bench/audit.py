"""`make audit`: whether a pinned package has a known vulnerability, asked of OSV by pip-audit.

python -m bench.audit [--osv-url URL] [LIST …]     a mirror of the database; other lists

Ends with 1 if something was found. Without a way to the database nothing is checked, which is said;
it ends with 0 then, or with 2 if REQUIRE_AUDIT is set.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

from portal import env

ROOT = env.BASE_DIR
LISTS = ("requirements.txt", "requirements-semantic.txt", "requirements-dev.txt")
OSV = "https://api.osv.dev/v1/query"
PATIENCE_S = 5.0
PORTS = {"https": 443, "http": 80}


def unreachable(url: str) -> str:
    """Why nobody is there, or ''."""
    parts = urlsplit(url)
    try:
        place = (parts.hostname or "", parts.port or PORTS[parts.scheme])
        socket.create_connection(place, timeout=PATIENCE_S).close()
    except (OSError, KeyError, ValueError) as error:
        return str(error) or type(error).__name__
    return ""


def audit(lists: list[str], url: str) -> int:
    """What the process ends with; the findings are printed by pip-audit."""
    why = unreachable(url)
    if why:
        print(f"No vulnerability database at {url} ({why}): nothing was checked.")
        return 2 if os.environ.get("REQUIRE_AUDIT") else 0
    pinned = [word for name in lists for word in ("-r", name)]
    return subprocess.run(
        [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip",
         "--progress-spinner", "off", "-s", "osv", "--osv-url", url, *pinned],
        cwd=ROOT, check=False,
    ).returncode  # fmt: skip


def main() -> int:
    """The command's words, read."""
    words = argparse.ArgumentParser(prog="python -m bench.audit")
    words.add_argument("lists", nargs="*", default=list(LISTS), metavar="LIST")
    words.add_argument("--osv-url", default=OSV)
    given = words.parse_args()
    return audit(given.lists, given.osv_url)


if __name__ == "__main__":
    sys.exit(main())
