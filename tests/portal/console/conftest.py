"""The console on 5 October 2026, through the web login."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import time_machine

from tenants import resolve, schema
from tests.billing import world
from tests.conftest import fresh_database, two_partners
from tests.portal.console import cast
from tests.portal.views.cast import NOW


@contextmanager
def clock() -> Iterator[None]:
    """The clock stands; nothing is remembered about hosts of other tests' databases."""
    resolve.forget()
    with time_machine.travel(NOW, tick=False):
        yield
    resolve.forget()


def used(_database):
    """People of every role, two signed partners and September's usage."""
    with clock():
        partners = two_partners()
        cast.people()
        for partner in partners:
            world.sign(partner, "revenue_share_platform")
        cast.usage(partners)


def waiting(database):
    """The same, and September waits for approval; the preparer is `finance_preparer`."""
    used(database)
    with clock():
        database.login("web")
        preparer = cast.signed_in("finance_preparer")
        preparer.post("/finance/start/", {"month": "2026-09"})
        cast.work(database)


def settled(database):
    """People, partners and usage of `used`, and September is issued."""
    used(database)
    database.login("settle")
    with clock(), schema.in_public():
        world.settle()


@pytest.fixture(scope="module")
def shared_world(django_db_blocker):
    with fresh_database(django_db_blocker) as database, clock():
        database.fill(used)
        database.login("web")
        yield two_partners()


@pytest.fixture
def readable(shared_world):
    """Two signed partners, nothing settled, for tests that change nothing: one a module."""
    with clock():
        yield shared_world


@pytest.fixture
def console(database, partners):
    """The same in a database of its own."""
    with clock():
        database.fill(used)
        database.login("web")
        yield partners


@pytest.fixture
def issued(database, partners):
    """acme at Redis owes 100.01, zeta 2.00; Redis earned 30.60, Pinecone 200.00."""
    with clock():
        database.fill(settled)
        database.login("web")
        yield partners


@pytest.fixture
def reviewed(database, partners):
    """September waits for approval, in a database of its own."""
    with clock():
        database.fill(waiting)
        database.login("web")
        yield partners
