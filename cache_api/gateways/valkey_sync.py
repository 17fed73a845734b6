"""Valkey for threads: the edge's commands, deadlines and answers, but blocking."""

import logging
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from typing import Any

import hiredis

from cache_api.gateways import resp
from cache_api.gateways.resp import Address, Command

log = logging.getLogger(__name__)
CONNECT_S = 0.5
PAUSE_S = 0.25


class SyncLane:
    """One Valkey as seen from any number of threads: a connection for each."""

    def __init__(self, name: str, at: str | Address, deadline_s: float) -> None:
        """`at`: a URL, or what it says. Raises ValueError."""
        self.name, self.failures = name, 0
        self._address = Address.parse(at) if isinstance(at, str) else at
        self._deadline_s = deadline_s
        self._own = threading.local()
        self._paused_until = 0.0

    @property
    def is_up(self) -> bool:
        """Whether it is asked at all right now."""
        return time.monotonic() >= self._paused_until

    def run(self, commands: Sequence[Command]) -> list[Any] | None:
        """Run commands in one pipeline; their replies, or None when there was no answer."""
        replies = self.ask(commands)
        return None if replies is None or any(map(resp.is_error, replies)) else replies

    def ask(self, commands: Sequence[Command]) -> list[Any] | None:
        """The same, with refusals among the replies."""
        if not commands:
            return []
        if not self.is_up:
            return None
        try:
            return self._exchange(commands)
        except (OSError, hiredis.ProtocolError, resp.ServerRefused) as error:
            self.close()
            self.failures += 1
            self._paused_until = time.monotonic() + PAUSE_S
            log.warning("%s: %s; trying again in %.2f s", self.name, error, PAUSE_S)
            return None

    def later(self, commands: Sequence[Command]) -> None:
        """Run commands whose replies nobody wants."""
        self.run(commands)

    def close(self) -> None:
        """Let go of this thread's connection."""
        connection: socket.socket | None = getattr(self._own, "socket", None)
        if connection is not None:
            connection.close()
            self._own.socket = None

    def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        connection = getattr(self._own, "socket", None) or self._connect()
        return self._ask(connection, commands, self._deadline_s)

    def _connect(self) -> socket.socket:
        address = self._address
        connection = socket.create_connection((address.host, address.port), timeout=CONNECT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.tls:
            context = ssl.create_default_context()
            connection = context.wrap_socket(connection, server_hostname=address.host)
        connection.settimeout(None)  # from here on see `_within`
        self._own.socket, self._own.reader = connection, resp.reader()
        if any(map(resp.is_error, self._ask(connection, address.greeting(), CONNECT_S))):
            raise resp.ServerRefused("it answers, but refuses this password or database")
        return connection

    def _ask(
        self, connection: socket.socket, commands: Sequence[Command], wait_s: float
    ) -> list[Any]:
        deadline, reader = time.monotonic() + wait_s, self._own.reader
        replies: list[Any] = []
        try:
            _within(connection, socket.SO_SNDTIMEO, wait_s)
            connection.sendall(resp.pack(commands))
            while True:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise BlockingIOError
                _within(connection, socket.SO_RCVTIMEO, left_s)
                data = connection.recv(65_536)
                if not data:
                    raise ConnectionResetError("closed by the server")
                reader.feed(data)
                while (reply := reader.gets()) is not resp.INCOMPLETE:
                    replies.append(reply)
                    if len(replies) == len(commands):
                        return replies
        except (BlockingIOError, TimeoutError) as error:
            raise TimeoutError(f"no answer within {wait_s * 1000:.0f} ms") from error


def _within(connection: socket.socket, which: int, left_s: float) -> None:
    """How long the next send or receive may wait: the kernel keeps the time.

    A timeout of Python's own costs two more calls into the kernel, and with each the interpreter's
    lock changes hands. Under TLS it must be that one: OpenSSL would wait again and again.
    """
    if isinstance(connection, ssl.SSLSocket):
        connection.settimeout(left_s)
        return
    timeval = struct.pack("ll", *divmod(max(1, int(left_s * 1_000_000)), 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, which, timeval)
