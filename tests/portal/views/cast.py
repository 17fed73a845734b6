"""A settled September and people of every role at two partners, seen in early October."""

import re
from collections import deque
from threading import local

from django.http import FileResponse
from django.test import Client

from billing.models import Document
from portal.actions.running_month import estimate_month
from tenants import resolve, schema
from tenants.accounts.models import User
from tests.billing import world
from tests.billing.people import utc

REDIS, PINECONE = "cache.redis.localhost", "cache.pinecone.localhost"
NOW = utc("2026-10-05T14:20")


def record_usage(partners):
    """September: 1,000 hits and 400 misses of acme, 500 hits of zeta; October: a little of both."""
    redis, pinecone = partners.redis, partners.pinecone
    world.record(
        world.hit(redis, "2026-09-10T08:00", "acme", 1000, cost_saved_micros=2500, latency_us=900),
        world.hit(redis, "2026-09-10T09:00", "acme", 400, outcome="miss", latency_us=1900),
        world.hit(redis, "2026-09-11T08:00", "zeta", 500, model="gpt-4o"),
        world.hit(redis, "2026-10-02T08:00", "acme", 100, cost_saved_micros=2500, latency_us=900),
        world.hit(pinecone, "2026-09-10T08:00", "acme", 77_000),
        now=NOW,
    )


def settled(partners):
    """Both partners earn a share of what we collect; September is issued."""
    for partner in partners:
        for name in ("acme", "zeta"):
            world.customer(partner, name, name=name.title())
        world.sign(partner, "revenue_share_platform")
    record_usage(partners)
    world.settle()


def person(partner, role, customer_id=None):
    """Somebody with this role; the e-mail is the role's name. Nobody needs the password."""
    with schema.in_partner(partner):
        return User.objects.create_user(
            f"{role}@example.com", None, role=role, customer_id=customer_id
        )


class OneByOne(Client):
    """As a server's thread: what it began to send is at its end before the next request begins.

    What is read while it is sent holds its partner's scope until then.
    """

    _begun = local()

    def request(self, **request):
        """The answer."""
        deque(getattr(self._begun, "pieces", ()), 0)
        answer = super().request(**request)
        is_begun = answer.streaming and not isinstance(answer, FileResponse)
        self._begun.pieces = answer.streaming_content if is_begun else ()
        return answer


def signed_in(host, role, **options):
    """A client whose person holds the role, with the session that a login leaves."""
    client = OneByOne(HTTP_HOST=host, **options)
    owner = resolve.resolve_host(host)
    with schema.in_partner(owner):
        client.force_login(User.objects.get(email=f"{role}@example.com"))
        session = client.session
        session["scope"] = owner.schema_name
        session.save()
    return client


def document(partner, kind, customer=""):
    """The id of an issued document, read as its partner."""
    with schema.in_partner(partner):
        return Document.objects.get(kind=kind, customer_external_id=customer).id


def text(answer):
    """What a person reads on the page: tags away, spaces collapsed."""
    html = re.sub(r"<(script|style|title|svg)\b.*?</\1>", " ", answer.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("&nbsp;", " ")


def estimate(partners, now=NOW):
    """What the beat's worker does every minute (not as the web login)."""
    for partner in partners:
        estimate_month(partner_id=partner.pk, now=now)
