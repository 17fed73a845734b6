"""The Celery application: workers settle, render and sweep; the schedule is one page beside it."""

import os
from contextlib import suppress

from celery import Celery
from celery.signals import worker_ready
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings

from portal.gateways import broker
from portal.schedule import BEAT_SCHEDULE

app = Celery("agentcache")
app.conf.update(
    broker_url=settings.BROKER_URL or None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options=broker.options(settings.BROKER_URL),
    beat_schedule=BEAT_SCHEDULE,
    beat_schedule_filename=str(settings.DATA_DIR / "celerybeat-schedule"),
    timezone="UTC",
    enable_utc=True,
    worker_hijack_root_logger=False,
)
app.autodiscover_tasks(["tenants", "billing", "cache_api", "portal"])


# What pages show of jobs and of the running month, and what is shown without pages: else they
# would wait for the first beat.
FIRST_JOBS = ("tenants.publish_hosts", "tenants.write_holding_pages", "portal.estimate_months")


@worker_ready.connect
def _begin(**_: object) -> None:
    """Queue them when a worker starts, as the schedule does from then on. They may run twice."""
    with suppress(OperationalError):
        for name in FIRST_JOBS:
            app.send_task(name, retry=False, expires=60)
