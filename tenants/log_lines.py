"""How every process logs: one JSON object a line in a real installation, plain lines in the demo.

What a request or a job is about (`about`) stands on each of its lines. Never a payload: lines hold
ids and names only. Standard library alone: an edge process need not carry more.
"""

from __future__ import annotations

import json
import logging
import os
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


class JsonLines(logging.Formatter):
    """`at` (UTC), `level`, `logger`, `message`, `error` with its traceback, and what `about` said.

    One record is one line, whatever is in it: line breaks are escaped.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            **(_about.get() or {}),
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, sort_keys=True, default=str)


def is_json() -> bool:
    """LOG_JSON, else the opposite of DEMO; for programs that log before settings are read."""
    return (os.environ.get("LOG_JSON") or str(int(os.environ.get("DEMO") == "0"))) == "1"


def config(*, as_json: bool, level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`: everything to standard error. Refuses an unknown level."""
    if level not in LEVELS:
        raise SystemExit(f"LOG_LEVEL={level!r} is none of {', '.join(LEVELS)}.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonLines} if as_json else {"format": LINE}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
    }


def about(**facts: str) -> None:
    """What this thread's lines are about from now on; empty values are left out."""
    _about.set({name: value for name, value in facts.items() if value})
