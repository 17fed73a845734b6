"""A TCP proxy that can be slow, refuse, reset, talk garbage, hold or fall silent, told over HTTP.

Both SDKs' suites put it in front of real servers. `PUT /NAME {"mode", "delay_ms", "after_bytes"}`
changes a proxy for what passes from then on; `GET /` shows them all.
"""

import asyncio
import json
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle

import pytest

MODES = ("pass", "reset", "garbage", "silent", "hold", "refuse", "truncate")
# One after the other: each protocol's own first bytes, and then nothing that it knows.
GARBAGE = (
    b"\x00\xff$-17\r\nVALUE \x80 nonsense HTTP/1.1 999\r\n" * 4,
    b"!!nonsense!!\r\n",
    b"$many\r\nbytes\r\n",
    b":one\r\n*two\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{",
    b"VALUE k x y\r\nEND\r\n",
)
NEVER_LINGER = struct.pack("ii", 1, 0)  # close with a reset


@dataclass
class Proxy:
    """In front of one port. `delay_ms` holds back each answer, `hold` until the mode changes;
    `after_bytes` is for `truncate`."""

    target: int
    port: int = 0
    mode: str = "pass"
    delay_ms: float = 0
    after_bytes: int = 40
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    server: asyncio.Server | None = None
    nonsense: Iterator[bytes] = field(default_factory=lambda: cycle(GARBAGE))

    def shown(self):
        """What it does."""
        names = ("target", "port", "mode", "delay_ms", "after_bytes")
        return {name: getattr(self, name) for name in names}

    async def start(self) -> None:
        """Listen, on the same port as before."""
        self.server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def change(self, settings) -> None:
        """Behave otherwise from now on; `refuse` and `reset` end what stands."""
        assert settings.get("mode", "pass") in MODES, settings
        for name in ("mode", "delay_ms", "after_bytes"):
            setattr(self, name, settings.get(name, getattr(Proxy, name)))
        if self.mode in ("refuse", "reset"):
            for writer in list(self.writers):
                _reset(writer)
        if self.mode == "refuse" and self.server is not None:
            self.server.close()
            self.server = None
        elif self.mode != "refuse" and self.server is None:
            await self.start()

    async def _connected(self, reader, writer) -> None:
        self.writers.add(writer)
        with suppress(OSError):
            if self.mode == "reset":
                _reset(writer)
            behind, ahead = await asyncio.open_connection("127.0.0.1", self.target)
            requests = asyncio.create_task(_pass_on(reader, ahead))
            await self._answers(behind, writer)
            requests.cancel()
            ahead.close()
        self.writers.discard(writer)
        writer.close()

    async def _answers(self, source, target) -> None:
        while data := await source.read(65_536):
            await asyncio.sleep(self.delay_ms / 1000)
            while self.mode == "hold":
                await asyncio.sleep(0.01)
            if self.mode == "reset":
                _reset(target)
                return
            if self.mode == "truncate":
                target.write(data[: self.after_bytes])
                await target.drain()
                return
            if self.mode != "silent":
                target.write(next(self.nonsense) if self.mode == "garbage" else data)
                await target.drain()


async def _pass_on(source, target) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
        target.close()


def _reset(writer) -> None:
    raw = writer.get_extra_info("socket")
    with suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NEVER_LINGER)
    writer.transport.abort()


class Faults:
    """Proxies by name, and the HTTP server that changes them."""

    def __init__(self, targets) -> None:
        self.proxies = {name: Proxy(port) for name, port in targets.items()}
        self.port = 0

    async def start(self) -> None:
        """Listen everywhere."""
        for proxy in self.proxies.values():
            await proxy.start()
        control = await asyncio.start_server(self._control, "127.0.0.1", 0)
        self.port = control.sockets[0].getsockname()[1]

    async def _control(self, reader, writer) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
            body = await reader.readexactly(size)
            name = head.split()[1].strip("/")
            if name in self.proxies:
                await self.proxies[name].change(json.loads(body or b"{}"))
            shown = json.dumps({name: one.shown() for name, one in self.proxies.items()}).encode()
            start = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n"
            writer.write(start + b"content-length: %d\r\n\r\n" % len(shown) + shown)
            await writer.drain()
        writer.close()


@contextmanager
def small_disk(folder, size="64k", owner=0):
    """A file system of its own below `folder` (a missing one), for root."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    folder.mkdir()
    options = f"size={size},mode=700,uid={owner},gid={owner}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip(f"needs root: {mounted.stderr}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path) -> None:
    """Until nothing more goes onto that disk."""
    with path.open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(b"x" * 4096):
            pass


@contextmanager
def table_on(database, table, folder):
    """A table of that database lies on that disk until the end."""
    for parent in folder.parents:  # pytest's folders are closed to the cluster's user
        if parent.stat().st_mode & 0o077 == 0:
            parent.chmod(0o711)
    name = f"small_{database.name}"
    with database.psql() as boss:
        boss.execute(f"create tablespace {name} location '{folder}'")
        boss.execute(f"alter table {table} set tablespace {name}")
    try:
        yield
    finally:
        with database.psql() as boss:
            boss.execute(f"alter table {table} set tablespace pg_default")
            boss.execute(f"drop tablespace {name}")


class Wire:
    """A proxy in front of one port, in a thread of its own, for tests that do not run a loop."""

    def __init__(self, target: int) -> None:
        self.loop, self.proxy = asyncio.new_event_loop(), Proxy(target)
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self._do(self.proxy.start())

    def _do(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def set(self, **settings) -> None:
        self._do(self.proxy.change(settings))

    def stop(self) -> None:
        self.set(mode="refuse")
        self._do(self._finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def _finish(self) -> None:
        """Leave no task behind: whose end the collector reports in the middle of other work."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
