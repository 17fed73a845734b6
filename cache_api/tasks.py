"""Celery's way in to the cache storey: one call each."""

from celery import shared_task
from django.utils import timezone

from cache_api.actions import forget_hours as forgetting
from cache_api.actions import seal_days as sealing


@shared_task(name="cache_api.seal_days")
def seal_days() -> int:
    """Store the Merkle roots of days that are complete or got late events."""
    return sealing.seal_days(now=timezone.now())


@shared_task(name="cache_api.forget_hours")
def forget_hours() -> int:
    """Delete hours of usage that are no longer kept; days stay."""
    return forgetting.forget_hours(now=timezone.now())
