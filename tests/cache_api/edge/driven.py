"""The edge without sockets: its own protocol, lanes and meter on a loop whose turns a test takes.

What comes in are bytes (requests, Valkeys' replies), what goes out is kept: answers and commands.
"""

import json
import uuid
from collections import deque
from types import SimpleNamespace

import hiredis
import uvicorn
from uvicorn.server import ServerState

from cache_api.edge.express import Express
from cache_api.edge.meter import Meter
from cache_api.edge.protocol import EdgeProtocol
from cache_api.edge.service import Service
from cache_api.gateways.connection import Connection
from cache_api.gateways.counters import Counters
from cache_api.gateways.valkey import Lane
from cache_api.hot.marks import Stamp
from cache_api.hot.steps import CACHE, EVENTS, HOME
from tests.cache_api.hot.pipeline import CHAT, Pipeline


class Loop:
    """An event loop that runs what is due when told; its clock stands still otherwise."""

    def __init__(self):
        self.now_s, self.soon, self.timers = 1_000.0, deque(), []

    def time(self):
        return self.now_s

    def call_soon(self, call, *given):
        self.soon.append((call, given))

    def call_later(self, delay_s, call, *given):
        timer = SimpleNamespace(at_s=self.now_s + delay_s, call=call, given=given, is_off=False)
        timer.cancel = lambda: setattr(timer, "is_off", True)
        self.timers.append(timer)
        return timer

    def create_task(self, coroutine):
        coroutine.close()  # a lane that would connect again: here it stays away
        return SimpleNamespace(done=lambda: False)

    def pass_time(self, seconds):
        """Let time pass and run what becomes due."""
        self.now_s += seconds
        due = [one for one in self.timers if one.at_s <= self.now_s and not one.is_off]
        self.timers = [one for one in self.timers if one not in due and not one.is_off]
        for one in due:
            one.call(*one.given)


class Transport:
    """What is written to it is kept until it is taken."""

    def __init__(self):
        self.written, self.is_closed, self.on_abort = [], False, None

    def write(self, data):
        self.written.append(bytes(data))

    def close(self):
        self.is_closed = True

    def abort(self):
        self.is_closed = True
        if self.on_abort is not None:
            self.on_abort(None)

    def is_closing(self):
        return self.is_closed

    def get_extra_info(self, name):
        return None

    def taken(self):
        written, self.written = b"".join(self.written), []
        return written


class Server:
    """A Valkey of a few commands behind one lane; `values` by key, each XADD kept in `events`."""

    def __init__(self, lane, values):
        self.values, self.events, self.asked = values, [], []
        self._reader = hiredis.Reader()
        self.transport = Transport()
        self._connection = Connection(lane._lost)
        self._connection.connection_made(self.transport)
        self.transport.on_abort = self._connection.connection_lost
        lane._connection = self._connection

    def answer(self):
        """Reply to everything that was asked; whether anything was."""
        self._reader.feed(self.transport.taken())
        replies = b""
        while command := self._reader.gets():
            self.asked.append(command)
            replies += self._reply(*command)
        if replies:
            self._connection.data_received(replies)
        return bool(replies)

    def _reply(self, name, *given):
        if name == b"XADD":
            self.events += given[3::2]
            return b"$3\r\n1-1\r\n"
        if name == b"SET":
            self.values[given[0]] = given[1]
            return b"+OK\r\n"
        if name == b"EVAL" and given[2].startswith(b"limit:"):
            return b"*3\r\n:%b\r\n:9\r\n:0\r\n" % given[-1]  # as many tokens as are wanted
        if name == b"EVAL":
            return b"*2\r\n:%b\r\n:0\r\n" % given[4]  # and lookups
        found = self.values.get(given[0]) if name == b"GET" else None
        return b"$-1\r\n" if found is None else b"$%d\r\n%b\r\n" % (len(found), found)


class Edge:
    """One edge with both its Valkeys, and the partners of `Pipeline`."""

    def __init__(self, monkeypatch):
        self.loop, self.pipe = Loop(), Pipeline()
        monkeypatch.setattr("asyncio.get_running_loop", lambda: self.loop)
        self.lanes = {name: Lane(name, "redis://127.0.0.1:1/0", 0.05) for name in (CACHE, EVENTS)}
        self.lanes[HOME] = self.lanes[EVENTS]
        self.cache = Server(self.lanes[CACHE], self.pipe.cache)
        self.facts = Server(self.lanes[EVENTS], self.pipe.facts)
        self.service = self._service()
        monkeypatch.setattr(EdgeProtocol, "service", self.service)
        self._config = uvicorn.Config(lambda: None, http=EdgeProtocol, ws="none", log_config=None)
        self._state = ServerState()
        self._state.default_headers = [(b"date", b"Thu, 26 Nov 2026 04:00:00 GMT")]

    def _service(self):
        counters, spool = Counters(), SimpleNamespace(append=lambda raws: None)
        service = Service.__new__(Service)
        service.loop, service.lanes = self.loop, self.lanes
        stamp = self.pipe.stamp = Stamp(uuid.UUID(int=7), "test-1")
        service.door = SimpleNamespace(snapshot=self.pipe.snapshot, stamp=stamp, counters=counters)
        service.meter = Meter(self.lanes[EVENTS], spool, counters, stamp)
        service.express = Express(self.pipe.snapshot, stamp, self.lanes[CACHE], service.meter)
        return service

    def connect(self):
        """A new connection: its protocol, with its transport."""
        protocol = EdgeProtocol(self._config, self._state, {}, self.loop)
        protocol.connection_made(Transport())
        return protocol

    def turn(self):
        """One turn of the loop: what was called for, then the Valkeys' replies. Whether any."""
        return self.run_calls() | self.cache.answer() | self.facts.answer()

    def run_calls(self):
        """Run what was called for in the last turn; whether there was anything."""
        calls, self.loop.soon = self.loop.soon, deque()
        for call, given in calls:
            call(*given)
        return bool(calls)

    def settle(self):
        """Turns until nothing more happens."""
        while self.turn():
            pass

    def ask(self, protocol, *pieces):
        """Send pieces of a request, each a read of its own; the answers once all has settled."""
        for piece in pieces:
            protocol.data_received(piece)
        self.settle()
        return protocol.transport.taken()


def store(key, number, text=""):
    """A store of that request's response."""
    said = {"role": "assistant", "content": f"answer {number} {text}" + "." * 900}
    choice = {"index": 0, "finish_reason": "stop", "message": said}
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    response = {"id": "r", "object": "chat.completion", "created": 1, "model": "gpt-4",
                "choices": [choice], "usage": usage}  # fmt: skip
    return request(key, number, b"/api/overflow/store", response=response)


def request(key, number, path=b"/api/overflow", **members):
    """A lookup; the same number is the same request."""
    chat = {**CHAT, "messages": [{"role": "user", "content": f"question {number}"}]}
    body = json.dumps({"customer_id": "acme", "original_request": chat, **members}).encode()
    return (
        b"POST %b HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (path, key.encode(), len(body), body)
    )
