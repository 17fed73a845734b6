"""The Valkey protocol as bytes: addresses, greetings, packed commands. No sockets here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import hiredis

Command = tuple[bytes, ...]
INCOMPLETE = object()


class ServerRefused(ValueError):
    """A Valkey that answers, but not to us (password, database)."""


@dataclass(frozen=True)
class Address:
    """A parsed redis:// or rediss:// URL."""

    host: str
    port: int
    username: str
    password: str
    database: int
    tls: bool

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Raises ValueError for any other scheme; never repeats the URL, which holds a password."""
        parts = urlsplit(url)
        if parts.scheme not in {"redis", "rediss", "valkey", "valkeys"}:
            raise ValueError(f"a Valkey URL starts with redis:// or rediss://, not {parts.scheme}")
        return cls(
            parts.hostname or "127.0.0.1",
            parts.port or 6379,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            int(parts.path.strip("/") or 0),
            parts.scheme in {"rediss", "valkeys"},
        )

    def greeting(self) -> list[Command]:
        """Commands that open a connection."""
        commands: list[Command] = []
        if self.password:
            user = (self.username.encode(),) if self.username else ()
            commands.append((b"AUTH", *user, self.password.encode()))
        if self.database:
            commands.append((b"SELECT", b"%d" % self.database))
        return [*commands, (b"PING",)]


def pack(commands: Iterable[Command]) -> bytes:
    """Commands as one pipeline."""
    # The stub wants a tuple of one; any length is packed.
    return b"".join([hiredis.pack_command(command) for command in commands])  # type: ignore[arg-type]


def reader() -> hiredis.Reader:
    """A reply parser; `gets()` answers INCOMPLETE until a whole reply is there."""
    return hiredis.Reader(notEnoughData=INCOMPLETE)


def is_error(reply: Any) -> bool:
    """Whether the server refused this command."""
    return isinstance(reply, hiredis.ReplyError)
