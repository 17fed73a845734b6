"""The demo's own faults: a page asks that something be killed, the supervisor kills what it owns.

Two files below DATA_DIR/break: `asked.json` {id, target} from whoever asks, `killed.json`
{id, target, killed_at, back_at} from the supervisor. Nobody else ever learns a process id.
"""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.servers.child import Child

TARGETS = ("recorder", "events", "postgres")  # by the supervisor's names


def ask(data_dir: Path, number: str, target: str) -> None:
    """Leave the wish to have `target` killed, under an id of the asker's."""
    if target not in TARGETS:
        raise ValueError(f"{target!r} is nothing that may be killed: {', '.join(TARGETS)}.")
    write(data_dir / "break" / "asked.json", {"id": number, "target": target})


def killed(data_dir: Path, number: str) -> dict[str, Any]:
    """What became of the wish of this id: {} while nobody has taken it. Times in Unix s."""
    told = read(data_dir / "break" / "killed.json")
    return told if told.get("id") == number else {}


class Breaker:
    """The supervisor's side. `children`: everything it runs, by name, whose processes change."""

    def __init__(self, data_dir: Path, children: Mapping[str, Child]) -> None:
        self._folder, self._children = data_dir / "break", children
        self._told: dict[str, Any] = {}
        self._pid = 0

    def tend(self) -> str:
        """Kill what is asked for by SIGKILL; later note that it is back. What happened, or ''."""
        if self._told and not self._told["back_at"]:
            return self._watch()
        asked = read(self._folder / "asked.json")
        if not asked:
            return ""
        (self._folder / "asked.json").unlink(missing_ok=True)
        child = self._children.get(str(asked.get("target")))
        if asked.get("target") not in TARGETS or child is None or not child.alive:
            return f"asked to break {asked.get('target')}: it is not ours, or not running"
        self._pid = child.pid
        child.kill()
        self._tell({**asked, "killed_at": time.time(), "back_at": None})
        return f"{asked['target']} was killed, as the demo's page asked"

    def _watch(self) -> str:
        child = self._children[self._told["target"]]
        if not child.alive or child.pid == self._pid:
            return ""
        self._tell({**self._told, "back_at": time.time()})
        return f"{self._told['target']} is back"

    def _tell(self, told: dict[str, Any]) -> None:
        self._told = told
        write(self._folder / "killed.json", told)


def read(path: Path) -> dict[str, Any]:
    """A file's facts; {} where there are none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def write(path: Path, facts: dict[str, Any]) -> None:
    """Facts as a file that a reader sees whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
    aside.write_text(json.dumps(facts))
    aside.rename(path)
