"""What a check is given, and how checks are run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import requests
from django.db.utils import Error as DatabaseError

from tenants.models import Partner

PATIENCE_S = 5


class Failed(RuntimeError):
    """What a check found wrong, in words for the page."""


@dataclass(frozen=True)
class Page:
    """An answer of the portal: `text` is its body."""

    status: int
    text: str


@dataclass(frozen=True)
class Demo:
    """The running demo, by what `demo.json` says about it."""

    facts: dict[str, Any]

    @property
    def edge_url(self) -> str:
        """Where the overflow API answers."""
        return str(self.facts["edge"]["url"])

    def key(self, slug: str) -> str:
        """A partner's live key. Raises Failed."""
        return str(self._row(slug)["api_key"])

    def partner(self, slug: str) -> Partner:
        """A partner's row. Raises Failed."""
        found = Partner.objects.filter(slug=slug).first()
        return found or _absent(slug)

    def slugs(self) -> list[str]:
        """The demo's partners."""
        return [row["slug"] for row in self.facts["partners"]]

    def ask(self, slug: str, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """POST to the edge with the partner's key → the JSON answer. Raises Failed."""
        headers = {"Authorization": f"Bearer {self.key(slug)}", **headers}
        answer = requests.post(self.edge_url + path, json=body, headers=headers, timeout=PATIENCE_S)
        if not answer.ok:
            raise Failed(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        found: dict[str, Any] = answer.json()
        return found

    def page(self, slug: str, path: str, **headers: str) -> Page:
        """GET on a partner's own host, or the console's (slug ""), as nobody who signed in."""
        url = self._row(slug)["portal_url"] if slug else self.facts["console"]["url"]
        return fetch(url + path, **headers)

    def _row(self, slug: str) -> dict[str, Any]:
        rows = [row for row in self.facts["partners"] if row["slug"] == slug]
        return rows[0] if rows else _absent(slug)


def fetch(url: str, **headers: str) -> Page:
    """GET at 127.0.0.1 with the URL's host: Python does not resolve `*.localhost`."""
    parts = urlsplit(url)
    connection = HTTPConnection("127.0.0.1", parts.port or 80, timeout=PATIENCE_S)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": parts.netloc, **headers})
        answer = connection.getresponse()
        return Page(answer.status, answer.read().decode(errors="replace"))
    finally:
        connection.close()


def _absent(slug: str) -> Any:
    raise Failed(f"The demo has no partner {slug}: start it with `make run`.")


def require(holds: object, otherwise: str) -> None:
    """Raises Failed with `otherwise` unless it holds."""
    if not holds:
        raise Failed(otherwise)


Check = Callable[[Demo], str]


@dataclass(frozen=True)
class Row:
    """One system: what it is, where it is seen (page or command), and its check.

    `check` returns what it found in a sentence. Raises Failed.
    """

    key: str
    name: str
    what: str
    seen: tuple[str, ...]
    check: Check


@dataclass(frozen=True)
class Result:
    """What a row's check came to; `said` is the finding, or what is wrong."""

    row: Row
    ok: bool
    said: str
    took_ms: float


def run_checks(rows: Iterable[Row], facts: dict[str, Any]) -> Iterator[Result]:
    """Each row's check, one after the other, in the console's scope; none ends the tour."""
    for row in rows:
        began = time.perf_counter()
        ok, said = _run(row, Demo(facts))
        yield Result(row, ok, said, (time.perf_counter() - began) * 1000)


def _run(row: Row, demo: Demo) -> tuple[bool, str]:
    try:
        return True, row.check(demo)
    except Failed as wrong:
        return False, str(wrong)
    except (requests.RequestException, OSError, DatabaseError, KeyError) as error:
        return False, f"{type(error).__name__}: {error}"
