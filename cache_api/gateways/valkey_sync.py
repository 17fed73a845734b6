"""Valkey for threads: the edge's commands, deadlines and answers, but blocking."""

import logging
import socket
import ssl
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

    def __init__(self, name: str, url: str, deadline_s: float) -> None:
        self.name, self.failures = name, 0
        self._address = Address.parse(url)
        self._deadline_s = deadline_s
        self._own = threading.local()
        self._paused_until = 0.0

    @property
    def is_up(self) -> bool:
        """Whether it is asked at all right now."""
        return time.monotonic() >= self._paused_until

    def run(self, commands: Sequence[Command]) -> list[Any] | None:
        """Run commands in one pipeline; their replies, or None when there was no answer."""
        if not commands:
            return []
        if not self.is_up:
            return None
        try:
            replies = self._exchange(commands)
        except (OSError, hiredis.ProtocolError, resp.ServerRefused) as error:
            self.close()
            self.failures += 1
            self._paused_until = time.monotonic() + PAUSE_S
            log.warning("%s: %s; trying again in %.2f s", self.name, error, PAUSE_S)
            return None
        return None if any(map(resp.is_error, replies)) else replies

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
        deadline = time.monotonic() + self._deadline_s
        connection.settimeout(self._deadline_s)
        connection.sendall(resp.pack(commands))
        return self._read(connection, len(commands), deadline)

    def _connect(self) -> socket.socket:
        address = self._address
        connection = socket.create_connection((address.host, address.port), timeout=CONNECT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.tls:
            context = ssl.create_default_context()
            connection = context.wrap_socket(connection, server_hostname=address.host)
        self._own.socket, self._own.reader = connection, resp.reader()
        greeting = address.greeting()
        connection.sendall(resp.pack(greeting))
        replies = self._read(connection, len(greeting), time.monotonic() + CONNECT_S)
        if any(map(resp.is_error, replies)):
            raise resp.ServerRefused("it answers, but refuses this password or database")
        return connection

    def _read(self, connection: socket.socket, wanted: int, deadline: float) -> list[Any]:
        replies: list[Any] = []
        reader = self._own.reader
        while True:
            while (reply := reader.gets()) is not resp.INCOMPLETE:
                replies.append(reply)
                if len(replies) == wanted:
                    return replies
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no answer within {self._deadline_s * 1000:.0f} ms")
            connection.settimeout(left)
            data = connection.recv(65_536)
            if not data:
                raise ConnectionResetError("closed by the server")
            reader.feed(data)
