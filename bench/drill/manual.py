"""The commands of a section of docs/operating.md, and a shell that runs them as they stand."""

import os
import re
import subprocess
from collections.abc import Mapping

from portal import env

PAGE = env.BASE_DIR / "docs" / "operating.md"
_BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(heading: str) -> str:
    """All code blocks under `### heading`, in order. Raises LookupError when there are none."""
    text = PAGE.read_text()
    start = text.index(f"\n### {heading}\n")
    section = re.split(r"\n##", text[start + 3 :], maxsplit=1)[0]
    found = "".join(_BLOCK.findall(section))
    if not found:
        raise LookupError(f"{PAGE} has no commands under {heading!r}")
    return found


def run(heading: str, given: Mapping[str, str]) -> None:
    """Run them in the checkout, stopping at the first that fails. Raises RuntimeError.

    Nothing but `given` and the way to programs reaches them, as on a machine just set up.
    """
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands(heading)], cwd=env.BASE_DIR, text=True,
        env={**environ, **given}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{heading!r} failed ({done.returncode}): {done.stdout[-3000:]}")
