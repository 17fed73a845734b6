"""The embedded servers and the supervisor. Importable without Django settings."""

from portal.servers.errors import ServerError
from portal.servers.stack import Stack

__all__ = ["ServerError", "Stack"]
