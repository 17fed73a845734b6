"""Celery's way in to the cache storey: one call each."""

from celery import shared_task
from django.utils import timezone

from cache_api.actions import seal_days as sealing


@shared_task(name="cache_api.seal_days")
def seal_days() -> int:
    """Store the Merkle roots of days that are complete or got late events."""
    return sealing.seal_days(now=timezone.now())
