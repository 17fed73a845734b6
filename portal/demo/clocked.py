"""A Python program, a file or `-m module`, that lives by the demo's clock."""

import runpy
import sys

from portal.demo import clock


def main() -> None:
    """Move this process's clock, then be the program."""
    clock.begin()
    first, *rest = sys.argv[1:]
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main()
