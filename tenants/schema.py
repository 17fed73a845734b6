"""The only place that switches a connection between partners, the console and the public schema.

The scope is also kept in a context variable, so that cache keys and log lines carry it without
asking the database connection.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol, cast

from django.db import connection as _connection

from tenants.db.base import PUBLIC, DatabaseWrapper, Scope

CONSOLE_ROLE = "ac_console"
connection = cast(DatabaseWrapper, _connection)  # the proxy of our own engine
_scope_name: ContextVar[str] = ContextVar("scope_name", default=PUBLIC)


class PartnerGone(LookupError):
    """It left so long ago that its schema is dropped; shared tables still have its books."""


class HasSchema(Protocol):
    """A partner row or a `Resolved`: anything that names its schema."""

    @property
    def schema_name(self) -> str:
        """The partner's schema."""


def partner_scope(partner: HasSchema) -> Scope:
    """The partner's schema and, on the web login, the partner's own database role.

    Raises PartnerGone where neither exists any more.
    """
    if getattr(partner, "state", "") == "gone":
        raise PartnerGone(partner.schema_name)
    return Scope(partner.schema_name, _role(partner.schema_name))


def console_scope() -> Scope:
    """The public schema as the console's role (on the web login)."""
    return Scope(PUBLIC, _role(CONSOLE_ROLE))


def public_scope() -> Scope:
    """The public schema as the login itself: enough to resolve a host, nothing else."""
    return Scope(PUBLIC, "none")


def enter(scope: Scope) -> None:
    """Hand the connection over until the next `enter` (used by the middleware)."""
    connection.set_tenant(scope)
    _scope_name.set(f"{scope.schema_name}/{scope.role}")


@contextmanager
def entered(scope: Scope) -> Iterator[None]:
    """Hand the connection over for a block and give it back afterwards."""
    before, name = connection.scope, _scope_name.get()
    enter(scope)
    try:
        yield
    finally:
        connection.set_tenant(before)
        _scope_name.set(name)


def in_partner(partner: HasSchema) -> AbstractContextManager[None]:
    """`with in_partner(partner):` runs the block in that partner's schema and role."""
    return entered(partner_scope(partner))


def in_console() -> AbstractContextManager[None]:
    """`with in_console():` runs the block as the operator console."""
    return entered(console_scope())


def in_public() -> AbstractContextManager[None]:
    """`with in_public():` runs the block in the public schema as the login."""
    return entered(public_scope())


def impatient(seconds: float) -> AbstractContextManager[None]:
    """`with impatient(2):` a server that answers nothing for so long is an OperationalError."""
    return connection.impatient(seconds)


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """Django cache keys carry the scope, so that one partner never reads another's."""
    return f"dj:{_scope_name.get()}:{key_prefix}:{version}:{key}"


def _role(name: str) -> str:
    # Only the web login may (and must) become somebody else; workers keep their own rights.
    return name if connection.settings_dict["USER"] == "ac_web" else "none"
