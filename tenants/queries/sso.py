"""Single sign-on: connections, what was begun through them, and hours without it."""

import uuid

from tenants.accounts.models import BreakGlass, Connection, SignInAttempt


def connection_by_id(connection_id: uuid.UUID) -> Connection | None:
    """A connection of this host's partner or of one of its customers."""
    return Connection.objects.filter(pk=connection_id).first()


def sign_in_attempt(connection: Connection, attempt_id: uuid.UUID) -> SignInAttempt | None:
    """What one browser began through a connection."""
    return SignInAttempt.objects.filter(connection=connection, pk=attempt_id).first()


def break_glass_hours(customer_id: uuid.UUID | None, limit: int) -> list[BreakGlass]:
    """The last hours in which the circle's people came in without it, newest first."""
    rows = BreakGlass.objects.filter(customer_id=customer_id).order_by("-opened_at")
    return list(rows[:limit])
