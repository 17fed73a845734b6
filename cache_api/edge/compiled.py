"""A few modules of a repeated hit's way, compiled: `python -m cache_api.edge.compiled` makes them.

The very same sources, translated by Cython; nothing else of the program knows. They lie in the
environment under a sum of what they were made of, so that a source that has changed is never served
by an old translation: it runs as it is, as it does where there is no C compiler.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

MODULES = (
    "cache_api.edge.express",
    "cache_api.edge.heads",
    "cache_api.edge.http",
    "cache_api.edge.meter",
    "cache_api.edge.protocol",
    "cache_api.gateways.connection",
    "cache_api.gateways.valkey",
    "cache_api.hot.marks",
    "cache_api.hot.telling",
    "cache_api.hot.verbs.repeats",
    "cache_api.rules.event_bytes",
)
_ROOT = Path(__file__).parents[2]
_SUFFIX = sysconfig.get_config_var("EXT_SUFFIX") or ".so"
_AS = ("-3", "-X", "annotation_typing=False")  # types are declared in .pxd files alone
_HOME = Path(sys.prefix) / "compiled"


class Finder(MetaPathFinder):
    """Imports these modules, by name, from these files."""

    def __init__(self, files: dict[str, Path]) -> None:
        self._files = files

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """importlib: where a module comes from; None where that is not our affair."""
        file = self._files.get(name)
        return None if file is None else spec_from_file_location(name, file)


def is_made() -> bool:
    """Whether today's sources are compiled here."""
    return all(_made(name).is_file() for name in MODULES)


def use() -> bool:
    """Import them compiled from now on; False where they are not."""
    if not is_made():
        return False
    sys.meta_path.insert(0, Finder({name: _made(name) for name in MODULES}))
    return True


def make() -> str:
    """Compile them unless they are. What there is to say about it, "" for nothing."""
    if is_made():
        return ""
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    for needed, is_there in ((compiler, shutil.which(compiler)), (headers, headers.is_file())):
        if not is_there:
            return f"The edge runs uncompiled: {needed} is missing (Debian: gcc, python3-dev)."
    _HOME.mkdir(exist_ok=True)
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda name: _compile(name, compiler), MODULES))
    except subprocess.CalledProcessError as error:
        return f"The edge runs uncompiled: {error}\n{error.stderr[-2000:]}"
    for file in set(_HOME.iterdir()) - {_made(name) for name in MODULES}:
        file.unlink()  # of other sources
    return f"{len(MODULES)} modules of the edge compiled"


def _compile(name: str, compiler: str) -> None:
    made = _made(name)
    if made.is_file():
        return
    translated = made.with_suffix(".c")
    _run(sys.executable, "-m", "cython", *_AS, str(_source(name)), "-o", str(translated))
    flags = ["-O2", "-fPIC", "-shared", "-w", f"-I{sysconfig.get_path('include')}"]
    aside = made.with_suffix(".part")
    _run(compiler, *flags, str(translated), "-o", str(aside))
    aside.rename(made)
    translated.unlink()


def _run(*argv: str) -> None:
    subprocess.run(argv, cwd=_ROOT, check=True, capture_output=True, text=True)


def _source(name: str) -> Path:
    return _ROOT / (name.replace(".", "/") + ".py")


def _made(name: str) -> Path:
    """The compiled file, under a sum of the module and of all that is declared for Cython."""
    declared = [_source(one).with_suffix(".pxd") for one in MODULES]
    summed = hashlib.sha256(_source(name).read_bytes())
    for file in declared:
        if file.is_file():
            summed.update(file.read_bytes())
    return _HOME / f"{name}-{summed.hexdigest()[:16]}{_SUFFIX}"


if __name__ == "__main__":
    if said := make():
        sys.stdout.write(said + "\n")
