"""`make sbom`: what the portal is made of, as CycloneDX, from the pinned lists.

Written to DATA_DIR (`.data`), one file a list. Each pin has its version and the SHA-256 of every
file that may be installed for it, which is what `pip install --require-hashes` holds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from portal import env

ROOT = env.BASE_DIR
LISTS = ("requirements.txt", "requirements-semantic.txt", "requirements-dev.txt")


def write_sbom(lists: Iterable[str], folder: Path, *, check: bool = True) -> list[Path]:
    """The files written to `folder`; the same lists give the same bytes.

    `check` holds them against CycloneDX's own schema. Raises CalledProcessError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_written(name, folder / f"{Path(name).stem}.cdx.json", check) for name in lists]


def _written(name: str, target: Path, check: bool) -> Path:
    subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", name,
         "--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON",
         "--validate" if check else "--no-validate", "-o", target],
        cwd=ROOT, check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    return target


if __name__ == "__main__":
    for path in write_sbom(LISTS, env.data_dir()):
        print(path)
