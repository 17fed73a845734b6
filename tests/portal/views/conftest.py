"""The portal as it looks on 5 October 2026, through the web login.

The month is settled once a module: pages only read, so that their tests can share it.
"""

import pytest
import time_machine

from cache_api.models import Customer
from tenants import resolve, schema
from tenants.rules.roles import PERMISSIONS, Audience
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast


def settled_month(_database):
    """Two partners with a settled month; an owner each, and acme's."""
    with time_machine.travel(cast.NOW, tick=False):
        partners = two_partners()
        cast.settled(partners)
        for partner in partners:
            cast.person(partner, "owner")
            with schema.in_partner(partner):
                acme = Customer.objects.get(external_id="acme").id
            cast.person(partner, "customer_owner", acme)


def settled_for_all(database):
    """The same with people of the other roles, which follow the owners'."""
    settled_month(database)
    with time_machine.travel(cast.NOW, tick=False):
        for partner in two_partners():
            with schema.in_partner(partner):
                acme = Customer.objects.get(external_id="acme").id
            for role in list(PERMISSIONS[Audience.PARTNER])[1:]:
                cast.person(partner, role)
            for role in list(PERMISSIONS[Audience.CUSTOMER])[1:]:
                cast.person(partner, role, acme)


def first_day(_database):
    """Two partners on their first day: no agreement, no request."""
    with time_machine.travel(cast.NOW, tick=False):
        for partner in two_partners():
            cast.person(partner, "owner")
            with schema.in_partner(partner):
                new = Customer.objects.create(
                    external_id="new", name="Newcomer", created_at=cast.NOW
                )
            cast.person(partner, "customer_owner", new.id)


@pytest.fixture(scope="module")
def settled(django_db_blocker):
    """The settled month, one a module; Django is the web process."""
    with fresh_database(django_db_blocker) as database, time_machine.travel(cast.NOW, tick=False):
        database.fill(settled_for_all)
        cast.estimate(two_partners())
        database.login("web")
        yield two_partners()


@pytest.fixture
def october():
    """The clock stands; nothing is remembered about hosts of other tests' databases."""
    resolve.forget()
    with time_machine.travel(cast.NOW, tick=False):
        yield
    resolve.forget()


@pytest.fixture
def portal(settled, october):
    """The settled portal, read only: its two partners."""
    return settled


@pytest.fixture
def empty_portal(database, partners, october):
    """Two partners on their first day: no agreement, no request."""
    database.fill(first_day)
    database.login("web")
    return partners


@pytest.fixture
def long_portal(database, partners, october):
    """A settled portal of its own, for a test that adds rows: (partners, database)."""
    database.fill(settled_month)
    database.login("web")
    return partners, database
