"""A throw-away installation to measure in: real servers, migrated, with two opened partners."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from portal import env
from portal.servers import Stack

PARTNERS = {"redis-labs": "general_cache", "pinecone": "vector_db"}


def results_dir() -> Path:
    """Where results go: DATA_DIR/bench."""
    folder = env.data_dir() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Place:
    """The servers and what runs against them, gone after the block. Durable, as in production."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="place-", dir=results_dir()))
        self.folder.chmod(0o711)
        self.stack = Stack(self.folder, environ={})
        self.keys: dict[str, str] = {}

    @property
    def environ(self) -> dict[str, str]:
        """For processes that shall use these servers and no others."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.endswith("_URL") and name not in {"AC_DB_LOGIN", "KEK_FILE"}
        }
        return {**kept, "DATA_DIR": str(self.folder), "PYTHONUNBUFFERED": "1"}

    @staticmethod
    def host(slug: str) -> str:
        """The partner's own host name."""
        return f"cache.{slug}.localhost"

    def run(self, *argv: str) -> str:
        """`python …` in this place; its output. Raises RuntimeError with what it said."""
        done = subprocess.run(
            [sys.executable, *argv], cwd=env.BASE_DIR, env=self.environ, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)} failed: {done.stdout}\n{done.stderr}")
        return done.stdout

    def open_partners(self, kinds: Mapping[str, str]) -> None:
        """Open partners, slug → kind, by the commands of an installation."""
        for slug, kind in kinds.items():
            self.run("manage.py", "open_partner", slug, "--name", slug, "--kind", kind,
                     "--host", self.host(slug), "--no-wait")  # fmt: skip
        self.run("manage.py", "provision", "--once")

    def __enter__(self) -> "Place":
        try:
            self.stack.start()
            self.run("manage.py", "migrate_schemas", "--shared", "-v0")
            self.open_partners(PARTNERS)
            self.keys = json.loads(self.run("-m", "bench.keys"))
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self.stack.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
