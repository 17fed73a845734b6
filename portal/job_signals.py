"""What the worker writes down about its jobs: when one was queued, that it failed, that it went.

A database or broker that is away must not make a second failure of the first: then only the log
knows.
"""

from __future__ import annotations

import logging
from typing import Any

from celery.signals import before_task_publish, task_failure, task_prerun, task_success
from django.db import Error as DatabaseFailure
from django.utils import timezone

from portal.gateways.broker import QUEUED_AT
from tenants import log_lines, schema
from tenants.actions import jobs

log = logging.getLogger(__name__)


@before_task_publish.connect
def queued(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """A job is published: its message bears the moment."""
    if headers is not None:
        headers.setdefault(QUEUED_AT, timezone.now().isoformat())


@task_prerun.connect
def begun(
    sender: Any = None, task_id: str = "", kwargs: dict[str, Any] | None = None, **_: Any
) -> None:
    """A job begins: its log lines name it, and whose it is."""
    partner_id = str((kwargs or {}).get("partner_id", ""))
    log_lines.about(job=sender.name, job_id=task_id, partner_id=partner_id)


@task_failure.connect
def failed(
    sender: Any = None, exception: Any = None, kwargs: dict[str, Any] | None = None, **_: Any
) -> None:
    """A job failed for good: a row that the console shows until it succeeds."""
    error = f"{type(exception).__name__}: {exception}"
    try:
        with schema.in_public():
            jobs.note_failure(task=sender.name, kwargs=kwargs or {}, error=error,
                              now=timezone.now())  # fmt: skip
    except DatabaseFailure:
        log.exception("the failure of %s is not written down", sender.name)


@task_success.connect
def succeeded(sender: Any = None, **_: Any) -> None:
    """A job went well: what failed before needs nobody any more."""
    try:
        with schema.in_public():
            jobs.note_success(task=sender.name, kwargs=sender.request.kwargs or {})
    except DatabaseFailure:
        log.exception("the success of %s is not written down", sender.name)
