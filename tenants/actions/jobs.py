"""Background jobs that failed: written down once, gone when they succeed, queued again by people.

Written by the worker's login, queued again by the console.
"""

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import F

from tenants import audit
from tenants.models import FailedJob
from tenants.rules.sayings import Said

log = logging.getLogger(__name__)
LONGEST_ERROR = 500


class JobRefused(ValueError):
    """Nothing was queued; `str()` says why and what to do."""


def note_failure(*, task: str, kwargs: Mapping[str, Any], error: str, now: datetime) -> None:
    """Count a failure of this task with these arguments. Runs in the public schema."""
    partner_id = kwargs.get("partner_id")
    text = error.replace("\0", "")[:LONGEST_ERROR]
    with transaction.atomic():
        row, is_new = FailedJob.objects.get_or_create(
            task=task, kwargs=dict(kwargs),
            defaults={"partner_id": partner_id, "error": text, "first_at": now, "last_at": now},
        )  # fmt: skip
        if not is_new:
            FailedJob.objects.filter(pk=row.pk).update(
                failures=F("failures") + 1, error=text, last_at=now
            )


def note_success(*, task: str, kwargs: Mapping[str, Any]) -> None:
    """It went well: its failures are over. One statement, of which nearly all find no row."""
    FailedJob.objects.filter(task=task, kwargs=dict(kwargs)).delete()


def queue_again(*, job_id: uuid.UUID, actor: str, now: datetime) -> FailedJob:
    """Publish a failed job once more; its row goes when it succeeds. Jobs may be done twice.

    Raises JobRefused: no such failure (any more), or a broker that does not answer.
    """
    with transaction.atomic():
        row = FailedJob.objects.select_for_update().filter(pk=job_id).first()
        if row is None:
            raise JobRefused(Said("It has succeeded meanwhile."))
        headers = {"partner_id": str(row.partner_id)} if row.partner_id else {}
        try:
            current_app.send_task(row.task, kwargs=row.kwargs, headers=headers, retry=False)
        except Exception as error:  # whatever the transport raises
            log.warning("could not queue %s again", row.task, exc_info=True)
            raise JobRefused(Said("The broker does not answer: try again in a moment.")) from error
        row.queued_again_at = now
        row.save(update_fields=["queued_again_at"])
        audit.record(actor=actor, verb="job.queued_again", target=row.task, at=now,
                     partner_id=row.partner_id, data={"job": str(row.pk)})  # fmt: skip
    return row


def forget_job(*, job_id: uuid.UUID, actor: str, now: datetime) -> bool:
    """Somebody has looked: the failure needs nothing any more. Whether this call removed it."""
    with transaction.atomic():
        row = FailedJob.objects.filter(pk=job_id).first()
        if row is None:
            return False
        row.delete()
        audit.record(actor=actor, verb="job.put_aside", target=row.task, at=now,
                     partner_id=row.partner_id, data={"error": row.error})  # fmt: skip
    return True
