"""django-tenants' engine with a checked hand-over: search path and role in one statement.

django-tenants' own `_handle_search_path` swallows errors, so a failed switch would run the next
query as the previous partner. Here the switch and its proof are one round trip: what comes back
must name the schema and the role that were asked for, or the connection is closed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import ProgrammingError
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper
from psycopg.errors import _WaitTimeout
from psycopg.pq import TransactionStatus

PUBLIC = "public"

_SWITCH = (
    "select set_config('search_path', %s, false), set_config('role', %s, false),"
    " current_schema(), current_user, session_user"
)


class WrongScope(ProgrammingError):
    """The connection did not end up in the schema and role asked for; it has been closed."""


class SwitchInsideTransaction(ProgrammingError):
    """Another partner was asked for inside a transaction, where two partners' work would mix."""


@dataclass(frozen=True)
class Scope:
    """What a connection is for: a schema, and the role to take (`none`: stay the login)."""

    schema_name: str = PUBLIC
    role: str = "none"
    tenant_type: str | None = None

    def get_tenant_type(self) -> str | None:
        """Part of django-tenants' tenant protocol."""
        return self.tenant_type


class DatabaseWrapper(TenantsWrapper):
    """A connection that always knows, and has proved, for whom it works."""

    _setting_search_path: bool
    search_path_set_schemas: list[str] | None
    _impatient_s: float | None = None

    def get_new_connection(self, conn_params: Any) -> Any:
        """A connection that waits for each answer for `DEADLINE_S` of its settings at most.

        The server's own `statement_timeout` says nothing when the server itself is stuck.
        """
        made = super().get_new_connection(conn_params)
        made.wait = partial(self._wait, made, made.wait)
        return made

    @contextmanager
    def impatient(self, seconds: float) -> Iterator[None]:
        """Wait less long for answers within the block. The caller can do without them."""
        before, self._impatient_s = self._impatient_s, seconds
        try:
            yield
        finally:
            self._impatient_s = before

    def _wait(self, made: Any, wait: Any, gen: Any, *given: Any, **named: Any) -> Any:
        """psycopg's way to wait for a server, with our deadline. Raises OperationalError."""
        deadline_s = self._impatient_s or self.settings_dict.get("DEADLINE_S")
        if deadline_s and not given:
            named.setdefault("timeout", deadline_s)
        try:
            return wait(gen, *given, **named)
        except _WaitTimeout:
            made.close()  # an answer may still come, and would be taken for the next one's
            raise

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Choose the scope of the following queries. Raises SwitchInsideTransaction."""
        before = getattr(self, "scope", None)
        scope = Scope(tenant.schema_name, getattr(tenant, "role", "none"))
        if self.__dict__.get("in_atomic_block") and before is not None and scope != before:
            raise SwitchInsideTransaction(
                f"Asked for {scope.schema_name} inside a transaction of {before.schema_name}: "
                "finish the transaction first."
            )
        self.scope = scope
        super().set_tenant(tenant, include_public)

    def _handle_search_path(self, cursor: Any = None) -> None:
        if self._setting_search_path or self.search_path_set_schemas:
            return
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            return  # only a rollback can follow, and it needs no path
        paths = self._get_cursor_search_paths()
        self._setting_search_path = True
        try:
            row = self._switch(cursor, paths)
        except Exception:
            self.close()  # nobody may go on with the connection as it was
            raise
        finally:
            self._setting_search_path = False
        role = self.scope.role if self.scope.role != "none" else row[4]
        if row[2] != self.schema_name or row[3] != role:
            self.close()
            raise WrongScope(
                f"Wanted schema {self.schema_name} as {role}, got {row[2]} as {row[3]}."
            )
        self.search_path_set_schemas = paths

    def _switch(self, cursor: Any, paths: list[str]) -> tuple[Any, ...]:
        path = ",".join(f'"{name}"' for name in paths)
        own = cursor is None
        runner = self.connection.cursor() if own else cursor
        try:
            runner.execute(_SWITCH, [path, self.scope.role])
            return tuple(runner.fetchone())
        finally:
            if own:
                runner.close()
