"""Tasks by name after commit, and the task base that enters no partner silently.

The row an action leaves in a state is the truth; publishing a task only makes the next step
prompt. A broker that is down costs a moment, never the request: the sweep finds the row.
"""

import logging
import time
from typing import Any

from celery import Task, current_app
from django.db import transaction

log = logging.getLogger(__name__)
# A client gives a dead broker up after some seconds; a month's hundred tasks wait for one of them.
PAUSE_S = 10.0
_away_until: dict[str, float] = {}


class MissingPartner(ValueError):
    """A task was called without the partner it works for, or for another than its header says."""


def enqueue_on_commit(name: str, *, partner_id: str, **kwargs: Any) -> None:
    """Publish the task after the surrounding transaction commits; a dead broker is only logged.

    For `PAUSE_S` after that nothing is published to it: the sweep finds all of it.
    """

    def publish() -> None:
        broker = str(current_app.conf.broker_url)
        if time.monotonic() < _away_until.get(broker, 0.0):
            return
        try:
            current_app.send_task(
                name,
                kwargs={"partner_id": partner_id, **kwargs},
                headers={"partner_id": partner_id},
                retry=False,
            )
        except Exception:  # noqa: BLE001 - any broker failure means: the sweep will do it
            _away_until[broker] = time.monotonic() + PAUSE_S
            log.warning("could not publish %s for %s; the sweep will pick it up", name, partner_id)

    transaction.on_commit(publish)


class PartnerTask(Task):  # type: ignore[type-arg]
    """Refuses to run without an explicit partner that agrees with the message's header."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Check the partner, then run the task's body."""
        partner_id = kwargs.get("partner_id")
        header = (self.request.headers or {}).get("partner_id") if self.request.headers else None
        if not partner_id:
            raise MissingPartner(f"{self.name} was called without partner_id.")
        if header and header != partner_id:
            raise MissingPartner(f"{self.name}: header {header} and argument {partner_id} differ.")
        return super().__call__(*args, **kwargs)
