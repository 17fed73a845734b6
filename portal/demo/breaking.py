"""Break it: requests go on while something is killed, and what was answered is what is recorded.

One bounded loop at a time, in a thread of the process that was asked; its counts lie in
DATA_DIR/break/counts.json, so that every process's page shows the same.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from cache_api.metering.models import UsageEvent
from cache_api.rules.leaves import first_id
from portal.servers import breakage
from tenants.models import Partner

REQUESTS, EVERY_S, BREAK_AFTER = 400, 0.05, 80
KEYS = 10
PATIENCE_S = 10.0
GIVEN_UP_S = 180.0  # a loop whose process ended with it


@dataclass(frozen=True)
class Counts:
    """An experiment as far as it is: requests sent, answered with 200, refused or unanswered.

    `id` names it and the namespace of its requests. Times in Unix s; `done_at` 0 while it runs.
    """

    id: str
    slug: str
    target: str
    began_at: float
    sent: int = 0
    answered: int = 0
    failed: int = 0
    slowest_ms: float = 0.0
    done_at: float = 0.0

    @property
    def runs(self) -> bool:
        """Whether requests still go out."""
        return not self.done_at and time.time() < self.began_at + GIVEN_UP_S

    @property
    def slowest_us(self) -> float:
        """As pages write times."""
        return self.slowest_ms * 1000

    @property
    def namespace(self) -> str:
        """What its events are told by."""
        return f"break-{self.id}"


class Busy(RuntimeError):
    """One runs already."""


def current(data_dir: Path) -> Counts | None:
    """The last experiment, running or over; None before the first."""
    found = breakage.read(data_dir / "break" / "counts.json")
    return Counts(**found) if found else None


def begin(
    *, data_dir: Path, edge_url: str, key: str, slug: str, customer: str, target: str
) -> threading.Thread:
    """Start one. Raises Busy, or ValueError for a target that may not be killed."""
    before = current(data_dir)
    if before is not None and before.runs:
        raise Busy
    if target not in breakage.TARGETS:
        raise ValueError(target)
    counts = Counts(uuid.uuid4().hex[:12], slug, target, time.time())
    _keep(data_dir, counts)
    loop = threading.Thread(
        target=_run, args=(data_dir, edge_url, key, customer, counts), name="break it", daemon=True
    )
    loop.start()
    return loop


def recorded(counts: Counts) -> int:
    """How many of its events are in Postgres. One query over the time since it began."""
    since = datetime.fromtimestamp(counts.began_at, UTC)
    partner = Partner.objects.get(slug=counts.slug)
    rows = UsageEvent.objects.filter(partner_id=partner.pk, event_id__gte=first_id(since))
    return rows.filter(namespace=counts.namespace).count()


def _run(data_dir: Path, edge_url: str, key: str, customer: str, counts: Counts) -> None:
    client = requests.Session()
    client.headers["Authorization"] = f"Bearer {key}"
    due = time.monotonic()
    for number in range(REQUESTS):
        if number == BREAK_AFTER:
            breakage.ask(data_dir, counts.id, counts.target)
        counts = _send(client, edge_url, _body(counts, customer, number), counts)
        if number % 10 == 0:
            _keep(data_dir, counts)
        due += EVERY_S
        time.sleep(max(0.0, due - time.monotonic()))
    _keep(data_dir, replace(counts, done_at=time.time()))


def _body(counts: Counts, customer: str, number: int) -> dict[str, Any]:
    body = {"cache_key": f"k{number % KEYS}", "namespace": counts.namespace,
            "customer_id": customer}  # fmt: skip
    return body | ({"response": {"n": number}, "ttl": 600} if number < KEYS else {})


def _send(client: requests.Session, edge_url: str, body: dict[str, Any], counts: Counts) -> Counts:
    path = "/api/overflow/store" if "response" in body else "/api/overflow"
    began = time.monotonic()
    try:
        is_answered = client.post(edge_url + path, json=body, timeout=PATIENCE_S).ok
    except requests.RequestException:
        is_answered = False
    took_ms = (time.monotonic() - began) * 1000
    return replace(
        counts, sent=counts.sent + 1, answered=counts.answered + is_answered,
        failed=counts.failed + (not is_answered), slowest_ms=max(counts.slowest_ms, took_ms),
    )  # fmt: skip


def _keep(data_dir: Path, counts: Counts) -> None:
    breakage.write(data_dir / "break" / "counts.json", asdict(counts))
