"""Steps that tests at the simulated Stripe share."""

from datetime import timedelta

from django.utils import timezone

from billing.actions.push import push_intent
from billing.actions.stripe_events import keep_event
from billing.models import Document, RemoteIntent
from billing.queries.documents import document_detail

HOUR = timedelta(hours=1)


def now():
    return timezone.now()


def push(stripe, hours=0):
    """Push all that is due, customers first, as the worker does."""
    at = now() + hours * HOUR
    for _ in range(2):
        for intent in RemoteIntent.objects.filter(state="pending").order_by("created_at"):
            RemoteIntent.objects.filter(pk=intent.pk).update(next_try_at=at)
            push_intent(intent_id=intent.id, stripe=stripe, now=at)


def acme(partner):
    return Document.objects.get(partner_id=partner.id, customer_external_id="acme")


def intent_of(document):
    return RemoteIntent.objects.get(key=f"invoice {document.id}")


def status(document):
    return document_detail(document.id, today=now().date()).row.status


def notices(fake, seed=1):
    """What the account tells, each twice and shuffled, handed to the door's action."""
    sent = fake.control("release", seed=seed)["sent"]
    for event in sent:
        keep_event(event=event, now=now())
    return sent
