"""A partner or a customer leaves: what a schema says of customers, beside ids of billed usage."""

import uuid

from django.db import transaction

from cache_api.models import (
    Alert,
    AlertFiring,
    Customer,
    CustomerState,
    HookDelivery,
    HookEndpoint,
    HookEvent,
)


def erase_customers() -> int:
    """Partner's schema, as owner: no names, addresses, webhooks or alerts; how many customers.

    Their ids stay: usage that was billed is kept under them. Safe to repeat.
    """
    with transaction.atomic():
        for table in (HookDelivery, HookEvent, HookEndpoint, AlertFiring, Alert):
            table.objects.all().delete()
        return Customer.objects.update(name="", billing={}, plan="")


def erase_customer_facts(customer_id: uuid.UUID) -> int:
    """Partner's schema: one customer's name, addresses, webhooks and alerts go, and it is refused;
    how many webhooks and alerts. Safe to repeat."""
    with transaction.atomic():
        hooks = HookEndpoint.objects.filter(customer_id=customer_id)
        alerts = Alert.objects.filter(owner_id=customer_id)
        count = hooks.count() + alerts.count()
        HookDelivery.objects.filter(endpoint__in=hooks).delete()
        AlertFiring.objects.filter(alert__in=alerts).delete()
        hooks.delete()
        alerts.delete()
        Customer.objects.filter(pk=customer_id).update(
            name="", billing={}, plan="", quota=None, state=CustomerState.SUSPENDED
        )
    return count
