"""`agentcache COMMAND`: read the arguments, do one thing, tell it as text or, with --json, as one
line of JSON.

Exit codes: 0 done; 1 the answer is no (a miss, not stored, not verified); 2 wrong arguments or
files; 3 the overflow could not be asked; 4 a part that is not installed.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from agentcache_overflow.cli import arguments, commands
from agentcache_overflow.cli.told import Failed, Told


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Raises SystemExit for arguments that make no sense."""
    given = arguments.parser().parse_args(argv)
    try:
        told = commands.COMMANDS[given.command](given)
    except Failed as failure:
        return _say(Told(failure.code, {"error": str(failure)}, ""), given, str(failure))
    return _say(told, given)


def _say(told: Told, given: argparse.Namespace, complaint: str = "") -> int:
    if given.json:
        print(json.dumps(told.facts, ensure_ascii=False))  # noqa: T201 - that is what it is for
    elif complaint:
        print(f"agentcache {given.command}: {complaint}", file=sys.stderr)  # noqa: T201
    elif told.text:
        print(told.text)  # noqa: T201
    return told.code
