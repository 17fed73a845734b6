"""The SDKs as files to install: they are on no public registry.

Python's wheel and source distribution are built from the checkout when first asked for and kept in
DATA_DIR/sdk until the source changes. JavaScript's tarball needs Node to build (`npm pack` in
sdk/js); it is served when it is there.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from portal import env
from tenants.later import later

if TYPE_CHECKING:
    from hatchling.builders import sdist, wheel
else:
    sdist, wheel = later("hatchling.builders.sdist"), later("hatchling.builders.wheel")

PYTHON, JAVASCRIPT = "sdk/python", "sdk/js"


@dataclass(frozen=True)
class Package:
    """One file to install; `sha256` in hex, for `--require-hashes` and a browser's reader."""

    path: Path
    language: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name, as installers expect it."""
        return self.path.name


def packages(base: Path = env.BASE_DIR, kept: Path | None = None) -> list[Package]:
    """What can be installed, Python's wheel first. Builds what is not built yet."""
    kept = kept or env.data_dir() / "sdk"
    found = [_package(path, "Python") for path in _python(base / PYTHON, kept)]
    tarballs = sorted((base / JAVASCRIPT).glob("agentcache-overflow-client-*.tgz"))
    return found + [_package(path, "JavaScript") for path in tarballs[-1:]]


def _python(source: Path, kept: Path) -> list[Path]:
    if not (source / "pyproject.toml").is_file():
        return []
    folder = kept / _content_of(source)
    if not folder.is_dir():
        _build(source, folder)
    return [*folder.glob("*.whl"), *folder.glob("*.tar.gz")]


def _build(source: Path, folder: Path) -> None:
    """Aside, then put in place at once: another process may be doing the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for old in folder.parent.glob("[0-9a-f]" * 16):
        shutil.rmtree(old, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent))
    for builder in (wheel.WheelBuilder, sdist.SdistBuilder):
        list(builder(str(source)).build(directory=str(aside)))
    try:
        os.rename(aside, folder)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)


def _content_of(source: Path) -> str:
    """A name for what would be built: the sources by path, size and time of change."""
    told = hashlib.sha256()
    for path in sorted([*source.glob("*.*"), *(source / "src").rglob("*.py")]):
        facts = path.stat()
        told.update(f"{path}:{facts.st_size}:{facts.st_mtime_ns}\n".encode())
    return told.hexdigest()[:16]


def _package(path: Path, language: str) -> Package:
    return Package(path, language, _sha256(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=16)
def _sha256(path: Path, changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
